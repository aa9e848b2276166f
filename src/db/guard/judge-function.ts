import { reachingSchema } from '../proxy/reaching-schemas.ts';

/**
 * Functions that do more than read although the server lets them run in a read-only transaction: they change the
 * session or its settings, reach beyond the transaction, or run SQL that they get as a text. From pg_proc of
 * PostgreSQL 13 to 18 (all volatile functions of pg_catalog), the contrib modules, and the extensions of RDS.
 */
const refused: readonly (readonly [RegExp, string])[] = [
  [/^(nextval|setval)$/, 'it moves a sequence'],
  [
    /^lo_(?!get$)|^lo(read|write)$/,
    'it works on large objects, which not every server keeps from being written',
  ],
  [/^pg_(try_)?advisory_/, 'it takes or gives back locks that applications wait for'],
  [/^pg_(terminate|cancel)_backend$/, 'it stops what others do'],
  [/^pg_notify$/, 'applications act on notifications'],
  [/^(dblink|postgres_fdw_)/, 'it works over another connection, which is not read-only'],
  [/^pg_(read_|ls_|stat_file$|file_|logdir_)/, "it reads or writes the server's files"],
  [/^(binary_upgrade_|brin_(de)?summarize_|gin_clean_pending_list$|currtid)/, 'it is for maintenance'],
  [/^(http|http_(get|post|put|patch|delete|head)|urlencode_http)$/, 'it talks to other machines'],
  [/^(autonomous|exec_async|pg_background)/, 'it works in another transaction'],
  [/^(run_command_on_|master_run_on_worker$|oracle_execute$)/, 'it runs SQL on other servers'],
  [/^(query_export_to_s3|table_import_from_s3)$/, 'it works on files in S3'],
  [/^_?pgr_(create|analyze|node_?network)/, 'it runs SQL that it puts together from its arguments'],
  [/^(connectby|xpath_table)$/, 'it runs SQL that it puts together from its arguments'],
];

/** Of the functions that begin with pg_, which is where PostgreSQL keeps what is not about data. */
const harmlessInternal = new RegExp(
  `^pg_(${[
    'get_\\w+|is_\\w+|stat_get_\\w+|stat_have_stats|stat_clear_snapshot|stat_force_next_flush',
    'stat_statements(_info)?|statio?_\\w*_(blocks|tuples)\\w*|show_all_(settings|file_settings)|show_replication_origin_status',
    '\\w+_is_visible|\\w+_size|size_(bytes|pretty)|has_role|typeof|basetype|char_to_encoding|encoding_to_char',
    'encoding_max_length|client_encoding|collation_\\w+|database_collation_\\w+|column_\\w+|filenode_relation',
    'relation_\\w+|index_\\w+|indexam_\\w+|identify_object\\w*|describe_object|partition_\\w+|options_to_table',
    'backend_pid|blocking_pids|safe_snapshot_blocking_pids|my_temp_schema|conf_load_time|config|cursor',
    'prepared_(statement|xact)|postmaster_start_time|trigger_depth|timezone_(names|abbrevs\\w*)|listening_channels',
    'available_\\w+|extension_update_paths|settings_get_flags|hba_file_rules|ident_file_mappings|input_\\w+',
    'lsn\\w*|snapshot_\\w+|visible_in_snapshot|current_\\w+|control_\\w+|last_\\w+|wal_lsn_diff|walfile_\\w+',
    'split_walfile_name|wal_summary_contents|xact_(status|commit_\\w+)|lock_status|notification_queue_usage',
    'sequence_(last_value|parameters)|tablespace_(databases|location)|mcv_list_items|numa_available|jit_available',
    'replication_origin_(oid|progress|session_progress|session_is_setup)|sleep(_for|_until)?|export_snapshot',
    'buffercache_(pages|summary|usage_counts)|freespace|visibility(_map\\w*)?|relpages|stattuple|database_size',
  ].join('|')})$`,
);
/** Names of people's own functions begin with it, too; these are PostgreSQL's. */
const internal = /^pg_/;

/** Functions that run SQL given as a text, with the places of these texts. */
const runsSql: ReadonlyMap<string, readonly number[]> = new Map([
  ['query_to_xml', [0]],
  ['query_to_xmlschema', [0]],
  ['query_to_xml_and_xmlschema', [0]],
  ['ts_stat', [0]],
  ['ts_rewrite', [1]],
  ['crosstab', [0, 1]],
  ['crosstab_hash', [0, 1]],
  ['crosstab2', [0]],
  ['crosstab3', [0]],
  ['crosstab4', [0]],
]);

/** Of pgRouting's functions those that get no SQL. */
const routesNothing = /^pgr_((full_)?version|alphashape)$/;

export type FunctionVerdict =
  | { readonly kind: 'refused'; readonly why: string }
  /** SET, by another name: its first two arguments are a setting and its value. */
  | { readonly kind: 'sets' }
  /** The arguments at these places are SQL. */
  | { readonly kind: 'runs-sql'; readonly places: readonly number[] }
  /** Any argument that is a text is SQL. */
  | { readonly kind: 'routes' }
  /** Nothing is known of it, or it is harmless. */
  | { readonly kind: 'passed' };

/** Pure: what a function is, by its name: schema and name, or the name alone. */
export function judgeFunction(name: readonly string[], argumentCount: number): FunctionVerdict {
  const own = name.at(-1) ?? '';
  const schema = name.at(-2);
  if (schema !== undefined && reachingSchema.test(schema))
    return { kind: 'refused', why: `functions of ${schema} do work elsewhere` };
  for (const [pattern, why] of refused) if (pattern.test(own)) return { kind: 'refused', why };
  if (own === 'set_config') return { kind: 'sets' };
  if (/^_?pgr_/.test(own) && !routesNothing.test(own)) return { kind: 'routes' };
  const places = runsSql.get(own);
  // ts_rewrite(query, target, substitute) has no SQL in it.
  if (places !== undefined && !(own === 'ts_rewrite' && argumentCount === 3))
    return { kind: 'runs-sql', places: places.filter((place) => place < argumentCount) };
  if (internal.test(own) && !harmlessInternal.test(own))
    return { kind: 'refused', why: 'it is not one of those of PostgreSQL that only read' };
  return { kind: 'passed' };
}
