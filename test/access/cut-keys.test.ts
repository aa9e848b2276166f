import { describe, expect, it } from 'vitest';
import { afterCut, isCut, mayBeCut } from '../../src/access/cut-keys.ts';
import { ForgeError } from '../../src/errors.ts';

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
