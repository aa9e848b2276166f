import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isIdentityStoreId,
  isRequestId,
  isSessionId,
  matchesShortId,
  newRequestId,
  type SessionId,
  shortId,
  shortIdAmong,
} from '../../../src/breakglass/protocol/ids.ts';
import * as keys from '../../../src/breakglass/protocol/keys.ts';
import { people } from '../../support/break-glass-story.ts';

const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const time = fc.nat({ max: 2 ** 48 - 1 });
const { dana } = people;
const id = newRequestId(1_700_000_000_000, new Uint8Array(10).fill(255));

describe('ids', () => {
  it('are ULIDs that sort by time', () => {
    expect(id).toBe('BG-01HF7YAT00ZZZZZZZZZZZZZZZZ');
    fc.assert(
      fc.property(time, time, random, random, (a, b, first, second) => {
        const [one, other] = [newRequestId(a, first), newRequestId(b, second)];
        expect(isRequestId(one) && isSessionId(one)).toBe(true);
        if (a < b) expect(one < other).toBe(true);
      }),
    );
    expect(() => newRequestId(0, new Uint8Array(9))).toThrow(/10 random bytes/);
  });

  it('have one spelling', () => {
    for (const wrong of [
      id.toLowerCase(),
      id.slice(0, -1),
      `${id}0`,
      id.replace('Z', 'U'),
      ` ${id}`,
      `${id}\n`,
    ])
      expect([wrong, isSessionId(wrong)]).toEqual([wrong, false]);
    const uuid = '7f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3d';
    for (const right of [`EV-${uuid}`, `UN-${uuid}`, `UN-9067f7c0de-${uuid}`])
      expect([right, isSessionId(right)]).toEqual([right, true]);
    for (const wrong of [`EV-${uuid.toUpperCase()}`, `EV-9067f7c0de-${uuid}`, 'EV-', `XX-${uuid}`])
      expect([wrong, isSessionId(wrong)]).toEqual([wrong, false]);
    expect(isIdentityStoreId(uuid) && isIdentityStoreId(dana.userId)).toBe(true);
    expect(isIdentityStoreId(`${uuid}/x`) || isIdentityStoreId(`${uuid}\n`)).toBe(false);
  });

  it('are found by their ends, as people type them', () => {
    const found = newRequestId(1, Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0x21]));
    expect(shortId(found)).toBe('bg-0011');
    for (const typed of [
      'bg-0011',
      'BG-0011',
      ' bg-00011 ',
      'bg-ooll',
      'bg-OOIi',
      found,
      found.toLowerCase(),
    ])
      expect([typed, matchesShortId(typed, found)]).toEqual([typed, true]);
    for (const typed of ['bg-011', '0011', 'ev-0011', 'bg-0012', 'bg-', '', 'bg-%'])
      expect([typed, matchesShortId(typed, found)]).toEqual([typed, false]);
    const event: SessionId = 'EV-7f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3d';
    expect(shortId(event)).toBe('ev-2c3d');
    expect(matchesShortId('ev-2c3d', event)).toBe(true);
  });

  it('grow until nothing else answers to them', () => {
    expect(shortIdAmong(id, [id])).toBe(shortId(id));
    const like = newRequestId(1_700_000_000_000, Uint8Array.from([0, ...new Uint8Array(9).fill(255)]));
    expect(shortIdAmong(id, [like]).length).toBeGreaterThan(shortId(id).length);
    expect(shortIdAmong(id, [like]).length).toBeLessThan(id.length);
    fc.assert(
      fc.property(fc.array(random, { minLength: 2, maxLength: 30 }), (all) => {
        // The ends of all are the same three characters: short ones must be told apart.
        const ids = [
          ...new Set(all.map((bytes) => newRequestId(1, Uint8Array.from([...bytes.subarray(0, 8), 1, 1])))),
        ];
        for (const one of ids) {
          const short = shortIdAmong(one, ids);
          expect(ids.filter((other) => matchesShortId(short, other))).toEqual([one]);
        }
      }),
    );
  });
});

