import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/breakglass/protocol/findings.ts';
import { parseLedgerKey, parseRecordKey } from '../../../src/breakglass/protocol/keys.ts';
import {
  type Archive,
  type Verification,
  verifyChain,
} from '../../../src/breakglass/protocol/verify-chain.ts';
import type { ObjectVersion } from '../../../src/breakglass/protocol/verify-versions.ts';
import {
  audited,
  type GoodArchive,
  goodArchive,
  plot,
  policy,
  stored,
} from '../../support/break-glass-archive.ts';
import { minute } from '../../support/break-glass-story.ts';

const archive = fc.array(plot, { minLength: 1, maxLength: 3 }).map(goodArchive);
const verify = (
  versions: Iterable<ObjectVersion>,
  witnesses: Pick<Archive, 'trail' | 'heads'> = {},
): Verification => verifyChain({ versions, policy, now: audited, ...witnesses });

/** Any version of a good archive, by chance. */
const pick = fc.nat();
const at = (all: readonly ObjectVersion[], number: number): ObjectVersion => {
  const found = all[number % all.length];
  if (found === undefined) throw new Error('an empty archive');
  return found;
};
const change = (all: readonly ObjectVersion[], one: ObjectVersion, to: Partial<ObjectVersion>) =>
  all.map((version) => (version === one ? { ...version, ...to } : version));

/** Fails, and the first finding is one of these and names the object (or what stands in for it). */
function expectFinding(found: Verification, codes: readonly FindingCode[], subject?: string): void {
  const [first] = found.findings;
  expect(codes).toContain(first?.code);
  if (subject !== undefined)
    expect(found.findings.map(({ message }) => message).join('\n')).toContain(subject);
}

/** What a finding must name of an object that is not what it was: its session; of the ledger, that it is the ledger. */
const nameIn = (key: string): string => (parseLedgerKey(key) ? 'ledger' : (key.split('/')[1] ?? key));

