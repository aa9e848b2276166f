import { isoSeconds } from '../lib/iso-seconds.ts';
import { shortId } from './protocol/ids.ts';
import type { ArchiveRecord } from './protocol/record.ts';
import type { LoadedRequest } from './request/load-request.ts';

/** A session of break-glass, in a line. */
export interface SessionRow {
  readonly id: string;
  /** Another name that it is known by: what the person's own forge called it. */
  readonly alias: string | undefined;
  /** `unsanctioned`: was taken away at once. `overdue`: its time is up, and no record says that it was taken away. */
  readonly status:
    | 'open'
    | 'ended'
    | 'overdue'
    | 'unsanctioned'
    | Exclude<LoadedRequest['state']['status'], 'ended'>;
  readonly userName: string | undefined;
  readonly tier: number | undefined;
  readonly scenario: string | undefined;
  readonly environment: string | undefined;
  /** Epoch milliseconds; undefined: it never gave access. */
  readonly openedAt: number | undefined;
  /** When it ended, or is to end. */
  readonly endsAt: number | undefined;
  readonly approvers: readonly string[];
  readonly ticket: string | undefined;
  readonly reason: string | undefined;
  /** Whether the record is sealed; undefined: it was not looked at. */
  readonly sealed: boolean | undefined;
}

/** What the records say; undefined where record 0 is none. Pure. */
export function rowOfRecords(records: readonly ArchiveRecord[], now: number): SessionRow | undefined {
  const [open] = records;
  if (open?.kind !== 'open') return undefined;
  const { session } = open.body;
  const revoke = records.findLast(({ kind }) => kind === 'revoke');
  const revokedAt = revoke?.kind === 'revoke' ? Date.parse(revoke.body.at) : undefined;
  const expiresAt = Date.parse(session.expiresAt);
  const running = revokedAt === undefined ? (now < expiresAt ? 'open' : 'overdue') : 'ended';
  return {
    id: session.id,
    alias: session.clientId,
    status: session.sanctioned ? running : 'unsanctioned',
    userName: session.userName ?? session.userId,
    tier: session.tier,
    scenario: session.scenario,
    environment: session.environment ?? session.account,
    openedAt: Date.parse(session.openedAt),
    endsAt: revokedAt ?? expiresAt,
    approvers: session.approvers.map(({ userName }) => userName),
    ticket: session.ticket,
    reason: session.reason,
    sealed: records.at(-1)?.kind === 'seal',
  };
}

/** What the papers say, which is what was asked for and decided; whether it went so is in the archive. */
export function rowOfRequest({ id, request, state }: LoadedRequest): SessionRow {
  const { openedAt, endsAt } = state;
  return {
    id,
    alias: undefined,
    status: state.status === 'granted' ? 'open' : state.status,
    userName: request.requester.userName,
    tier: request.tier,
    scenario: request.scenario,
    environment: request.environment,
    openedAt,
    endsAt,
    approvers: state.approvedBy.map(({ userName }) => userName),
    ticket: request.ticket,
    reason: request.reason,
    sealed: undefined,
  };
}

/** For `--output json`: camelCase, times as ISO 8601, null for what is not. */
export function rowFacts(row: SessionRow): object {
  const time = (at: number | undefined) => (at === undefined ? null : isoSeconds(at));
  return {
    id: row.id,
    shortId: /^(?:BG|EV|UN)-/.test(row.id) ? shortId(row.id as `BG-${string}`) : row.id,
    alias: row.alias ?? null,
    status: row.status,
    person: row.userName ?? null,
    tier: row.tier ?? null,
    scenario: row.scenario ?? null,
    environment: row.environment ?? null,
    openedAt: time(row.openedAt),
    endsAt: time(row.endsAt),
    approvers: row.approvers,
    ticket: row.ticket ?? null,
    reason: row.reason ?? null,
    sealed: row.sealed ?? null,
  };
}
