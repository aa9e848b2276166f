import fc from 'fast-check';
import { sha256 } from '../../src/breakglass/protocol/document.ts';
import { emergencyUseFromEvent } from '../../src/breakglass/protocol/emergency-use.ts';
import { newRequestId, type SessionId } from '../../src/breakglass/protocol/ids.ts';
import { judge } from '../../src/breakglass/protocol/judge.ts';
import { judgeEmergency } from '../../src/breakglass/protocol/judge-emergency.ts';
import { fileKey } from '../../src/breakglass/protocol/keys.ts';
import { encodeLedgerEntry } from '../../src/breakglass/protocol/ledger.ts';
import { membershipFromEvent } from '../../src/breakglass/protocol/membership.ts';
import { encodeRecord, type RecordEntry } from '../../src/breakglass/protocol/record.ts';
import { type ArchivedFile, type Bodies, copyOf } from '../../src/breakglass/protocol/record-bodies.ts';
import type { ObjectVersion } from '../../src/breakglass/protocol/verify-versions.ts';
import {
  assumeRoleEvent,
  groups,
  membershipEvent,
  minute,
  noon,
  people,
  storedDecision,
  storedRequest,
  storyPolicy,
  storyRequest,
} from './break-glass-story.ts';

/** What one session of an archive was like. */
export interface Plot {
  readonly kind: 'grant' | 'unsanctioned' | 'emergency';
  readonly stuck: number;
  readonly uses: number;
  readonly shared: boolean;
  readonly endedEarly: boolean;
  readonly files: readonly Uint8Array[];
  readonly evidence: readonly Uint8Array[];
  /** Delivered after the seal: sealed once more. */
  readonly late: readonly Uint8Array[];
}

const contents = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 2 });
export const plot: fc.Arbitrary<Plot> = fc.record({
  kind: fc.constantFrom('grant' as const, 'unsanctioned' as const, 'emergency' as const),
  stuck: fc.nat({ max: 2 }),
  uses: fc.nat({ max: 2 }),
  shared: fc.boolean(),
  endedEarly: fc.boolean(),
  files: contents,
  evidence: contents,
  late: contents,
});

/** Long after everything: nothing is still to come. */
export const audited = noon + 10 * 1_440 * minute;
export const policy = storyPolicy();

export interface GoodArchive {
  readonly versions: readonly ObjectVersion[];
  /** The events of all sessions. */
  readonly trail: readonly Record<string, unknown>[];
  readonly heads: readonly { readonly seq: number; readonly sha256: string }[];
}

