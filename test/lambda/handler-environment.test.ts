import { describe, expect, it } from 'vitest';
import {
  encodePolicy,
  type Policy,
  parsePolicy,
  policyBytes,
  policyKey,
} from '../../src/breakglass/protocol/policy.ts';
import { readEnvironment } from '../../src/lambda/handler-environment.ts';
import { loadPolicy } from '../../src/lambda/load-policy.ts';
import { storyPolicy } from '../support/break-glass-story.ts';

const variables: Readonly<Record<string, string>> = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  FORGE_INTAKE: 'intake',
  FORGE_ARCHIVE: 'archive',
  FORGE_POLICY_BUCKET: 'configuration',
  FORGE_POLICY: 'policy/0.json',
  FORGE_STATE_MACHINE: 'arn:aws:states:us-east-1:999999999999:stateMachine:forge-breakglass-session',
};

describe("a function's variables", () => {
  it.each(Object.keys(variables))('%s must be there, and nothing runs without it', (name) => {
    expect(() => readEnvironment({ ...variables, [name]: '' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ENVIRONMENT', message: `${name} is not set.` }),
    );
  });

  it('shells are looked for at home, and where it says', () => {
    expect(readEnvironment(variables).regions).toEqual(['us-east-1']);
    const regions = ' eu-west-1, us-east-1 ,';
    expect(readEnvironment({ ...variables, FORGE_REGIONS: regions }).regions).toEqual([
      'us-east-1',
      'eu-west-1',
    ]);
  });
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

const load = (json: string, key = policyKey(Buffer.from(json))) =>
  loadPolicy({
    bucket: 'configuration',
    key,
    get: async (limit) => {
      expect(limit).toBe(policyBytes);
      return { key, bytes: Buffer.from(json), lastModified: 0 };
    },
  });
const refusal = (pattern: RegExp) =>
  expect.objectContaining({ code: 'INVALID_POLICY', message: expect.stringMatching(pattern) });

describe('the policy', () => {
  it('is of any size, and laid out as Terraform does it: sorted, with null for what is not said', async () => {
    const json = encodePolicy(large());
    expect(json.length).toBeGreaterThan(50 * 4_096);
    expect(await load(json)).toEqual(large());
    const { tiers, ...rest } = storyPolicy();
    const sorted = Object.fromEntries(Object.entries({ ...rest, tiers }).sort());
    const [first, ...more] = tiers;
    const silent = { ...sorted, tiers: [{ ...first, channel: null }, ...more] };
    const { channel: _, ...expected } = first ?? {};
    expect(await load(JSON.stringify(silent))).toEqual({ ...storyPolicy(), tiers: [expected, ...more] });
  });

  it('is written in one way, however it was laid out', () => {
    const policy = storyPolicy();
    const shuffled = JSON.stringify(Object.fromEntries(Object.entries(policy).reverse()), null, 2);
    const again = parsePolicy(shuffled);
    expect(again.ok && encodePolicy(again.value)).toBe(encodePolicy(policy));
  });

  it('has a name of its own: other content under it is refused', async () => {
    const policy = storyPolicy();
    const key = policyKey(Buffer.from(encodePolicy(policy)));
    expect(key).toMatch(/^policy\/[0-9a-f]{64}\.json$/);
    const looser = encodePolicy({ ...policy, requestLifeMinutes: policy.requestLifeMinutes + 1 });
    await expect(load(looser, key)).rejects.toThrow(refusal(/other content than its name says/));
    await expect(load(`${encodePolicy(policy)} `, key)).rejects.toThrow(refusal(/other content/));
  });

  it.each(['', '{"v":1}', '[null]', 'null', '{"v":1,"v":2}'])('%j is none', async (json) => {
    await expect(load(json)).rejects.toThrow(refusal(/can't be used: the policy/));
  });

  it('that is not there, or not to be read, is named', async () => {
    const source = { bucket: 'configuration', key: 'policy/0.json' };
    const where = 's3://configuration/policy/0\\.json';
    await expect(loadPolicy({ ...source, get: async () => undefined })).rejects.toThrow(
      refusal(new RegExp(`${where} is not there`)),
    );
    const denied = Object.assign(new Error('Access Denied'), { name: 'AccessDenied' });
    await expect(loadPolicy({ ...source, get: () => Promise.reject(denied) })).rejects.toThrow(
      refusal(new RegExp(`${where} can't be read: Access Denied`)),
    );
  });
});
