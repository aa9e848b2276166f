import { describe, expect, it } from 'vitest';
import { afterCut, isCut, mayBeCut, pastOwnCut } from '../../src/access/cut-keys.ts';
import { appendToJournal } from '../../src/audit/journal.ts';
import { ForgeError } from '../../src/errors.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const denied = (message: string) =>
  new ForgeError('denied', message, { code: 'ACCESS_DENIED', hint: 'forge whoami' });
const cut = denied(
  'dana is not authorized to perform: ssm:StartSession, with an explicit deny in a permissions boundary.',
);
const other = denied('dana is not authorized to perform: sts:AssumeRole.');
const never = async () => {
  throw new Error('down');
};

describe('keys that AWS refuses', () => {
  it('are cut where AWS says so; on the way to them a grant’s may be, tier 0’s are told each time', () => {
    expect([isCut(cut), isCut(other), isCut(new Error(cut.message))]).toEqual([true, false, false]);
    expect([0, 1, 2, 3].map((tier) => mayBeCut(other, { tier: tier as 0 }))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(mayBeCut(cut, { tier: 0 })).toBe(true);
  });

  it('in the midst of a command are renewed for the next one, which the person types', async () => {
    let renewed = 0;
    const said = await afterCut(cut, {
      renewed: async () => {
        renewed++;
        return never();
      },
    });
    expect([renewed, said]).toEqual([1, cut]);
    const known = await afterCut(cut, { renewed: async () => ({}) as never });
    expect(known).toMatchObject({ message: cut.message, code: 'ACCESS_DENIED', kind: 'denied' });
    expect(known.hint).toContain('it has new ones now');
  });
});

describe('the second in which an own access was cut', () => {
  /** What is said, and what clock AWS has, milliseconds beside this machine's. */
  function stage(skew = 0) {
    const host = createTestHost();
    const said: string[] = [];
    const output = { note: (text: string) => void said.push(text) };
    const parts = { host, output, aws: async () => ({ clockSkew: () => skew }) };
    return { host, said, past: () => pastOwnCut(parts as unknown as Parameters<typeof pastOwnCut>[0]) };
  }
  const ended = (host: TestHost) =>
    appendToJournal(host, { type: 'breakglass.ended', id: 'BG-1', person: 'dana', membership: 'removed' });

  it.each([0, -1_900, 7_300])('is over, and the whole one after it, AWS %i ms ahead', async (skew) => {
    const { host, said, past } = stage(skew);
    await ended(host);
    const own = Math.abs(skew) < 2_000 ? 0 : skew;
    const before = Date.now() + own;
    await past();
    const after = Date.now() + own;
    // What AWS issues now has a later second than a cut that was made before and rounded up.
    expect(Math.floor(after / 1_000)).toBeGreaterThan(Math.ceil(before / 1_000));
    expect(said).toEqual([expect.stringContaining('trying once more')]);
    host.dispose();
  });

  it('is not waited for where none is known, and Ctrl-C ends the wait', async () => {
    const { host, said, past } = stage();
    await past();
    await ended(host);
    host.shiftClock(80_000);
    await past();
    expect(said).toEqual([]);
    host.shiftClock(-80_000);
    const waiting = past();
    host.interrupt();
    await expect(waiting).rejects.toBe('SIGINT');
    host.dispose();
  });
});