export function goodArchive(plots: readonly Plot[]): GoodArchive {
  const versions: ObjectVersion[] = [];
  const trail: Record<string, unknown>[] = [];
  const seals: { session: SessionId; record: number; sha256: string; at: number }[] = [];
  const put = (key: string, bytes: Uint8Array, at: number) => versions.push(stored(key, bytes, at));
  plots.forEach((story, index) => {
    const start = noon + index * 200 * minute;
    const opened = openOf(story, index, start);
    if (opened.body.event !== undefined) trail.push(opened.body.event);
    const session = opened.body.session;
    let previous: Uint8Array | undefined;
    let at = start;
    const add = (entry: RecordEntry) => {
      const record = encodeRecord(session.id, previous, entry);
      put(record.key, record.bytes, entry.at);
      previous = record.bytes;
      if (entry.kind === 'seal')
        seals.push({ session: session.id, record: record.seq, sha256: record.sha256, at: entry.at });
    };
    const next = () => {
      at += minute;
      return at;
    };
    let number = 0;
    const file = (bytes: Uint8Array, from: ArchivedFile['from']): ArchivedFile => {
      const key = fileKey(session.id, `${from}-${String(number++).padStart(6, '0')}.jsonl`);
      put(key, bytes, at);
      return { key, sha256: sha256(bytes), bytes: bytes.length, from };
    };
    const evidence: ArchivedFile[] = [];
    const addEvidence = (bytes: Uint8Array) => {
      const kept = file(bytes, 'client');
      evidence.push(kept);
      add({ kind: 'evidence', at: next(), body: { from: `evidence/x/${number}.jsonl`, file: kept } });
    };
    add(opened);
    for (let use = 0; use < story.uses; use++)
      add({ kind: 'use', at: next(), body: { eventId: `use-${use}`, roleArn: 'arn', at: text(at) } });
    if (story.shared && session.membershipId !== undefined)
      add({
        kind: 'grant',
        at: next(),
        body: { membershipId: session.membershipId, sharedWith: 'another', expiresAt: session.expiresAt },
      });
    if (story.endedEarly) {
      const request = { key: 'ends/x.json', bytes: new TextEncoder().encode('{}'), lastModified: at };
      add({ kind: 'end', at: next(), body: { request: copyOf(request) } });
    }
    story.evidence.forEach(addEvidence);
    for (let attempt = 1; attempt <= story.stuck; attempt++)
      add({ kind: 'stuck', at: next(), body: { step: 'remove', problem: 'throttled', attempt } });
    const revokedAt = text(Math.min(next(), Date.parse(session.expiresAt) + 5 * minute));
    add({
      kind: 'revoke',
      at,
      body: { membership: 'removed', tail: 'cut', terminated: 1, remaining: 0, at: revokedAt },
    });
    const exported = story.files.map((bytes) => file(bytes, 'cloudtrail'));
    const sources = { cloudtrail: 'present', ssm: 'absent', eksAudit: 'absent', pgaudit: 'present' } as const;
    add({ kind: 'export', at: next(), body: { files: exported, sources } });
    const seal = () =>
      add({
        kind: 'seal',
        at: next(),
        body: { complete: true, files: [...exported, ...evidence], sources },
      });
    seal();
    story.late.forEach(addEvidence);
    if (story.late.length > 0) seal();
  });
  const heads: { seq: number; sha256: string }[] = [];
  let previous: Uint8Array | undefined;
  for (const seal of seals) {
    const entry = encodeLedgerEntry(previous, seal);
    put(entry.key, entry.bytes, seal.at);
    heads.push({ seq: entry.seq, sha256: entry.head });
    previous = entry.bytes;
  }
  return { versions, trail, heads };
}

export const stored = (key: string, bytes: Uint8Array, at: number, versionId = '1'): ObjectVersion => ({
  key,
  versionId,
  lastModified: at,
  deleteMarker: false,
  bytes,
  lock: { mode: 'COMPLIANCE', until: at + policy.retentionDays * 1_440 * minute },
});

const text = (at: number): string => new Date(at).toISOString();

function openOf(
  { kind }: Plot,
  index: number,
  at: number,
): { readonly kind: 'open'; readonly at: number; readonly body: Bodies['open'] } {
  const event = { eventID: uuid('e', index), eventTime: text(at).replace('.000', '') };
  if (kind === 'emergency') {
    const recorded = assumeRoleEvent({ ...event, responseElements: { credentials: {} } });
    const use = emergencyUseFromEvent(recorded);
    if (use === undefined) throw new Error('no use');
    const { session } = judgeEmergency(use, policy, at);
    return { kind: 'open', at, body: { session, event: recorded, decisions: [] } };
  }
  const recorded = membershipEvent({
    ...event,
    responseElements: { membershipId: uuid('d', index), identityStoreId: 'd-9067f7c0de' },
    requestParameters: {
      identityStoreId: 'd-9067f7c0de',
      groupId: groups.database,
      memberId: { userId: people.dana.userId },
    },
  });
  const membership = membershipFromEvent(recorded);
  if (membership === undefined) throw new Error('no membership');
  if (kind === 'unsanctioned') {
    const verdict = judge(membership, { request: undefined, decisions: [], spent: false }, policy, at);
    return { kind: 'open', at, body: { session: verdict.session, event: recorded, decisions: [] } };
  }
  const id = newRequestId(at, new Uint8Array(10).fill(index));
  const request = storedRequest(storyRequest({ id }), { lastModified: at - 2 * minute });
  const decision = storedDecision(request, 1, { requestId: id }, { lastModified: at - minute });
  const verdict = judge(membership, { request, decisions: [decision], spent: false }, policy, at);
  if (!verdict.sanctioned) throw new Error(verdict.why);
  const { session, rule } = verdict;
  const body = { session, rule, event: recorded, request: copyOf(request), decisions: [copyOf(decision)] };
  return { kind: 'open', at, body };
}

const uuid = (digit: string, index: number): string =>
  `${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${String(index).padStart(12, '0')}`;
