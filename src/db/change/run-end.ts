import { readJournal } from '../../audit/read-journal.ts';
import type { FoundRun } from '../../breakglass/request/claim-run.ts';
import type { Host } from '../../host.ts';

/** How a run ended, as the journal of the machine that ran it has it. */
export interface RunEnd {
  /** `committed`, `rolled-back`, `unknown`; undefined: its forge was killed before it knew. */
  readonly outcome: string | undefined;
  /** Undefined: it did not come to COMMIT, so nothing was changed. */
  readonly transaction: string | undefined;
  readonly rows: number | undefined;
}

const dayMs = 86_400_000;

/** Undefined: this machine did not run it. */
export async function findRunEnd(
  host: Pick<Host, 'directories'>,
  { run, at }: FoundRun,
): Promise<RunEnd | undefined> {
  if (run === undefined) return undefined;
  let end: RunEnd | undefined;
  // The clocks of the bucket and of this machine may differ, but not by days.
  for await (const lines of readJournal(host, at - dayMs))
    for (const { record } of lines) {
      const event = record?.event;
      if (event?.run !== run) continue;
      end ??= { outcome: undefined, transaction: undefined, rows: undefined };
      if (event.type === 'change.claiming') continue;
      end = {
        outcome: textOf(event.outcome) ?? end.outcome,
        transaction: textOf(event.transaction) ?? end.transaction,
        rows: typeof event.rows === 'number' ? event.rows : end.rows,
      };
    }
  return end;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
