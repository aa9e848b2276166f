import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { PolicyDocument } from '../../src/iam/policy.ts';
import { allChecks } from '../../src/infra/all-checks.ts';
import type { Deployment } from '../../src/infra/deployment.ts';
import { readIntent } from '../../src/infra/intent.ts';
import { judgeDeployment } from '../../src/infra/judge-deployment.ts';
import { hostWith } from '../support/config-host.ts';
import { sandboxDeployment } from '../support/sandbox-deployment.ts';

const sample = join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml');

/** Without Terraform: the same templates, rendered for the sandbox, before the same judge. */
describe('what the sandbox is made of, judged as a plan is', async () => {
  const intent = readIntent(await loadConfig(hostWith(), sample));
  if (intent === undefined) throw new Error('the sample has no break-glass');
  const hash = Buffer.alloc(32).toString('base64');
  const results = judgeDeployment(allChecks, {
    deployment: sandboxDeployment(hash),
    intent,
    archiveHash: hash,
  });

  it.each(results.map((result) => [result.id, result] as const))('%s', (_id, result) => {
    const { verdict, who, action, resource, context, expected, found } = result;
    expect({ verdict, who, action, resource, context, expected, found }).toMatchObject({ verdict: 'pass' });
  });

  it('can fail, each of them: where all may do all, where nobody may do anything, where nothing is as it was', () => {
    const good = sandboxDeployment(hash);
    const failed = [almighty(good), powerless(good), upsideDown(good)].flatMap((deployment) =>
      judgeDeployment(allChecks, { deployment, intent, archiveHash: hash })
        .filter(({ verdict }) => verdict === 'fail')
        .map(({ id }) => id),
    );
    expect(allChecks.map(({ id }) => id).filter((id) => !failed.includes(id))).toEqual([]);
  });

  it('is asked more than the issue wants, each question under a name of its own', () => {
    expect(results.length).toBeGreaterThanOrEqual(100);
    expect(new Set(allChecks.map(({ id }) => id)).size).toBe(allChecks.length);
    for (const { title, why, fix } of allChecks)
      expect(Math.min(title.length, why.length, fix.length)).toBeGreaterThan(8);
  });
});

const policy = (Effect: 'Allow' | 'Deny'): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect, Action: '*', Resource: '*' }],
});
const everybody: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
};

/** On whatever it stands, it gives a service what it asks, for whom it asks, and refuses nobody. */
const serviceOfAnybody: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: '*', Resource: '*' },
  ],
};

/** No guard, no condition, no bucket's policy that refuses. */
function almighty(good: Deployment): Deployment {
  // Longer than AWS takes.
  const policies = [policy('Allow'), ...Array.from({ length: 200 }, () => policy('Allow'))];
  return {
    ...good,
    permissionSets: good.permissionSets.map((set) => ({ ...set, policies })),
    roles: good.roles.map((role) => ({ ...role, policies, trust: everybody })),
    users: good.users.map((user) => ({ ...user, policies })),
    buckets: good.buckets.map((bucket) => ({ ...bucket, policy: everybody })),
  };
}

function powerless(good: Deployment): Deployment {
  const policies = [policy('Deny')];
  return {
    ...good,
    permissionSets: good.permissionSets.map((set) => ({ ...set, policies })),
    roles: good.roles.map((role) => ({ ...role, policies })),
    users: good.users.map((user) => ({ ...user, policies })),
  };
}

/** Whatever is no policy: settings, durations, names, rules, assignments. */
function upsideDown(good: Deployment): Deployment {
  const jit = [...good.groups.keys()].filter((name) => name.includes('-jit-'));
  const accounts = [...new Set(good.assignments.map(({ account }) => account))];
  return {
    ...good,
    permissionSets: good.permissionSets
      .filter(({ name }) => !/Request|Approve-tier2|Kill/.test(name))
      .map((set) => ({ ...set, sessionMinutes: 720, boundary: undefined })),
    groups: new Map([...good.groups].filter(([name]) => name !== jit[0])),
    assignments: [
      ...good.assignments,
      ...accounts.map((account) => ({ group: 'somebody', permissionSet: 'Forge-Admin', account })),
      ...jit.map((group) => ({ group, permissionSet: 'Forge-Admin', account: accounts[0] ?? '' })),
    ],
    membershipsOf: jit,
    roles: good.roles.map((role) => ({
      ...role,
      boundary: undefined,
      maxSessionMinutes: 720,
      trust: everybody,
    })),
    users: good.users.map((user) => ({ ...user, path: '/', keys: 1 })),
    managedPolicies: [],
    buckets: good.buckets.map((bucket) => ({
      ...bucket,
      versioned: false,
      lock: undefined,
      closed: false,
      forceDestroy: true,
      expiresAfterDays: 1,
    })),
    resourcePolicies: good.resourcePolicies.map((one) => ({ ...one, document: serviceOfAnybody })),
    placeholders: [{ address: 'aws_iam_role.emergency[0]', text: '203.0.113.7/32' }],
    bucketsTakenAway: ['aws_s3_bucket.bucket["archive"]'],
    functions: good.functions.map((one) => ({ ...one, role: 'shared', codeHash: 'x', environment: {} })),
    rules: good.rules.map((rule) => ({
      ...rule,
      pattern: { 'detail-type': [{ exists: true }] },
      targets: 0,
    })),
    stateMachines: [{ name: 'forge-breakglass-session', definition: { States: {} } }],
    schedules: [],
    alarms: good.alarms.map((alarm) => ({ ...alarm, tells: false })),
    invokers: good.invokers.map((one) => ({ ...one, source: undefined })),
    databases: new Map(),
    sessionDocuments: [],
    clusterEntries: good.clusterEntries.map((entry) => ({
      ...entry,
      principal: `arn:aws:iam::${entry.account}:user/ci`,
    })),
    handlersPolicy: '{}',
  };
}
