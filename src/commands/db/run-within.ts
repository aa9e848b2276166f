import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../../audit/audit-events.ts';
import type { AccessCaller } from '../../breakglass/access-account.ts';
import type { SessionParts } from '../../breakglass/grant/grant-session.ts';
import type { Change } from '../../breakglass/protocol/change.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { recordOutcome, recordStep } from '../../breakglass/record-step.ts';
import { claimRun } from '../../breakglass/request/claim-run.ts';
import type { LoadedRequest } from '../../breakglass/request/load-request.ts';
import type { Context } from '../../context.ts';
import { askOutcome } from '../../db/change/ask-outcome.ts';
import { recordResult } from '../../db/change/change-record.ts';
import { requestOfChange } from '../../db/change/change-target.ts';
import { type ChangeResult, CommitUnknown, runChange } from '../../db/change/run-change.ts';
import { withDatabase } from '../../db/with-database.ts';
import { ForgeError } from '../../errors.ts';
import type { RunOptions } from './run.ts';
import { showRun } from './show-run.ts';

export interface Run {
  readonly parts: SessionParts;
  readonly caller: AccessCaller;
  readonly person: Person;
  readonly loaded: LoadedRequest;
  readonly change: Change;
  readonly options: RunOptions;
}

type Ended = Extract<AuditEvent, { readonly type: 'change.ended' }>;

/** In the session of its grant: the change itself. Each step is in the journal before it is taken. */
export async function runWithin(context: Context, run: Run): Promise<void> {
  const { parts, caller, person, loaded, change, options } = run;
  const { id, request } = loaded;
  const config = await context.config();
  const dryRun = options.dryRun === true;
  const database = requestOfChange(config, change, options.statementTimeout);
  const name = randomUUID();
  const common = { id, run: name, target: change.target } as const;
  // Without rails for writes: somebody else has read each statement.
  const purpose = { purpose: 'db run', reason: request.reason, profile: undefined };
  const accessParts = { ...parts, config };
  let claimed = false;
  let seen: ChangeResult | undefined;
  let evidence: { readonly file: string; readonly sha256: string } | undefined;
  const ended = async (outcome: string, code?: string) => {
    const event: Ended = {
      type: 'change.ended',
      ...common,
      dryRun,
      outcome,
      code,
      transaction: seen?.transaction,
      statements: seen?.statements.length ?? 0,
      rows: seen?.rows ?? 0,
      file: evidence?.file,
      sha256: evidence?.sha256,
    };
    await recordOutcome(parts, event);
  };
  let told = false;
  let lost: CommitUnknown | undefined;
  const steps = {
    async claim() {
      if (dryRun) return;
      const { sha256 } = change;
      await recordStep(parts, { type: 'change.claiming', ...common, person: person.userName, sha256 });
      await claimRun(caller, person, id, change, name);
      claimed = true;
    },
    async ran(result: ChangeResult) {
      seen = result;
      evidence = await recordResult(context.host, id, name, result);
    },
    async beforeCommit({ transaction, statements, rows }: ChangeResult) {
      const counts = { transaction, statements: statements.length, rows };
      await recordStep(parts, { type: 'change.committing', ...common, ...counts });
    },
  };
  const { signal } = context.host;
  const expectRows = change.expectRows ?? options.expectRows;
  try {
    await withDatabase(accessParts, database, purpose, async (session) => {
      // Said here: what fails while the connection is closed makes no other end of it.
      const result = await runChange(session, { change, dryRun, expectRows, signal, ...steps }).catch(
        (error: unknown) => {
          if (error instanceof CommitUnknown) lost = error;
          throw error;
        },
      );
      told = true;
      const outcome = dryRun ? 'dry-run' : 'committed';
      await ended(outcome);
      showRun(context, loaded, result, outcome);
    });
  } catch (error) {
    if (told) throw error;
    if (lost === undefined) {
      const code = error instanceof ForgeError ? error.code : 'INTERNAL';
      await ended(claimed ? 'rolled-back' : dryRun ? 'dry-run' : 'not-run', code);
      throw error;
    }
    const open: Parameters<typeof askOutcome>[1] = (use) => withDatabase(accessParts, database, purpose, use);
    const found = await askOutcome(context.output, open, lost);
    await ended(found ?? 'unknown', lost.code);
    if (found === undefined) throw lost;
    if (found === 'rolled-back') throw rolledBack(lost);
    context.output.warn('The connection was lost at COMMIT. The server says that the change is there.');
    showRun(context, loaded, lost.result, 'committed');
  }
}

function rolledBack(cause: CommitUnknown): ForgeError {
  const message = 'The connection was lost at COMMIT, and the server has rolled the change back.';
  return new ForgeError('failed', message, {
    code: 'NOT_COMMITTED',
    hint: 'Nothing was changed. For another run somebody has to approve anew: forge db request --help',
    cause,
  });
}
