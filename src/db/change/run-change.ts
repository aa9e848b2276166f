import type { DatabaseError } from 'pg';
import type { Change } from '../../breakglass/protocol/change.ts';
import { ForgeError, interruption } from '../../errors.ts';
import { explainQueryError, isDatabaseError } from '../explain-query-error.ts';
import { isStatementError } from '../extended-wire.ts';
import type { QuerySession } from '../run-query.ts';
import { type ChangedTable, changedTables, rowsOfTag, sumOf } from './changed-rows.ts';
import { runOneStatement, type StatementResult } from './one-statement.ts';
import { type ChangeStatement, splitChange } from './split-change.ts';

export interface RanStatement extends StatementResult {
  readonly line: number;
  /** Changed by it, as its tag says; of a statement whose tag does not, what the server has counted. */
  readonly changed: number;
}

/** What all statements together did, before COMMIT or ROLLBACK. */
export interface ChangeResult {
  /** By which the server says later what became of it. */
  readonly transaction: string;
  readonly statements: readonly RanStatement[];
  readonly tables: readonly ChangedTable[];
  /** What is compared with the expectation. */
  readonly rows: number;
}

export interface ChangeRun {
  readonly change: Pick<Change, 'text' | 'target'>;
  readonly expectRows: number | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Nothing has reached the database yet: the one run is taken here. */
  claim(): Promise<void>;
  /** Told what it did, whatever becomes of it; rejecting: all is rolled back. */
  ran(result: ChangeResult): Promise<void>;
  /** All is done but COMMIT: what can't be recorded is rolled back. */
  beforeCommit(result: ChangeResult): Promise<void>;
}

/** COMMIT was sent and not answered. */
export class CommitUnknown extends ForgeError {
  readonly result: ChangeResult;

  constructor(target: string, result: ChangeResult, cause: unknown) {
    super('unreachable', 'The connection was lost at COMMIT: whether the change is there is not known.', {
      code: 'COMMIT_UNKNOWN',
      hint: outcomeLine(target, result.transaction),
      cause,
    });
    this.result = result;
  }
}

/** What to type to find out; transaction ids are digits. */
export const outcomeLine = (target: string, transaction: string): string =>
  `forge db query ${target} "select txid_status(${transaction})"`;

/**
 * One transaction, with what was approved and nothing else: statement by statement in its order, counted, compared, and
 * only then committed. All that goes wrong before COMMIT changes nothing. Throws CommitUnknown where nobody knows;
 * ROWS_NOT_EXPECTED; what explainQueryError says, with the place in the whole text; interrupted.
 */
export async function runChange(session: QuerySession, run: ChangeRun): Promise<ChangeResult> {
  const { client } = session;
  const { change, signal } = run;
  signal.throwIfAborted();
  await run.claim();
  let committing: ChangeResult | undefined;
  const onAbort = () => {
    // What is being committed is left alone: it is quick, and cancelling it would only hide how it ended.
    if (committing === undefined) session.cancel().catch(() => {});
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const result = await inTransaction(session, run);
    signal.throwIfAborted();
    await run.ran(result);
    if (run.dryRun) {
      await client.query('rollback');
      return result;
    }
    checkRows(run.expectRows, result);
    await run.beforeCommit(result);
    signal.throwIfAborted();
    committing = result;
    const { command } = await client.query('commit');
    if (command === 'COMMIT') return result;
    throw new ForgeError('failed', 'The server rolled the change back at COMMIT.', { code: 'NOT_COMMITTED' });
  } catch (error) {
    if (committing !== undefined && !(error instanceof ForgeError) && !isStatementError(error))
      throw new CommitUnknown(change.target, committing, error);
    await client.query('rollback').catch(() => {});
    if (signal.aborted)
      throw signal.reason instanceof ForgeError ? signal.reason : interruption(signal.reason);
    throw explained(error, change, 0);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function inTransaction({ client }: QuerySession, { change }: ChangeRun): Promise<ChangeResult> {
  await client.query('begin');
  // As the text was read when it was approved, whatever the role's own settings are.
  await client.query('set local standard_conforming_strings = on');
  const transaction = await currentTransaction(client);
  const statements: RanStatement[] = [];
  for (const statement of splitChange(change.text).statements)
    statements.push(await runStatement(client, change, statement));
  // What would wait for COMMIT happens now: nobody counts or records it then, and a dry run would not see it fail.
  await client.query('set constraints all immediate');
  // Of the same transaction still: nothing in the text has ended it.
  if ((await currentTransaction(client)) !== transaction)
    throw new ForgeError('failed', 'The change has ended its transaction by itself.', {
      code: 'TRANSACTION_ENDED',
      hint: 'Look at what it did before anything else is done.',
    });
  const tables = await changedTables(client);
  const rows = statements.reduce((sum, { changed }) => sum + changed, 0);
  return { transaction, statements, tables, rows };
}

async function currentTransaction(client: QuerySession['client']): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pg_catalog.txid_current()::text as id');
  return rows[0]?.id ?? '';
}

async function runStatement(
  client: QuerySession['client'],
  change: ChangeRun['change'],
  { sql, line, offset, words }: ChangeStatement,
): Promise<RanStatement> {
  // WITH … DELETE … SELECT, DO, CALL, any function: rows are changed, and no tag says so.
  const silent = !['insert', 'update', 'delete', 'merge'].includes(words[0] ?? '');
  try {
    const before = silent ? sumOf(await changedTables(client)) : 0;
    const result = await runOneStatement(client, sql);
    const said = rowsOfTag(result.tag);
    if (!silent) return { ...result, line, changed: said ?? 0 };
    const counted = Math.max(0, sumOf(await changedTables(client)) - before);
    // The tag of WITH … DELETE … UPDATE is that of its last part alone.
    const writes = sql.match(/\b(?:insert|update|delete|merge)\b/gi) ?? [];
    if (writes.length > 1) return { ...result, line, changed: Math.max(said ?? 0, counted) };
    return { ...result, line, changed: said ?? counted };
  } catch (error) {
    throw explained(error, change, [...change.text.slice(0, offset)].length);
  }
}

function checkRows(expected: number | undefined, { rows }: ChangeResult): void {
  if (expected === undefined || expected === rows) return;
  throw new ForgeError(
    'failed',
    `${rows} ${rows === 1 ? 'row was' : 'rows were'} changed, ${expected} expected: all is rolled back.`,
    {
      code: 'ROWS_NOT_EXPECTED',
      hint: 'Nothing was changed. Find out why (forge db run … --dry-run of the next request), and ask anew.',
    },
  );
}

/** Places are told in the whole text, not in the statement alone. `before`: characters in front of it. */
function explained(error: unknown, { text, target }: ChangeRun['change'], before: number): unknown {
  if (error instanceof ForgeError) return error;
  if (isDatabaseError(error) && error.position !== undefined) moveBy(error, before);
  const facts = {
    target,
    writeHint: undefined,
    timeoutHint: 'Allow more at the next one, e.g.: forge db run <id> --statement-timeout 15m',
  };
  const found = explainQueryError(error, { sql: text, file: 'the change' }, facts);
  return new ForgeError(found.kind, `${found.message}\nNothing was changed.`, found);
}

function moveBy(error: DatabaseError, characters: number): void {
  error.position = String(Number(error.position) + characters);
}
