import type { Config } from '../config/config.ts';
import { quotePosix } from '../lib/quote-posix.ts';
import type { Plan } from '../terminal/plan.ts';
import type { DatabasePurpose } from './access-request.ts';
import type { FormatName } from './choose-format.ts';
import type { DatabaseRequest } from './database-request.ts';
import type { QuerySource } from './explain-query-error.ts';
import { planConnect } from './plan-connect.ts';
import { countStatements } from './scan-sql.ts';

/** What `forge db query` would do. Pure; throws what it would refuse. */
export function planQuery(
  config: Config,
  request: DatabaseRequest,
  purpose: DatabasePurpose,
  query: { readonly source: QuerySource; readonly values: readonly string[]; readonly format: FormatName },
): Plan {
  const { source, values, format } = query;
  const count = countStatements(source.sql);
  const what = count === 1 ? 'one statement' : `${count} statements in one transaction`;
  const filled =
    values.length === 0 ? '' : ` with ${values.length === 1 ? 'a value' : `${values.length} values`}`;
  const { maxRows } = purpose.rails ?? {};
  const counted =
    request.production && request.write && maxRows !== undefined
      ? `; what changes rows is committed when no statement has changed more than ${maxRows}`
      : '';
  const run = `run ${what}${filled}; rows go to stdout as ${format}${counted}`;
  const plan = planConnect(config, request, purpose, run);
  const equivalents = plan.equivalents.map((line) =>
    line.startsWith('psql ') ? `${line} -X -1 ${psqlWords(query)}` : line,
  );
  return { ...plan, equivalents };
}

/** psql has no json: there its table stands for it. */
function psqlWords({ source, values, format }: Parameters<typeof planQuery>[3]): string {
  const style = format === 'csv' ? '--csv ' : '';
  if (source.file !== undefined) return `${style}-f ${quotePosix(source.file)}`;
  const bound = values.length === 0 ? '' : ` \\bind ${values.map(quotePosix).join(' ')} \\g`;
  const sql = source.sql.trim().replace(/;$/, '');
  // Parameters need psql's \bind (16 and later), which -c does not take.
  return bound === '' ? `${style}-c ${quotePosix(sql)}` : `${style}<<< ${quotePosix(sql + bound)}`;
}
