import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { personId, personKeys } from '../aws/person-keys.ts';
import { credentialsOf, failureOf } from '../clients.ts';
import { type MachineStage, minute, startMachineStage } from './machine-stage.ts';

/** The handlers as they are deployed, with their own roles' keys, on the sandbox's AWS and its clock. */
let stage: MachineStage;
beforeEach(async () => {
  stage = await startMachineStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

describe('a grant', () => {
  it('is recorded, ends by itself, and is sealed with what CloudTrail has', async () => {
    const id = await stage.ask('dana');
    await stage.decide('mia', id);
    await stage.admit('dana');
    await stage.settle();
    expect(stage.log).toEqual([]);
    expect(stage.kinds(id)).toEqual(['open']);
    expect(stage.said().map((text) => text.split(' ')[0])).toEqual([':key:', ':white_check_mark:']);
    await stage.turn(59 * minute);
    expect(stage.isIn('dana')).toBe(true);
    await stage.turn(2 * minute);
    expect(stage.isIn('dana')).toBe(false);
    await stage.turn(25 * minute);
    expect(stage.kinds(id)).toEqual(['open', 'revoke', 'export', 'seal']);
    await stage.turn(48 * 60 * minute);
    expect(stage.verify().findings).toEqual([]);
    expect(stage.said().at(-1)).toContain('is sealed. Ledger 0');
  });
});