describe('a good archive', () => {
  it('has no findings, with and without witnesses', () => {
    fc.assert(
      fc.property(archive, (good) => {
        expect(verify(good.versions).findings).toEqual([]);
        expect(verify(good.versions, good).findings).toEqual([]);
        // S3 lists keys in order and versions newest first; what is given in any order is the same.
        expect(verify([...good.versions].reverse(), good).findings).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('that is empty has none', () => {
    expect(verify([])).toEqual({ sessions: [], findings: [] });
  });
});

describe('an archive is found out', () => {
  const found = (tamper: (good: GoodArchive, number: number, other: number) => void) =>
    fc.assert(fc.property(archive, pick, pick, tamper), { numRuns: 60 });

  it('when any object is deleted for good', () => {
    found(({ versions }, number) => {
      const gone = at(versions, number);
      const rest = versions.filter((version) => version !== gone);
      const codes: FindingCode[] = [
        'gap',
        'no-seal',
        'no-revoke',
        'file-missing',
        'not-in-ledger',
        'file-unlisted',
      ];
      expectFinding(verify(rest), codes, nameIn(gone.key));
    });
  });

  it('when a whole session is deleted for good', () => {
    found(({ versions }, number) => {
      const [, session = ''] = at(versions, number).key.split('/');
      fc.pre(!parseLedgerKey(at(versions, number).key));
      const rest = versions.filter((version) => !version.key.includes(session));
      expectFinding(verify(rest), ['gap'], session);
    });
  });

  it('when any object is hidden by a delete marker', () => {
    found(({ versions }, number) => {
      const { key, lastModified } = at(versions, number);
      const marker = { key, versionId: '2', lastModified: lastModified + 1_000, deleteMarker: true };
      expectFinding(verify([marker, ...versions]), ['delete-marker'], key);
    });
  });

  it('when any object is written again, be it the same', () => {
    found(({ versions }, number, other) => {
      const { key, bytes = new Uint8Array(), lastModified } = at(versions, number);
      const again = stored(
        key,
        other % 2 === 0 ? bytes : new Uint8Array([1]),
        lastModified + (other % 3) * 1_000,
        '2',
      );
      // Newest first, as S3 lists.
      expectFinding(verify([again, ...versions]), ['extra-version'], key);
    });
  });

  it('when any byte is changed', () => {
    found(({ versions }, number, other) => {
      const one = at(versions, number);
      const bytes = Uint8Array.from(one.bytes ?? []);
      fc.pre(bytes.length > 0);
      const index = other % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (other % 8));
      const { findings } = verify(change(versions, one, { bytes }));
      expect(findings.map(({ message }) => message).join('\n')).toContain(nameIn(one.key));
    });
  });

  it('when any object is cut short', () => {
    found(({ versions }, number, other) => {
      const one = at(versions, number);
      const bytes = one.bytes ?? new Uint8Array();
      fc.pre(bytes.length > 0);
      const cut = bytes.subarray(0, other % bytes.length);
      expectFinding(verify(change(versions, one, { bytes: cut })), ['schema', 'file-changed'], one.key);
    });
  });

  it('when the end of a session is cut off', () => {
    found(({ versions }, number) => {
      const place = parseRecordKey(at(versions, number).key);
      fc.pre(place !== undefined && place.seq > 0);
      const rest = versions.filter((version) => {
        const key = parseRecordKey(version.key);
        return key === undefined || key.session !== place?.session || key.seq < (place?.seq ?? 0);
      });
      expectFinding(verify(rest), ['gap', 'no-seal', 'no-revoke', 'file-unlisted'], place?.session);
    });
  });

  it('when the end of the ledger is cut off', () => {
    found(({ versions, heads }, number) => {
      const seq = number % heads.length;
      const rest = versions.filter((version) => (parseLedgerKey(version.key)?.seq ?? -1) < seq);
      expectFinding(verify(rest), ['not-in-ledger']);
      expectFinding(verify(rest, { heads }), ['gap', 'not-in-ledger']);
    });
  });

  it('when two records change places', () => {
    found(({ versions }, number, other) => {
      const [one, two] = [at(versions, number), at(versions, other)];
      fc.pre(parseRecordKey(one.key) !== undefined && parseRecordKey(two.key) !== undefined && one !== two);
      const swapped = change(change(versions, one, { bytes: two.bytes }), two, { bytes: one.bytes });
      expectFinding(verify(swapped), ['misplaced', 'schema', 'order'], one.key);
    });
  });

  it('when two entries of the ledger, or two files, change places', () => {
    found(({ versions }, number, other) => {
      const movable = versions.filter(({ key }) => parseRecordKey(key) === undefined);
      const [one, two] = [at(movable, number), at(movable, other)];
      const alike = Buffer.from(one.bytes ?? []).equals(Buffer.from(two.bytes ?? []));
      fc.pre(one !== two && !alike);
      const swapped = change(change(versions, one, { bytes: two.bytes }), two, { bytes: one.bytes });
      expectFinding(verify(swapped), ['misplaced', 'schema', 'order', 'chain', 'file-changed']);
    });
  });

  it('when a lock is shorter, of another kind, or not there', () => {
    found(({ versions }, number, other) => {
      const one = at(versions, number);
      const until = (one.lock?.until ?? 0) - 61_000 - (other % 1_000) * minute;
      expectFinding(
        verify(change(versions, one, { lock: { mode: 'COMPLIANCE', until } })),
        ['short-lock'],
        one.key,
      );
      const governance = { mode: 'GOVERNANCE', until: one.lock?.until ?? 0 };
      expectFinding(verify(change(versions, one, { lock: governance })), ['unlocked'], one.key);
      expectFinding(verify(change(versions, one, { lock: undefined })), ['unlocked'], one.key);
      const nonsense = { mode: 'COMPLIANCE', until: Number.NaN };
      expectFinding(verify(change(versions, one, { lock: nonsense })), ['short-lock'], one.key);
    });
  });

  it('when something is there that does not belong', () => {
    found(({ versions }, number) => {
      const { key } = at(versions, number);
      const [, session = ''] = key.split('/');
      fc.pre(parseLedgerKey(key) === undefined);
      const added = (name: string) => verify([...versions, stored(name, new Uint8Array([1]), audited - 1)]);
      expectFinding(added(`sessions/${session}/notes.txt`), ['foreign'], 'notes.txt');
      expectFinding(added('sessions/x/000000.json'), ['foreign']);
      expectFinding(added(`sessions/${session}/files/planted.jsonl`), ['file-unlisted'], 'planted.jsonl');
      expectFinding(added(`sessions/${session}/000099.json`), ['gap']);
    });
  });

  it('when bytes can’t be read', () => {
    found(({ versions }, number) => {
      const one = at(versions, number);
      expectFinding(verify(change(versions, one, { bytes: undefined })), ['unreadable']);
    });
  });

  it('when the posted heads are others: the whole ledger was made anew', () => {
    found(({ versions, heads }, number) => {
      const forged = heads.map((head, index) =>
        index === number % heads.length ? { ...head, sha256: 'f'.repeat(64) } : head,
      );
      expectFinding(verify(versions, { heads: forged }), ['head-mismatch']);
    });
  });

  it('when somebody got in without a session', () => {
    found(({ versions, trail }, number) => {
      const index = number % trail.length;
      const unseen = structuredClone(trail[index]) ?? {};
      unseen.eventID = '0f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3d';
      if (unseen.eventName === 'CreateGroupMembership')
        unseen.responseElements = { membershipId: '0f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3e' };
      expectFinding(
        verify(versions, { trail: [...trail, unseen] }),
        ['unrecorded-grant', 'unrecorded-use'],
        '0f0c1c1e',
      );
      const refused = { ...unseen, errorCode: 'AccessDenied' };
      expect(verify(versions, { trail: [...trail, refused, {}, null] }).findings).toEqual([]);
    });
  });
});
