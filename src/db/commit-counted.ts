import type { Client } from 'pg';
import { ForgeError } from '../errors.ts';
import { isDatabaseError } from './explain-query-error.ts';

/** The gate's word for a transaction in which a statement has changed more rows than it may. */
const tooManyRows = '54000';

/**
 * Commits what forge began, once all row numbers are back. What the server refuses it has rolled back: that error is passed on.
 * @throws failed TOO_MANY_ROWS, NOT_COMMITTED; unreachable COMMIT_UNKNOWN: nobody knows
 */
export async function commitCounted(client: Client, target: string): Promise<void> {
  let sent = false;
  let transaction: string | null = null;
  try {
    const { rows } = await client.query<{ id: string | null }>(
      'select pg_catalog.txid_current_if_assigned()::pg_catalog.text as id',
    );
    transaction = rows[0]?.id ?? null;
    sent = true;
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw notCommitted();
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    if (isDatabaseError(error) && error.code === tooManyRows) throw tooMany(error);
    const answered = isDatabaseError(error) && error.severity === 'ERROR';
    throw answered || !sent ? error : unknown(error, target, transaction);
  }
}

function notCommitted(): ForgeError {
  return new ForgeError('failed', 'The server rolled it back at COMMIT: nothing was changed.', {
    code: 'NOT_COMMITTED',
  });
}

function tooMany(cause: Error): ForgeError {
  return new ForgeError('failed', cause.message, {
    code: 'TOO_MANY_ROWS',
    hint: 'Change less at a time, or allow more: --max-rows 50000. 0 allows any number.',
    cause,
  });
}

/** Transaction ids are digits. */
function unknown(cause: unknown, target: string, transaction: string | null): ForgeError {
  return new ForgeError(
    'unreachable',
    'The connection was lost at COMMIT: whether the change is there is not known.',
    {
      code: 'COMMIT_UNKNOWN',
      hint:
        transaction === null ? undefined : `forge db query ${target} "select txid_status(${transaction})"`,
      cause,
    },
  );
}
