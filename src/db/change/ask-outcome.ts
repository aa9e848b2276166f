import { setTimeout as sleep } from 'node:timers/promises';
import type { Output } from '../../terminal/output.ts';
import type { QuerySession } from '../run-query.ts';
import type { CommitUnknown } from './run-change.ts';

/** So long a server may take to see that whoever began the transaction is gone. */
const patienceMs = 20_000;
const lookEveryMs = 500;

type Open = <Value>(use: (session: QuerySession) => Promise<Value>) => Promise<Value>;

/**
 * What became of a transaction whose COMMIT was not answered, by the server's own word over another connection; undefined:
 * it can't be asked, or does not say.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export async function askOutcome(
  output: Pick<Output, 'progress' | 'note'>,
  open: Open,
  { result }: CommitUnknown,
): Promise<'committed' | 'rolled-back' | undefined> {
  using _progress = output.progress('asking the server what became of the change');
  try {
    return await open((session) => lookUntilKnown(session, result.transaction));
  } catch (error) {
    output.note(`The server could not be asked. ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function lookUntilKnown(
  { client }: QuerySession,
  transaction: string,
): Promise<'committed' | 'rolled-back' | undefined> {
  for (let waited = 0; ; waited += lookEveryMs) {
    const { rows } = await client.query<{ status: string | null }>(
      'select pg_catalog.txid_status($1::bigint) as status',
      [transaction],
    );
    const status = rows[0]?.status;
    if (status === 'committed') return 'committed';
    if (status === 'aborted') return 'rolled-back';
    if (status !== 'in progress' || waited >= patienceMs) return undefined;
    await sleep(lookEveryMs);
  }
}
