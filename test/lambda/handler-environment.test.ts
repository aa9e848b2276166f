import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePolicy, type Policy, parsePolicy, policyFile } from '../../src/breakglass/protocol/policy.ts';
import { readEnvironment } from '../../src/lambda/handler-environment.ts';
import { storyPolicy } from '../support/break-glass-story.ts';
import { builtForge } from '../support/built-forge.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-policy-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const variables = (): Record<string, string> => ({
  LAMBDA_TASK_ROOT: folder,
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  FORGE_INTAKE: 'intake',
  FORGE_ARCHIVE: 'archive',
  FORGE_STATE_MACHINE: 'arn:aws:states:us-east-1:999999999999:stateMachine:forge-breakglass-session',
});

/** Four hundred environments with five groups each: far beyond what a function's variables hold. */
function large(): Policy {
  const policy = storyPolicy();
  const [grant] = policy.grants;
  if (grant === undefined) throw new Error('the story has no grant');
  const grants = Array.from({ length: 2_000 }, (_, index) => ({
    ...grant,
    groupId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    environment: `prod-${index}`,
  }));
  return { ...policy, grants };
}

it('takes a policy of any size from the archive', async () => {
  const json = encodePolicy(large());
  expect(json.length).toBeGreaterThan(50 * 4_096);
  await writeFile(join(folder, policyFile), json);
  expect(readEnvironment(variables()).policy).toEqual(large());
});

it('is written in one way, however it was laid out', () => {
  const policy = storyPolicy();
  const shuffled = JSON.stringify(Object.fromEntries(Object.entries(policy).reverse()), null, 2);
  const again = parsePolicy(shuffled);
  expect(again.ok && encodePolicy(again.value)).toBe(encodePolicy(policy));
});

it('says what is wrong, and nothing runs', async () => {
  const code = 'INVALID_ENVIRONMENT';
  const message = (pattern: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(pattern) });
  const reading = () => readEnvironment(variables());
  await writeFile(join(folder, policyFile), '{"v":1}');
  expect(reading).toThrow(message(/policy\.json can't be used: the policy's \w+ must be/));
  await rm(join(folder, policyFile));
  expect(reading).toThrow(message(/policy\.json can't be read/));
  expect(() => readEnvironment({})).toThrow(message(/LAMBDA_TASK_ROOT is not set/));
});

it('the archive has no more than 300 kB: what Lambda loads at a cold start', async () => {
  const bundle = readFileSync(join(dirname(await builtForge()), '..', 'dist', 'lambda', 'index.cjs'));
  expect(deflateRawSync(bundle, { level: 9 }).length).toBeLessThan(300_000);
});
