import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endSql,
  isAnswered,
  isClear,
  type KillFacts,
  killVerdicts,
} from '../../../src/commands/breakglass/kill-verdicts.ts';

const now = Date.UTC(2026, 10, 21, 12);
const at = new Date(now).toISOString();
const cut = { membership: 'removed', tail: 'cut', terminated: 0, remaining: 0, at } as const;
const facts = (change: Partial<KillFacts> = {}): KillFacts => ({
  opened: true,
  membership: 'removed',
  revoke: cut,
  readable: true,
  id: 'bg-7f3k',
  userName: 'dana@tapp.example',
  environment: 'prod-wealth',
  scenario: 'instance',
  askedAt: now,
  now,
  ...change,
});
const stateOf = (change: Partial<KillFacts>, plane: string) =>
  killVerdicts(facts(change)).find((verdict) => verdict.plane === plane)?.state;

describe('verdicts of a kill', () => {
  it.each([
    ['membership', { membership: 'there' }, 'standing'],
    ['membership', { membership: 'unseen' }, 'unseen'],
    ['credentials', { revoke: { ...cut, tail: 'failed' } }, 'standing'],
    ['credentials', { revoke: undefined }, 'standing'],
    ['credentials', { revoke: undefined, readable: false }, 'unseen'],
    ['shells', { revoke: { ...cut, remaining: 1 } }, 'standing'],
    ['shells', { revoke: { ...cut, terminated: 2 } }, 'done'],
    ['databases', { scenario: undefined }, 'unseen'],
    ['databases', { scenario: 'anything' }, 'unseen'],
    ['kubernetes', { scenario: 'kubernetes' }, 'standing'],
    ['kubernetes', { scenario: 'kubernetes', now: now + 240 * 60_000 }, 'done'],
  ] as const)('%s %j: %s', (plane, change, state) => {
    expect(stateOf(change as Partial<KillFacts>, plane)).toBe(state);
    expect(killVerdicts(facts()).every(isClear)).toBe(true);
  });

  it('are five, none is clear that nobody has seen, and what is not answered is waited for', () => {
    const states = fc.record({
      membership: fc.constantFrom('removed', 'gone', 'none', 'there', 'unseen'),
      readable: fc.boolean(),
      scenario: fc.constantFrom(undefined, 'database', 'kubernetes', 'console', 'x'),
      revoke: fc.option(
        fc.record({
          membership: fc.constant('removed'),
          tail: fc.constantFrom('cut', 'failed', 'none'),
          terminated: fc.nat(3),
          remaining: fc.nat(3),
          at: fc.constant(at),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(states, (change) => {
        const some = facts(change as Partial<KillFacts>);
        const verdicts = killVerdicts(some);
        expect(verdicts.map(({ plane }) => plane)).toEqual([
          'membership',
          'credentials',
          'shells',
          'databases',
          'kubernetes',
        ]);
        if (!some.readable && some.revoke === undefined)
          expect(verdicts.filter(isClear).map(({ plane }) => plane)).not.toContain('credentials');
        if (verdicts.every(isClear)) expect(isAnswered(some)).toBe(true);
      }),
    );
  });

  it('hand over SQL that no name breaks out of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const sql = endSql(name);
        // Without the two strings nothing of the name is left.
        expect(sql.replace(/'(?:[^']|'')*'/g, '?')).toBe(
          'select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = ? or starts_with(application_name, ?)',
        );
      }),
    );
    const [, line] = killVerdicts(facts({ scenario: 'database', userName: "o'brien@x" })).find(
      ({ plane }) => plane === 'databases',
    )?.type ?? ['', ''];
    expect(line).toContain("forge db query prod-wealth --reason 'kill bg-7f3k' 'select pid");
  });
});
