import { changeTextProblem } from '../../breakglass/protocol/change.ts';
import type { ChangeStatement } from './split-change.ts';
import { splitChange } from './split-change.ts';

/** Why a text can't be run as a change, in a sentence that names the line; undefined: it can. Pure. */
export function changeProblem(text: string): string | undefined {
  const unreadable = changeTextProblem(text);
  if (unreadable !== undefined) return `${unreadable[0]?.toUpperCase()}${unreadable.slice(1)}.`;
  const { statements, backslashLines } = splitChange(text);
  const [backslash] = backslashLines;
  if (backslash !== undefined)
    return `Line ${backslash} has a command of psql (\\…): a change is SQL alone, which the server runs.`;
  if (statements.length === 0) return 'It has no statement.';
  for (const statement of statements) {
    const why = statementProblem(statement);
    if (why !== undefined) return `Line ${statement.line}: ${why}`;
  }
  return undefined;
}

const oneTransaction = 'the change is one transaction, which forge begins and ends.';
const noTransaction = 'can’t run in a transaction, and a change is one.';

/** By the first words: the server takes one statement at a time, so nothing can follow in the same piece. */
function statementProblem({ words, sql }: ChangeStatement): string | undefined {
  const [first = '', second = '', third = ''] = words;
  const said = `${first} ${second}`.trim().toUpperCase();
  if (['begin', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release'].includes(first))
    return `${first.toUpperCase()} is not needed: ${oneTransaction}`;
  if (first === 'start' || (first === 'prepare' && second === 'transaction'))
    return `${said} is not needed: ${oneTransaction}`;
  if (first === 'set' && (second === 'transaction' || (second === 'session' && third === 'characteristics')))
    return `${said} is not needed: ${oneTransaction}`;
  if (first === 'vacuum') return `VACUUM ${noTransaction}`;
  if (first === 'alter' && second === 'system') return `ALTER SYSTEM ${noTransaction}`;
  if (first === 'discard') return `DISCARD ${noTransaction}`;
  if (['create', 'drop'].includes(first) && ['database', 'tablespace', 'subscription'].includes(second))
    return `${said} ${noTransaction}`;
  if (['create', 'drop', 'reindex', 'alter'].includes(first) && words.includes('concurrently'))
    return `CONCURRENTLY ${noTransaction}`;
  if (first === 'alter' && /\bdetach\b[^;]*\bconcurrently\b/i.test(sql))
    return `CONCURRENTLY ${noTransaction}`;
  if (first === 'reindex' && ['database', 'schema', 'system'].includes(second))
    return `${said} ${noTransaction}`;
  if (first === 'copy' && /\b(?:stdin|stdout)\b/i.test(sql))
    return 'COPY from or to the client: write its rows as INSERT, or read them with SELECT.';
  return undefined;
}