describe('keys', () => {
  it('are read back', () => {
    expect(keys.requestKey(dana.userId, id)).toBe(`requests/${dana.userId}/${id}.json`);
    expect(keys.parseRequestKey(keys.requestKey(dana.userId, id))).toEqual({ userId: dana.userId, id });
    expect(keys.decisionKey(1, id, dana.userId)).toBe(`decisions/tier1/${id}/${dana.userId}.json`);
    expect(keys.parseDecisionKey(keys.decisionKey(2, id, dana.userId))).toEqual({
      tier: 2,
      id,
      approverId: dana.userId,
    });
    expect(keys.parseEndKey(keys.endKey(dana.userId, id))).toEqual({ userId: dana.userId, id });
    expect(keys.parseKillKey(keys.killKey(id, dana.userId))).toEqual({ id, killerId: dana.userId });
    expect(keys.killKey(id, dana.userId).startsWith(keys.killPrefix(id))).toBe(true);
    expect(keys.evidenceKey(dana.userId, id, 7)).toBe(`evidence/${dana.userId}/${id}/000007.jsonl`);
    expect(keys.parseEvidenceKey(keys.evidenceKey(dana.userId, id, 7))?.number).toBe(7);
    expect(keys.recordKey(id, 3)).toBe(`sessions/${id}/000003.json`);
    expect(keys.parseRecordKey(keys.recordKey(id, 3))).toEqual({ session: id, seq: 3 });
    expect(keys.parseFileKey(keys.fileKey(id, 'cloudtrail.jsonl'))?.name).toBe('cloudtrail.jsonl');
    expect(keys.ledgerKey(12_345)).toBe('ledger/00012/00012345.json');
    expect(keys.parseLedgerKey(keys.ledgerKey(12_345))).toEqual({ seq: 12_345 });
  });

  it('lie under their prefixes', () => {
    expect(keys.requestKey(dana.userId, id).startsWith(keys.requestPrefix(dana.userId))).toBe(true);
    expect(keys.decisionKey(1, id, dana.userId).startsWith(keys.decisionPrefix(1, id))).toBe(true);
    expect(keys.evidenceKey(dana.userId, id, 1).startsWith(keys.evidencePrefix(dana.userId, id))).toBe(true);
    expect(keys.recordKey(id, 0).startsWith(keys.sessionPrefix(id))).toBe(true);
  });

  it('are not made of what is no id', () => {
    const foreign = ['..', 'a/b', '', `${dana.userId}/..`, '*'];
    for (const text of foreign) {
      expect(() => keys.requestKey(text, id)).toThrow(/is no key/);
      expect(() => keys.decisionKey(1, id, text)).toThrow(/is no key/);
      expect(() => keys.fileKey(id, text)).toThrow(/is no key/);
    }
    expect(() => keys.decisionKey(10, id, dana.userId)).toThrow(/is no key/);
    expect(() => keys.recordKey(id, 1_000_000)).toThrow(/is no key/);
    expect(() => keys.evidenceKey(dana.userId, id, -1)).toThrow(/is no key/);
    expect(() => keys.ledgerKey(1.5)).toThrow(/is no key/);
  });

  it('of strangers are nothing, and only one parser knows a key', () => {
    const parsers = [
      keys.parseRequestKey,
      keys.parseDecisionKey,
      keys.parseEndKey,
      keys.parseKillKey,
      keys.parseEvidenceKey,
      keys.parseRecordKey,
      keys.parseFileKey,
      keys.parseLedgerKey,
    ];
    const known = [
      keys.requestKey(dana.userId, id),
      keys.decisionKey(1, id, dana.userId),
      keys.endKey(dana.userId, id),
      keys.killKey(id, dana.userId),
      keys.evidenceKey(dana.userId, id, 1),
      keys.recordKey(id, 1),
      keys.fileKey(id, 'a.json'),
      keys.ledgerKey(1),
    ];
    known.forEach((key, index) => {
      expect(parsers.map((parse) => parse(key) !== undefined)).toEqual(parsers.map((_, at) => at === index));
      for (const changed of [`/${key}`, `${key}/`, `${key}\n`, key.toUpperCase(), key.replace('/', '//')])
        expect([changed, parsers.some((parse) => parse(changed) !== undefined)]).toEqual([changed, false]);
    });
    fc.assert(
      fc.property(fc.string(), (key) => {
        for (const parse of parsers) expect(parse(key)).toBeUndefined();
      }),
    );
  });
});
