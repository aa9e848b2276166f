import { describe, expect, it } from 'vitest';
import {
  findEmergencyRole,
  findGrant,
  findTier,
  parsePolicy,
} from '../../../src/breakglass/protocol/policy.ts';
import { emergencyRole, groups, membershipId, storyPolicy } from '../../support/break-glass-story.ts';

const policy = storyPolicy();
const [tier] = policy.tiers;
const [grant] = policy.grants;
const [role] = policy.emergencyRoles;

describe('the policy of the handlers', () => {
  it('is read however it is laid out', () => {
    expect(parsePolicy(JSON.stringify(policy, null, 2))).toEqual({ ok: true, value: policy });
    expect(policy.credentialMinutes).toBe(240);
  });

  it('is asked by tier, group and role', () => {
    expect(findTier(policy, 2)?.approvals).toBe(2);
    expect(findTier(policy, 7)).toBeUndefined();
    expect(findGrant(policy, groups.readOnly)?.permissionSet).toBe('Forge-Prod-ReadOnly');
    expect(findGrant(policy, membershipId)).toBeUndefined();
    expect(findEmergencyRole(policy, emergencyRole)?.tier).toBe(0);
    expect(findEmergencyRole(policy, emergencyRole.toLowerCase())).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a group twice', { grants: [grant, grant] }, 'each group once'],
    ['a tier twice', { tiers: [tier, ...policy.tiers] }, 'each tier once'],
    ['a role twice', { emergencyRoles: [role, role] }, 'each emergency role once'],
    ['a group without a tier', { tiers: [] }, 'a tier for every group'],
    ['a tier without approval', { tiers: [{ ...tier, approvals: 0 }] }, 'from 1 to 5'],
    ['a tier without approvers', { tiers: [{ ...tier, approverPermissionSets: [] }] }, 'one or more'],
    ['a grant without an end', { grants: [{ ...grant, maximumMinutes: undefined }] }, 'grants.0'],
    ['a grant of days', { grants: [{ ...grant, maximumMinutes: 1_440 }] }, 'from 1 to 720'],
    ['a role that is no ARN', { emergencyRoles: [{ ...role, roleArn: 'Emergency' }] }, 'ARN of a role'],
    ['another version', { v: 2 }, 'v must be 1'],
    ['a member that is not known', { selfApproval: true }, 'policy'],
    ['no retention', { retentionDays: undefined }, 'policy'],
  ])('is refused with %s', (_what, change, problem) => {
    expect(parsePolicy(JSON.stringify({ ...policy, ...change }))).toEqual({
      ok: false,
      problem: expect.stringContaining(problem),
    });
  });

  it('is refused when it is not JSON', () => {
    expect(parsePolicy('')).toEqual({ ok: false, problem: 'the policy is not JSON' });
    expect(parsePolicy('[]')).toMatchObject({ ok: false });
  });
});
