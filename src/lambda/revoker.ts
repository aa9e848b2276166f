import type { Session } from '../breakglass/protocol/session.ts';
import type { Ports } from './ports.ts';
import { sessionOfInput, type TakenAway, takeAway } from './take-away.ts';

/** What the workflow asks of the revoker: a session's end, or, where none could be opened, that of whatever it began with. */
export interface RevokerInput {
  readonly session?: Session;
  readonly owner?: string | null;
  /** `{}`: nothing yet. */
  readonly before?: TakenAway | Record<string, never>;
  readonly input?: unknown;
}

/** Takes away, and nothing else. */
export async function revoker(ports: Ports, { session, owner, before, input }: RevokerInput) {
  const theirs = session ?? sessionOfInput(input, ports.now());
  if (theirs === undefined) {
    return { membership: 'none', tail: 'none', terminated: 0, remaining: 0, again: false } as const;
  }
  return takeAway(ports, theirs, {
    before: before !== undefined && 'membership' in before ? (before as TakenAway) : undefined,
    owner: owner ?? undefined,
  });
}
