import { type Finding, finding } from './findings.ts';
import type { SessionId } from './ids.ts';
import { parseFileKey, parseLedgerKey, parseRecordKey } from './keys.ts';
import type { Policy } from './policy.ts';
import { type Head, verifyLedger } from './verify-ledger.ts';
import { type VerifiedSession, verifySession } from './verify-session.ts';
import { verifyTrail } from './verify-trail.ts';
import { type ObjectVersion, type Standing, standings } from './verify-versions.ts';

export interface Archive {
  /** Everything that ListObjectVersions of the bucket tells, newest first as it tells it, with the bytes. */
  readonly versions: Iterable<ObjectVersion>;
  readonly policy: Policy;
  /** Epoch milliseconds. */
  readonly now: number;
  /** CloudTrail events of the time in question; undefined: completeness is not checked. */
  readonly trail?: Iterable<unknown> | undefined;
  /** Heads of the ledger as Slack has them. */
  readonly heads?: readonly Head[] | undefined;
}

export interface Verification {
  readonly sessions: readonly VerifiedSession[];
  /** Empty: nothing was found. Sessions in the order in which they began, then the ledger, then the trail. */
  readonly findings: readonly Finding[];
}

/** Walks a whole archive. The first finding is the first place where it is wrong. */
export function verifyChain({ versions, policy, now, trail, heads }: Archive): Verification {
  const objects = [...standings(versions, policy.retentionDays, sessionOf).values()];
  const ledger: Standing[] = [];
  const foreign: Finding[] = [];
  const bySession = new Map<SessionId, Standing[]>();
  for (const object of objects) {
    const session = sessionOf(object.key);
    if (session !== undefined) {
      const theirs = bySession.get(session);
      if (theirs === undefined) bySession.set(session, [object]);
      else theirs.push(object);
    } else if (parseLedgerKey(object.key) !== undefined) ledger.push(object);
    else foreign.push(finding('foreign', object.key, undefined));
  }
  const sessions = [...bySession]
    .map(([id, theirs]) => verifySession(id, theirs, now))
    .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  const known = new Map(sessions.map((session) => [session.id, session]));
  return {
    sessions,
    findings: [
      ...sessions.flatMap((session) => session.findings),
      ...foreign,
      ...verifyLedger(ledger, known, now, heads),
      ...(trail === undefined ? [] : verifyTrail(trail, sessions, policy, now)),
    ],
  };
}

const sessionOf = (key: string): SessionId | undefined => (parseRecordKey(key) ?? parseFileKey(key))?.session;
