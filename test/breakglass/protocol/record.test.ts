import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/breakglass/protocol/document.ts';
import type { FindingCode } from '../../../src/breakglass/protocol/findings.ts';
import { fileKey, recordKey } from '../../../src/breakglass/protocol/keys.ts';
import {
  encodeRecord,
  noPrevious,
  parseRecord,
  type RecordEntry,
} from '../../../src/breakglass/protocol/record.ts';
import { type Bodies, copyOf, originalOf } from '../../../src/breakglass/protocol/record-bodies.ts';
import { verifyChain } from '../../../src/breakglass/protocol/verify-chain.ts';
import type { ObjectVersion } from '../../../src/breakglass/protocol/verify-versions.ts';
import { audited, goodArchive, type Plot, policy, stored } from '../../support/break-glass-archive.ts';
import {
  assumeRoleEvent,
  membershipEvent,
  membershipId,
  minute,
  noon,
  people,
  ssoIdentity,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../../support/break-glass-story.ts';

const plain: Plot = {
  kind: 'grant',
  stuck: 0,
  uses: 0,
  shared: false,
  endedEarly: false,
  files: [],
  evidence: [],
  late: [],
};

function openOf(kind: Plot['kind'] = 'grant'): Bodies['open'] {
  const [first] = goodArchive([{ ...plain, kind }]).versions;
  const record = parseRecord(first?.bytes ?? new Uint8Array());
  if (!record.ok || record.value.kind !== 'open') throw new Error('no open');
  return record.value.body;
}

const sources = { cloudtrail: 'present', ssm: 'absent', eksAudit: 'absent', pgaudit: 'absent' } as const;
const revoke = (change: Partial<Bodies['revoke']> = {}): RecordEntry => ({
  kind: 'revoke',
  at: noon + 61 * minute,
  body: {
    membership: 'removed',
    tail: 'cut',
    terminated: 0,
    remaining: 0,
    at: '2026-11-21T13:01:00Z',
    ...change,
  },
});
const seal = (complete = true): RecordEntry => ({
  kind: 'seal',
  at: noon + 90 * minute,
  body: { complete, files: [], sources },
});

/** What is found in a session of these records; its ledger left aside. */
function findings(open: Bodies['open'], entries: readonly RecordEntry[] = [revoke(), seal()], now = audited) {
  let previous: Uint8Array | undefined;
  const versions = [{ kind: 'open', at: noon, body: open } as RecordEntry, ...entries].map((entry) => {
    const record = encodeRecord(open.session.id, previous, entry);
    previous = record.bytes;
    return stored(record.key, record.bytes, entry.at);
  });
  return verifyChain({ versions, policy, now })
    .findings.map(({ code }) => code)
    .filter((code) => code !== 'not-in-ledger');
}

describe('a record', () => {
  const open = openOf();
  const first = encodeRecord(open.session.id, undefined, { kind: 'open', at: noon, body: open });

  it('follows the bytes of the one before', () => {
    expect(parseRecord(first.bytes)).toMatchObject({ value: { seq: 0, prev: noPrevious, kind: 'open' } });
    const second = encodeRecord(open.session.id, first.bytes, revoke());
    expect(second.key).toBe(`sessions/${open.session.id}/000001.json`);
    expect(parseRecord(second.bytes)).toMatchObject({
      value: {
        v: 1,
        session: open.session.id,
        seq: 1,
        prev: sha256(first.bytes),
        at: '2026-11-21T13:01:00.000Z',
      },
    });
  });

  it('is not written where it can’t stand', () => {
    const { id } = open.session;
    expect(() => encodeRecord(id, undefined, seal())).toThrow(/begins with open/);
    expect(() => encodeRecord(id, first.bytes, { kind: 'open', at: noon, body: open })).toThrow(
      /begins with open/,
    );
    expect(() => encodeRecord('EV-7f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3d', first.bytes, seal())).toThrow(
      /another/,
    );
    expect(() => encodeRecord(id, new Uint8Array([1]), seal())).toThrow(/can't be read/);
    expect(() => encodeRecord(id, first.bytes, revoke({ remaining: -1 }))).toThrow(/remaining must be/);
    const endless = { ...open, session: { ...open.session, expiresAt: '' } };
    expect(() => encodeRecord(id, undefined, { kind: 'open', at: noon, body: endless })).toThrow(
      /expiresAt must be/,
    );
  });

  it('holds whatever was found, made to be kept or not', () => {
    const hostile = storedDecision(
      storedRequest(),
      1,
      {},
      {
        key: `decisions/tier1/\u202e${'x'.repeat(900)}`,
        bytes: new Uint8Array(16_384).fill(1),
        lastModified: Number.NaN,
      },
    );
    const body = { ...open, decisions: Array.from({ length: 60 }, () => copyOf(hostile)) };
    const record = encodeRecord(open.session.id, undefined, { kind: 'open', at: noon, body });
    const read = parseRecord(record.bytes);
    expect(read.ok && read.value.kind === 'open' && read.value.body.decisions).toHaveLength(60);
    expect(copyOf(hostile)).toMatchObject({ encoding: 'base64', lastModified: '1970-01-01T00:00:00.000Z' });
    expect(originalOf(copyOf(hostile)).bytes).toEqual(hostile.bytes);
  });

  it('holds what people wrote byte for byte, be it text or not', () => {
    for (const bytes of [storedRequest().bytes, new Uint8Array([0xff, 0xfe, 0]), new Uint8Array()]) {
      const object = { key: 'requests/x', bytes, lastModified: noon };
      expect(originalOf(copyOf(object))).toEqual(object);
    }
  });
});

describe('a chain', () => {
  const open = openOf();
  const { id } = open.session;
  const raw = (seq: number, prev: string, kind: string, body: unknown) => ({
    key: recordKey(id, seq),
    bytes: new TextEncoder().encode(
      JSON.stringify({ v: 1, session: id, seq, prev, at: '2026-11-21T13:01:00.000Z', kind, body }),
    ),
  });
  const codes = (...records: ReturnType<typeof raw>[]) => {
    const versions = records.map(({ key, bytes }) => stored(key, bytes, noon));
    return verifyChain({ versions, policy, now: noon }).findings.map(({ code, subject }) => [code, subject]);
  };

  it('is opened once, and first', () => {
    const first = raw(0, noPrevious, 'open', open);
    expect(codes(first)).toEqual([]);
    expect(codes(first, raw(1, sha256(first.bytes), 'open', open))).toEqual([['order', recordKey(id, 1)]]);
    expect(codes(raw(0, noPrevious, 'revoke', revoke().body))).toEqual([['order', recordKey(id, 0)]]);
  });

  it('is opened by its own session', () => {
    const foreign = { ...open, session: { ...open.session, id: `UN-${membershipId}` } };
    expect(codes(raw(0, noPrevious, 'open', foreign))[0]).toEqual(['misplaced', recordKey(id, 0)]);
  });

  it('of which only files are left is missing', () => {
    const versions = [stored(fileKey(id, 'a.jsonl'), new Uint8Array(), noon)];
    expect(verifyChain({ versions, policy, now: noon }).findings).toEqual([
      { code: 'gap', session: id, subject: recordKey(id, 0), message: `${recordKey(id, 0)}: it is missing.` },
    ]);
  });

  it('is followed by what it hashes to, from the first', () => {
    expect(codes(raw(0, 'a'.repeat(64), 'open', open))).toEqual([['chain', recordKey(id, 0)]]);
    const first = raw(0, noPrevious, 'open', open);
    expect(codes(first, raw(1, noPrevious, 'revoke', revoke().body))).toEqual([['chain', recordKey(id, 1)]]);
  });
});

describe('record 0 is judged again', () => {
  const open = openOf();
  const { session } = open;
  const papers = (
    request: ReturnType<typeof storedRequest>,
    ...decisions: ReturnType<typeof storedDecision>[]
  ) => ({
    request: copyOf(request),
    decisions: decisions.map(copyOf),
  });
  const request = storedRequest(storyRequest({ id: session.id as ReturnType<typeof storyRequest>['id'] }));
  const own = { requestId: storyRequest({ id: session.id as ReturnType<typeof storyRequest>['id'] }).id };

  function ofLee(): [ReturnType<typeof storedRequest>, ReturnType<typeof storedDecision>] {
    const theirs = storedRequest(storyRequest({ id: own.requestId, requester: people.lee }));
    return [theirs, storedDecision(theirs, 1, own)];
  }

  it('and agrees', () => {
    for (const kind of ['grant', 'unsanctioned', 'emergency'] as const)
      expect(findings(openOf(kind), [revoke({ at: openOf(kind).session.expiresAt }), seal()])).toEqual([]);
  });

  it.each<[string, FindingCode, Partial<Bodies['open']>]>([
    ['no decision', 'four-eyes', { decisions: [] }],
    [
      'the requester’s own decision',
      'four-eyes',
      papers(request, storedDecision(request, 1, { ...own, approver: people.dana })),
    ],
    ['a denial', 'four-eyes', papers(request, storedDecision(request, 1, { ...own, outcome: 'denied' }))],
    ['a decision about other bytes', 'digest', papers(request, storedDecision(storedRequest(), 1, own))],
    [
      'more minutes than approved',
      'minutes',
      papers(request, storedDecision(request, 1, { ...own, minutes: 30 })),
    ],
    ['a rule of less', 'minutes', { rule: { approvals: 1, tierMinutes: 59, grantMinutes: 120 } }],
    ['a rule of two', 'four-eyes', { rule: { approvals: 2, tierMinutes: 240, grantMinutes: 120 } }],
    ['no rule', 'schema', { rule: undefined }],
    ['no request', 'schema', { request: undefined }],
    ['another’s request', 'misplaced', papers(storedRequest(), storedDecision(storedRequest()))],
    ['another event', 'event', { event: assumeRoleEvent() }],
    ['another membership', 'event', { event: membershipEvent() }],
    ['an end before its beginning', 'minutes', { session: { ...session, openedAt: '2026-11-21T14:00:00Z' } }],
    ['a later end', 'minutes', { session: { ...session, expiresAt: '2026-11-21T13:00:01Z' } }],
    ['another beginning', 'event', { session: { ...session, openedAt: '2026-11-21T12:00:01Z' } }],
    ['another person', 'event', { session: { ...session, userId: people.lee.userId } }],
    ['another permission set', 'event', { session: { ...session, permissionSet: 'Forge-Prod-Emergency' } }],
    ['another tier', 'event', { session: { ...session, tier: 2 } }],
    ['another account', 'event', { session: { ...session, account: '444444444444' } }],
    ['an approver who wrote nothing', 'four-eyes', { session: { ...session, approvers: [people.lee] } }],
    ['no approver', 'four-eyes', { session: { ...session, approvers: [] } }],
    [
      'a grant by who approved nothing',
      'four-eyes',
      { event: { ...open.event, userIdentity: ssoIdentity({ person: people.lee }) } },
    ],
    ['a request that is none', 'schema', { request: copyOf({ ...request, bytes: new Uint8Array([123]) }) }],
    [
      'a request of somebody else',
      'four-eyes',
      {
        event: undefined,
        ...papers(...ofLee()),
      },
    ],
    ['no sanction under a request’s id', 'misplaced', { session: { ...session, sanctioned: false } }],
  ])('and does not: %s', (_what, code, change) => {
    expect(findings({ ...open, ...change })).toEqual([code]);
  });

  it('of what was not sanctioned: it is what the event says', () => {
    const unsanctioned = openOf('unsanctioned');
    const end = revoke({ at: unsanctioned.session.expiresAt });
    expect(findings({ ...unsanctioned, event: undefined }, [end, seal()])).toEqual([]);
    expect(findings({ ...unsanctioned, event: assumeRoleEvent() }, [end, seal()])).toEqual(['event']);
    const sanctioned = { ...unsanctioned, session: { ...unsanctioned.session, sanctioned: true } };
    expect(findings(sanctioned, [end, seal()])).toEqual(['misplaced']);
  });

  it('of an emergency too', () => {
    const emergency = openOf('emergency');
    const change = (to: Partial<Bodies['open']['session']>) =>
      findings({ ...emergency, session: { ...emergency.session, ...to } });
    expect(change({ expiresAt: '2026-11-21T13:00:01Z' })).toEqual(['minutes']);
    expect(change({ roleArn: 'arn:aws:iam::333333333333:role/x' })).toEqual(['event']);
    expect(findings({ ...emergency, event: undefined })).toEqual(['event']);
    // Found hours later, and over then.
    const late = { sanctioned: false, why: 'no-incident', expiresAt: '2026-11-21T18:00:00Z' };
    const after = revoke({ at: '2026-11-21T18:00:01Z' });
    const lateOpen = { ...emergency, session: { ...emergency.session, ...late } };
    expect(findings(lateOpen, [after, seal()])).toEqual([]);
    const denied = { ...emergency.event, errorCode: 'AccessDenied' };
    expect(findings({ ...emergency, event: denied })).toEqual(['event']);
  });
});

describe('an end', () => {
  const open = openOf();
  const end = noon + 60 * minute;

  it('that came too late, or never, is found', () => {
    expect(findings(open, [revoke({ at: '2026-11-21T13:05:00Z' }), seal()])).toEqual([]);
    expect(findings(open, [revoke({ at: '2026-11-21T13:05:01Z' }), seal()])).toEqual(['late-revoke']);
    expect(findings(open, [seal()])).toEqual(['no-revoke']);
    expect(findings(open, [], end)).toEqual([]);
    expect(findings(open, [], end + 5 * minute)).toEqual([]);
    expect(findings(open, [], end + 5 * minute + 1)).toEqual(['no-revoke']);
  });

  it('whose tail was not cut is found, until it is', () => {
    expect(findings(open, [revoke({ tail: 'failed' }), seal()])).toEqual(['tail-not-cut']);
    expect(findings(open, [revoke({ remaining: 2 }), seal()])).toEqual(['tail-not-cut']);
    expect(findings(open, [revoke({ tail: 'failed' }), revoke(), seal()])).toEqual([]);
  });

  it('must be sealed within a day, and completely', () => {
    expect(findings(open, [revoke()], end + 1_440 * minute)).toEqual([]);
    expect(findings(open, [revoke()], end + 1_440 * minute + 1)).toEqual(['no-seal']);
    expect(findings(open, [revoke(), seal(false)])).toEqual(['incomplete']);
    expect(findings(open, [revoke(), seal(false), seal()])).toEqual([]);
    expect(findings(open, [revoke(), seal(), revoke()])).toEqual(['no-seal']);
  });

  it('of a file that is another session’s, or not there, is found', () => {
    const file = (key: string) => ({ key, sha256: 'a'.repeat(64), bytes: 1, from: 'ssm' as const });
    const sealed = (key: string): RecordEntry => ({
      kind: 'seal',
      at: noon + 90 * minute,
      body: { complete: true, files: [file(key)], sources },
    });
    expect(findings(open, [revoke(), sealed(`sessions/${open.session.id}/files/a`)])).toEqual([
      'file-missing',
    ]);
    expect(findings(open, [revoke(), sealed(`sessions/UN-${membershipId}/files/a`)])).toEqual(['misplaced']);
    expect(findings(open, [revoke(), sealed('../a')])).toEqual(['misplaced']);
    // Before the seal, too.
    const evidence = { from: 'evidence/x', file: file(`sessions/${open.session.id}/files/a`) };
    const delivered: RecordEntry = { kind: 'evidence', at: noon, body: evidence };
    expect(findings(open, [delivered], noon)).toEqual(['file-missing']);
  });

  it('of a file that can’t be read is found; the digest of a large one does', () => {
    const bytes = new Uint8Array([1]);
    const { versions } = goodArchive([{ ...plain, files: [bytes] }]);
    const verifyWith = (change: Partial<ObjectVersion>) =>
      verifyChain({
        versions: versions.map((version) =>
          version.key.includes('/files/') ? { ...version, bytes: undefined, ...change } : version,
        ),
        policy,
        now: audited,
      }).findings.map(({ code }) => code);
    expect(verifyWith({})).toEqual(['unreadable']);
    expect(verifyWith({ digest: { sha256: sha256(bytes), bytes: 1 } })).toEqual([]);
    expect(verifyWith({ digest: { sha256: sha256(bytes), bytes: 2 } })).toEqual(['file-changed']);
  });
});
