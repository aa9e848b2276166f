import { ForgeError } from '../errors.ts';
import type { Ports } from './ports.ts';
import { sweepArchive } from './sweep-archive.ts';
import { sweepExecutions } from './sweep-executions.ts';
import { sweepMemberships } from './sweep-memberships.ts';
import { sweepRequests } from './sweep-requests.ts';
import { sweepRotations } from './sweep-rotations.ts';
import { sweepTickets } from './sweep-tickets.ts';
import { sweepTrail } from './sweep-trail.ts';

/** What ends access comes first; what only reminds people, last. */
const sweeps = [
  sweepMemberships,
  sweepExecutions,
  sweepArchive,
  sweepTrail,
  sweepRequests,
  sweepTickets,
  sweepRotations,
] as const;

/**
 * Every five minutes: whatever an event that was lost, a workflow that was stopped or a handler that died left behind, seen
 * from four sides: who is in the groups, which executions ended badly, which sessions are unsealed, what the trail
 * knows. Then what people are to be reminded of. One side that fails does not keep the others from being looked at; then this fails, for somebody to be told.
 */
export async function sweeper(ports: Ports): Promise<{ readonly done: readonly string[] }> {
  const done: string[] = [];
  const failures: unknown[] = [];
  for (const sweep of sweeps) {
    try {
      done.push(...(await sweep(ports)));
    } catch (error) {
      failures.push(error);
      ports.log(`${sweep.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (failures.length === 0) return { done };
  throw new ForgeError('failed', `A sweep failed in ${failures.length} of ${sweeps.length} parts.`, {
    code: 'SWEEP_FAILED',
    cause: failures[0],
  });
}
