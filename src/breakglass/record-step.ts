import type { AuditEvent } from '../audit/audit-events.ts';
import { appendToJournal } from '../audit/journal.ts';
import { uninterrupted } from '../audit/uninterrupted.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';

type Parts = Pick<IdentityParts, 'host' | 'output'>;

/** Before a step is taken: what can't be recorded is not done. Throws JOURNAL_FAILED. */
export async function recordStep({ host }: Parts, event: AuditEvent): Promise<void> {
  try {
    await appendToJournal(host, event);
  } catch (error) {
    host.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new ForgeError('failed', `Break-glass needs a record of what is done. ${why}`, {
      code: 'JOURNAL_FAILED',
      hint: error instanceof ForgeError ? error.hint : undefined,
      cause: error,
    });
  }
}

/** Of what has happened: it can't be undone for want of a record, nor may Ctrl-C cut it short. */
export async function recordOutcome({ host, output }: Parts, event: AuditEvent): Promise<void> {
  try {
    await appendToJournal(uninterrupted(host), event);
  } catch (error) {
    output.warn(`This is not in the journal. ${error instanceof Error ? error.message : String(error)}`);
  }
}
