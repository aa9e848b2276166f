import { endOf, type LiveSession } from '../breakglass/protocol/deadlines.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import type { Chain } from './chain.ts';

/** What a session's records say of it. */
export interface SessionState {
  readonly session: Session;
  /** It was asked to end before its time, or was ended. Epoch milliseconds. */
  readonly endedAt: number | undefined;
  /** The access was taken away, or lasts for another session. */
  readonly revoked: boolean;
  /** `partial`: what was to be collected was not yet. `no` also when something came after the seal. */
  readonly sealed: 'whole' | 'partial' | 'no';
}

/** Undefined: there is no session. */
export function stateOf({ records }: Chain): SessionState | undefined {
  const [open] = records;
  if (open?.kind !== 'open') return undefined;
  const ends = records.flatMap((record) =>
    record.kind === 'end' || record.kind === 'revoke' ? [epoch(record.at)] : [],
  );
  const last = records.at(-1);
  return {
    session: open.body.session,
    endedAt: ends.length === 0 ? undefined : Math.min(...ends),
    revoked: records.some((record) => record.kind === 'revoke'),
    sealed: last?.kind !== 'seal' ? 'no' : last.body.complete ? 'whole' : 'partial',
  };
}

export const liveSession = ({ session, endedAt }: SessionState): LiveSession => ({ session, endedAt });

/** Whether the access goes on. */
export const isLive = (state: SessionState, now: number): boolean =>
  state.session.sanctioned && endOf(liveSession(state)) > now;
