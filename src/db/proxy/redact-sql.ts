import { redact } from '../../lib/secret.ts';
import { sqlPieces } from './sql-pieces.ts';

/**
 * `redact` for SQL: within one constant, one comment, or the words between two spaces or semicolons. What follows
 * `authorization:` in a comment must not go with it: it is the statement.
 */
export function redactSql(sql: string, standardStrings: boolean): string {
  const whole = redact(sql);
  if (whole === sql) return sql;
  const pieces = sqlPieces(sql, standardStrings);
  if (pieces === undefined) return whole;
  let shown = '';
  let run = '';
  for (const { kind, text } of pieces) {
    if (kind === 'word' || kind === 'name' || (kind === 'other' && text !== ';')) {
      run += text;
      continue;
    }
    shown += redact(run) + redact(text);
    run = '';
  }
  return shown + redact(run);
}
