import { findReachingSchema } from '../proxy/reaching-schemas.ts';
import { asNode, asNodes, asText, constantText, type SyntaxNode } from './syntax-node.ts';

/** How values look, how names are found, how queries are planned, how long they may take. */
const harmless = new RegExp(
  `^(${[
    'application_name|bytea_output|client_min_messages|datestyle|extra_float_digits|intervalstyle|search_path',
    'timezone|lc_(messages|monetary|numeric|time)|xmlbinary|xmloption|quote_all_identifiers|row_security|array_nulls',
    'escape_string_warning|transform_null_equals|default_text_search_config|synchronize_seqscans|seed',
    'work_mem|hash_mem_multiplier|temp_buffers|enable_\\w+|geqo\\w*|jit(_(above_cost|inline_above_cost|optimize_above_cost|expressions|tuple_deforming))?|\\w+_cost|effective_\\w+',
    '(from|join)_collapse_limit|max_parallel_workers(_per_gather)?|parallel_leader_participation|plan_cache_mode',
    'constraint_exclusion|cursor_tuple_fraction|recursive_worktable_factor|min_parallel_\\w+',
    '(statement|lock|idle_in_transaction_session|idle_session|transaction)_timeout',
    '(default_)?transaction_(isolation|deferrable)',
  ].join('|')})$`,
);
/** With a value that changes nothing of what the guard stands on; RESET would, for the value may come from the client. */
const onlyAs: Readonly<Record<string, RegExp>> = {
  client_encoding: /^(utf-?8|unicode)$/i,
  standard_conforming_strings: /^(on|true|yes|1)$/i,
  transaction_read_only: /^(on|true|yes|1)$/i,
  default_transaction_read_only: /^(on|true|yes|1)$/i,
};
/** Names with a dot are an application's own, or an extension's. */
const ownName =
  /^(?!(pgaudit|rds|auto_explain|set_user|cron|plpgsql|plperl|plpython\w*|pltcl|pgtle)\.)\w+\.[\w.]+$/;

/** Why this SET or RESET is not passed in a read-only session; undefined: it is. */
export function judgeSetting(statement: SyntaxNode): string | undefined {
  const kind = asText(statement.kind);
  const name = asText(statement.name).toLowerCase();
  if (kind === 'VAR_RESET_ALL') return 'RESET ALL takes back what makes the session read-only';
  if (kind === 'VAR_SET_MULTI') return judgeModes(name, asNodes(statement.args));
  const values = onlyAs[name];
  if (values !== undefined) {
    const [value, ...more] = asNodes(statement.args);
    const text = constantText(value);
    if (kind === 'VAR_SET_VALUE' && more.length === 0 && text !== undefined && values.test(text))
      return undefined;
    return `${name} must stay as it is`;
  }
  if (name === 'search_path') return judgeSearchPath(asNodes(statement.args));
  if (harmless.test(name) || ownName.test(name)) return undefined;
  return name === 'role' || name === 'session_authorization'
    ? 'another role may have other rights and settings'
    : `${name} is not one of the settings that can be changed here`;
}

function judgeSearchPath(values: readonly SyntaxNode[]): string | undefined {
  const schema = findReachingSchema(values.map((value) => constantText(value) ?? '').join(','));
  return schema === undefined ? undefined : `functions of ${schema} do work elsewhere`;
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS AS TRANSACTION, SET TRANSACTION SNAPSHOT. */
function judgeModes(name: string, options: readonly SyntaxNode[]): string | undefined {
  if (name === 'transaction snapshot') return undefined;
  if (name !== 'transaction' && name !== 'session characteristics') return 'it is not known here';
  return judgeTransactionModes(options);
}

/** Options of BEGIN and SET TRANSACTION. */
export function judgeTransactionModes(options: readonly SyntaxNode[]): string | undefined {
  for (const option of options) {
    const element = asNode(option.DefElem);
    const name = asText(element?.defname);
    if (name === 'transaction_isolation' || name === 'transaction_deferrable') continue;
    if (name === 'transaction_read_only' && constantText(asNode(element?.arg)) === '1') continue;
    return 'READ WRITE would open the transaction for writing';
  }
  return undefined;
}
