import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { day, emergencyTags, type MachineStage, minute, startMachineStage } from './machine-stage.ts';

let stage: MachineStage;
beforeEach(async () => {
  stage = await startMachineStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

describe('what can be lost', () => {
  it('an event: the sweeper sees the membership', async () => {
    const id = await stage.approved();
    await stage.lever({ dropEvents: 1 });
    await stage.admit('dana');
    await stage.settle();
    expect(stage.sessions()).toEqual([]);
    await stage.turn(6 * minute);
    expect(stage.kinds(id)).toEqual(['open']);
    await stage.turn(56 * minute);
    expect(stage.isIn('dana')).toBe(false);
    await stage.turn(2 * day);
    expect(stage.verify().findings).toEqual([]);
  });

  it('an event of a grant that nobody asked for: the sweeper puts them out, and it is recorded', async () => {
    await stage.lever({ dropEvents: 1 });
    const membershipId = await stage.admit('dana');
    await stage.turn(6 * minute);
    expect(stage.isIn('dana')).toBe(false);
    await stage.turn(2 * day);
    expect(stage.kinds(`UN-${membershipId}`)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(stage.verify().findings).toEqual([]);
  });

  it('an event of tier 0: the trail still has it', async () => {
    // Sam's own sign-in to the account, and what they do there.
    await stage.lever({ dropEvents: 2 });
    await stage.breakTheGlass(emergencyTags);
    await stage.settle();
    expect(stage.sessions()).toEqual([]);
    await stage.turn(6 * minute);
    expect(stage.sessions()).toMatchObject([expect.stringMatching(/^EV-/)]);
    await stage.turn(2 * day);
    expect(stage.verify().findings).toEqual([]);
  });

  it('the workflow, stopped by hand: the sweeper starts it again', async () => {
    const id = await stage.approved();
    const membershipId = await stage.admit('dana');
    await stage.settle();
    await stage.lever({ stop: membershipId });
    await stage.turn(62 * minute);
    expect(stage.isIn('dana')).toBe(false);
    await stage.turn(2 * day);
    expect(stage.kinds(id)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(stage.verify().findings).toEqual([]);
  });

  it.each([
    ['recorder', 1],
    ['recorder', 5],
    ['recorder', 9],
    ['revoker', 3],
    ['exporter', 2],
  ] as const)('the %s, killed at call %i: it is as if it had not been', async (crash, call) => {
    const id = await stage.approved();
    await stage.lever({ crash, call });
    await stage.admit('dana');
    await stage.turn(66 * minute);
    expect(stage.isIn('dana')).toBe(false);
    await stage.turn(2 * day);
    expect(stage.kinds(id)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(stage.verify().findings).toEqual([]);
  });
});
