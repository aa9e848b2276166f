import { ForgeError } from '../errors.ts';
import { quotePosix } from '../lib/quote-posix.ts';
import type { QuerySource } from './explain-query-error.ts';

/** No statement begins with a backslash, but every command of psql does. Throws usage PSQL_COMMAND with where it is understood. */
export function refusePsqlCommand({ sql, file }: QuerySource, target: string): void {
  const text = sql.trim();
  if (!text.startsWith('\\')) return;
  const [word = ''] = text.split(/\s/, 1);
  const name = file === undefined ? '<file>' : quotePosix(file);
  const line = file === undefined && !text.includes('\n') ? `-c ${quotePosix(text)}` : `-f ${name}`;
  throw new ForgeError('usage', `${word} is a command of psql, and no SQL.`, {
    code: 'PSQL_COMMAND',
    hint: `forge db connect ${target} -- ${line}`,
  });
}
