import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as deadlines from '../../../src/breakglass/protocol/deadlines.ts';
import { newRequestId } from '../../../src/breakglass/protocol/ids.ts';
import type { Session } from '../../../src/breakglass/protocol/session.ts';
import { isoSeconds } from '../../../src/lib/iso-seconds.ts';
import { groups, minute, noon, people } from '../../support/break-glass-story.ts';

const membership = { groupId: groups.database, userId: people.dana.userId };
const session = (end: number, change: Partial<Session> = {}): Session => ({
  id: newRequestId(end, new Uint8Array(10)),
  sanctioned: true,
  ...membership,
  openedAt: isoSeconds(noon),
  expiresAt: isoSeconds(end),
  approvers: [people.mia],
  ...change,
});

describe('the end of access', () => {
  it('comes after the smallest of all minutes, in whole seconds', () => {
    expect(deadlines.expiresAt(noon + 999, 60, 120, 30, 45)).toBe(noon + 30 * minute);
    expect(deadlines.expiryText(noon + 999, 60)).toBe('2026-11-21T13:00:00Z');
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 41 }),
        fc.array(fc.integer({ min: 1, max: 720 }), { minLength: 1 }),
        (at, all) => {
          const [first = 1, ...rest] = all;
          const end = deadlines.expiresAt(at, first, ...rest);
          for (const minutes of all) expect(end).toBeLessThanOrEqual(at + minutes * minute);
          expect(end).toBeGreaterThan(at + Math.min(...all) * minute - 1_000);
        },
      ),
    );
  });

  it('of a membership is the latest of those that share it', () => {
    const sessions = [
      { session: session(noon + 60 * minute) },
      { session: session(noon + 90 * minute) },
      // Not theirs: another group, another person, not sanctioned.
      { session: session(noon + 500 * minute, { groupId: groups.kubernetes }) },
      { session: session(noon + 500 * minute, { userId: people.lee.userId }) },
      { session: session(noon + 500 * minute, { sanctioned: false }) },
    ];
    expect(deadlines.membershipEnd(membership, sessions)).toBe(noon + 90 * minute);
    expect(deadlines.mayRemove(membership, sessions, noon + 60 * minute)).toBe(false);
    expect(deadlines.mayRemove(membership, sessions, noon + 90 * minute - 1)).toBe(false);
    expect(deadlines.mayRemove(membership, sessions, noon + 90 * minute)).toBe(true);
  });

  it('ended early falls back to the next', () => {
    const long = { session: session(noon + 90 * minute), endedAt: noon + 10 * minute };
    const short = { session: session(noon + 60 * minute) };
    expect(deadlines.membershipEnd(membership, [long, short])).toBe(noon + 60 * minute);
    expect(deadlines.membershipEnd(membership, [long])).toBe(noon + 10 * minute);
    // Ending never prolongs.
    expect(deadlines.endOf({ ...short, endedAt: noon + 999 * minute })).toBe(noon + 60 * minute);
  });

  it('that nobody sanctioned is now', () => {
    expect(deadlines.membershipEnd(membership, [])).toBeUndefined();
    expect(deadlines.mayRemove(membership, [], 0)).toBe(true);
  });

  it('is not that of credentials already issued', () => {
    expect(deadlines.credentialsOutlive(noon, { credentialMinutes: 60 })).toBe(noon + 60 * minute);
  });
});

describe('an unanswered request', () => {
  it('lapses, by the bucket’s clock', () => {
    const life = { requestLifeMinutes: 240 };
    expect(deadlines.lapsesAt(noon, life)).toBe(noon + 240 * minute);
    expect(deadlines.hasLapsed(noon, life, noon + 240 * minute)).toBe(false);
    expect(deadlines.hasLapsed(noon, life, noon + 240 * minute + 1)).toBe(true);
  });
});
