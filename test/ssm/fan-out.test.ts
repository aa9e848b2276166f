import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Access, withAccess } from '../../src/access/with-access.ts';
import { fanOut, type Outcome } from '../../src/ssm/fan-out.ts';
import { instancesWithTags } from '../../src/ssm/find-instances.ts';
import { configOf, type ForgeStage, startForgeStage } from '../identity/forge-stage.ts';

let stage: ForgeStage;
beforeAll(async () => {
  stage = await startForgeStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  stage.newHome();
  await stage.signIn('dana');
});
afterEach(() => stage.aws.world.faults.clear());

const fault = {
  service: 'ssm',
  status: 500,
  error: undefined,
  message: '',
  delayMs: 0,
  drop: false,
  times: 1,
};

async function runOnWeb(script: string, change: (access: Access) => Access = (access) => access) {
  const config = await configOf(stage.host());
  const parts = { ...stage.parts(), config };
  const request = {
    environment: config.environments.get('dev'),
    targetName: 'dev',
    region: 'us-east-1',
    roles: [],
    purpose: 'ssm run',
    reason: undefined,
    write: true,
  };
  return withAccess(parts, request, async (access) => {
    const instances = await instancesWithTags(parts, access, new Map([['role', 'web']]));
    const order = { script: () => script, comment: undefined, maxConcurrency: 50, maxErrors: 50 };
    const told: Outcome[] = [];
    return fanOut(parts, change(access), instances, order, async (outcome) => void told.push(outcome));
  });
}

it('is cancelled by Ctrl-C also while AWS takes the command', async () => {
  stage.aws.world.faults.add({ ...fault, operation: 'SendCommand', delayMs: 400 });
  const taken = vi.spyOn(stage.aws.world.faults, 'take');
  const running = runOnWeb('sleep 60');
  const stopped = expect(running).rejects.toBe('SIGINT');
  const isTaken = () => taken.mock.results.some(({ value }) => value?.operation === 'SendCommand');
  await expect.poll(isTaken, { timeout: 10_000 }).toBe(true);
  stage.host().interrupt();
  await stopped;
  expect(stage.calls('SendCommand')).toBe(1);
  expect(stage.calls('CancelCommand')).toBe(1);
  expect(stage.host().err()).toContain('Cancelled command');
  taken.mockRestore();
});

it('is never sent twice: after an answer that was lost, everything would run again', async () => {
  const before = stage.calls('SendCommand');
  stage.aws.world.faults.add({ ...fault, operation: 'SendCommand', drop: true });
  await expect(runOnWeb('true')).rejects.toMatchObject({
    kind: 'unreachable',
    hint: expect.stringContaining('aws ssm list-commands'),
  });
  expect(stage.calls('SendCommand') - before).toBeLessThanOrEqual(1);
});

it('is sent again when AWS says that it did not take it', async () => {
  const throttled = {
    ...fault,
    operation: 'SendCommand',
    status: 400,
    error: 'ThrottlingException',
    times: 2,
  };
  stage.aws.world.faults.add(throttled);
  expect((await runOnWeb('true')).map(({ ok }) => ok)).toEqual([true, true]);
});

it('goes on with new keys where the old ones have ended', async () => {
  let renewed = 0;
  const outcomes = await runOnWeb('true', (access) => ({
    ...access,
    credentials: { ...access.credentials, expiration: 1 },
    renew: () => {
      renewed++;
      return access.renew();
    },
  }));
  expect(outcomes).toHaveLength(2);
  expect(renewed).toBe(1);
});
