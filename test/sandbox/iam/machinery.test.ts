import { describe, expect, it } from 'vitest';
import { fillPolicy } from '../../../src/iam/fill-policy.ts';
import type { PolicyDocument } from '../../../src/iam/policy.ts';
import type { ContextEntries } from '../../../src/iam/request-context.ts';
import { accessNames } from '../../../src/sandbox/break-glass/policy-names.ts';
import type { Role } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { kindOf, templateOf } from '../../support/policy-templates.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/** What the handlers stand on: their buckets, logs, queue and secret, and the roles that start them. */
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const everything: readonly PolicyDocument[] = [
  { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
];
const policy = (name: string) => fillPolicy(kindOf(name), [templateOf('access-account', name)], accessNames);
const handler = (name: string): IssuedKeys =>
  sessionKeys(found(organisation.roles.find((one) => one.name === `forge-breakglass-${name}`)), name);
const role = (
  name: string,
  policies: readonly PolicyDocument[],
  account = accessAccount,
  path = '/',
): IssuedKeys =>
  sessionKeys({ ...identityCenterRole(account, { name: 'x', policies }), name, path } satisfies Role, name);
/** Signed in, with a permission set that allows everything and guards nothing. */
const mighty = (nickname: string): IssuedKeys => {
  const who = found(organisation.people.find((person) => person.nickname === nickname));
  return sessionKeys(
    identityCenterRole(accessAccount, { name: 'Other', policies: everything }),
    who.userName,
    {
      person: who,
    },
  );
};
const userId = (nickname: string) => found(organisation.people.find((one) => one.nickname === nickname)).id;
const bucketOf = (kind: string) =>
  found(organisation.buckets.find(({ name }) => name === `forge-breakglass-${kind}-${accessAccount}`));
const onBucket = (
  keys: IssuedKeys,
  action: string,
  kind: string,
  key: string,
  context: ContextEntries = {},
) => {
  const { name, policy: ofBucket } = bucketOf(kind);
  return bothJudges({
    now,
    keys,
    action: `s3:${action}`,
    resource: `arn:aws:s3:::${name}${key === '' ? '' : `/${key}`}`,
    owner: accessAccount,
    policy: ofBucket,
    context,
  });
};
const once: ContextEntries = { 's3:if-none-match': '*' };

describe('the intake, for whoever may everything else', () => {
  const alex = mighty('alex');
  const [mine, other] = [userId('alex'), userId('mia')];
  it.each([
    `requests/${mine}/BG-1.json`,
    `ends/${mine}/BG-1.json`,
    `runs/${mine}/BG-1.json`,
    `evidence/${mine}/BG-1/000000.jsonl`,
    `decisions/tier1/BG-1/${mine}.json`,
    `kills/BG-1/${mine}.json`,
  ])('takes one’s own %s, once', async (key) => {
    expect(await onBucket(alex, 'PutObject', 'intake', key, once)).toBe('allowed');
    expect(await onBucket(alex, 'PutObject', 'intake', key)).toBe('denied');
  });

  it.each([
    `requests/${other}/BG-1.json`,
    `ends/${other}/BG-1.json`,
    `runs/${other}/BG-1.json`,
    `evidence/${other}/BG-1/000000.jsonl`,
    `decisions/tier1/BG-1/${other}.json`,
    `kills/BG-1/${other}.json`,
    `decisions/${mine}/BG-1/${other}.json`,
    `requests/${mine}`,
    'requests/BG-1.json',
    'other',
  ])('refuses %s', async (key) => {
    expect(await onBucket(alex, 'PutObject', 'intake', key, once)).toBe('denied');
  });

  it('refuses who is no person', async () => {
    const workload = role('billing', everything);
    for (const key of [`requests/${mine}/BG-1.json`, 'requests//BG-1.json', 'decisions/tier1/BG-1/.json'])
      expect(await onBucket(workload, 'PutObject', 'intake', key, once)).toBe('denied');
  });
});

describe('what the handlers know', () => {
  const key = 'policy/0a.json';
  it.each(['recorder', 'revoker', 'sweeper', 'exporter'])(
    'is read by the %s, and no other thing is',
    async (name) => {
      expect(await onBucket(handler(name), 'GetObject', 'configuration', key)).toBe('allowed');
      expect(await onBucket(handler(name), 'GetObject', 'configuration', 'other.json')).toBe('denied');
      expect(await onBucket(handler(name), 'ListBucket', 'configuration', '')).toBe('denied');
      expect(await onBucket(handler(name), 'PutObject', 'configuration', key, once)).toBe('denied');
    },
  );

  it('is written by the pipeline alone', async () => {
    const pipeline = role('forge-terraform', everything);
    for (const action of ['PutObject', 'DeleteObject', 'DeleteObjectVersion']) {
      expect(await onBucket(pipeline, action, 'configuration', key)).toBe('allowed');
      expect(await onBucket(mighty('alex'), action, 'configuration', key, once)).toBe('denied');
      expect(
        await onBucket(
          role('forge-terraform', everything, accessAccount, '/workload/'),
          action,
          'configuration',
          key,
        ),
      ).toBe('denied');
    }
    expect(await onBucket(pipeline, 'PutBucketPolicy', 'configuration', '')).toBe('allowed');
    expect(await onBucket(mighty('alex'), 'PutBucketPolicy', 'configuration', '')).toBe('denied');
  });
});

describe.each(['intake', 'archive', 'configuration'])('how the %s is set', (kind) => {
  const pipeline = role('forge-terraform', everything);

  // What blinds (notifications), lets in (ACLs), locks out (a key of one's own) or takes away (lifecycle, versions).
  it.each([
    ...['Policy', 'Versioning', 'Notification', 'Acl', 'OwnershipControls', 'PublicAccessBlock'].map(
      (what) => `PutBucket${what}`,
    ),
    ...['Encryption', 'Lifecycle', 'Replication', 'Inventory', 'BucketObjectLock'].map(
      (what) => `Put${what}Configuration`,
    ),
    'DeleteBucketPolicy',
    'DeleteBucket',
  ])('is the pipeline’s: %s', async (action) => {
    expect(await onBucket(pipeline, action, kind, '')).toBe('allowed');
    expect(await onBucket(mighty('alex'), action, kind, '')).toBe('denied');
    expect(await onBucket(role('forge-breakglass-recorder', everything), action, kind, '')).toBe('denied');
  });

  it('and no replication writes what nobody wrote here', async () => {
    for (const action of ['ReplicateObject', 'ReplicateDelete'])
      expect(await onBucket(role('replication', everything), action, kind, 'policy/x')).toBe('denied');
  });
});

const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${accessAccount}:${rest}`;
const queue = arn('sqs', 'forge-breakglass-dead-letters');
const lambda = (name: string) => arn('lambda', `function:forge-breakglass-${name}`);
const asWorkflow = role('forge-breakglass-workflow', [policy('workflow')]);
const asScheduler = role('forge-breakglass-scheduler', [policy('scheduler')]);

it.each<['allowed' | 'denied', string, IssuedKeys, string, string]>([
  [
    'allowed',
    'the recorder logs',
    handler('recorder'),
    'logs:PutLogEvents',
    arn('logs', 'log-group:/aws/lambda/forge-breakglass-recorder:log-stream:x'),
  ],
  [
    'denied',
    'the recorder logs as another',
    handler('recorder'),
    'logs:PutLogEvents',
    arn('logs', 'log-group:/aws/lambda/forge-breakglass-revoker:log-stream:x'),
  ],
  [
    'denied',
    'the recorder makes a log group',
    handler('recorder'),
    'logs:CreateLogGroup',
    arn('logs', 'log-group:/aws/lambda/forge-breakglass-recorder'),
  ],
  ['allowed', 'the revoker keeps what failed', handler('revoker'), 'sqs:SendMessage', queue],
  ['denied', 'the revoker takes away what failed', handler('revoker'), 'sqs:DeleteMessage', queue],
  ['denied', 'the revoker sends elsewhere', handler('revoker'), 'sqs:SendMessage', arn('sqs', 'orders')],
  ['allowed', 'the workflow runs the revoker', asWorkflow, 'lambda:InvokeFunction', lambda('revoker')],
  ['denied', 'the workflow runs the sweeper', asWorkflow, 'lambda:InvokeFunction', lambda('sweeper')],
  [
    'denied',
    'the workflow runs another function',
    asWorkflow,
    'lambda:InvokeFunction',
    arn('lambda', 'function:billing'),
  ],
  [
    'denied',
    'the workflow removes somebody',
    asWorkflow,
    'identitystore:DeleteGroupMembership',
    'arn:aws:identitystore:::group/x',
  ],
  ['allowed', 'the schedule runs the sweeper', asScheduler, 'lambda:InvokeFunction', lambda('sweeper')],
  ['denied', 'the schedule runs the revoker', asScheduler, 'lambda:InvokeFunction', lambda('revoker')],
  ['allowed', 'the schedule keeps what failed', asScheduler, 'sqs:SendMessage', queue],
])('%s: %s', async (expected, _, keys, action, resource) => {
  expect(await bothJudges({ now, keys, action, resource, owner: accessAccount })).toBe(expected);
});

describe('the bus', () => {
  const bus = arn('events', 'event-bus/forge-breakglass');
  const put = (keys: IssuedKeys, action = 'events:PutEvents') =>
    bothJudges({ now, keys, action, resource: bus, owner: accessAccount, policy: policy('event-bus') });
  const wealth = '333333333333';

  it('takes events of production’s forwarders', async () => {
    expect(await put(role('ForgeEventForwarder', everything, wealth, '/forge/'))).toBe('allowed');
  });

  it('takes none of whoever else is in production, and none of another account’s forwarder', async () => {
    expect(await put(role('billing', everything, wealth))).toBe('denied');
    expect(await put(role('ForgeEventForwarder', everything, wealth))).toBe('denied');
    expect(await put(role('ForgeEventForwarder', everything, '111111111111', '/forge/'))).toBe('denied');
    expect(
      await put(role('ForgeEventForwarder', everything, wealth, '/forge/'), 'events:DescribeEventBus'),
    ).toBe('denied');
  });
});

describe('the secret of the webhook', () => {
  const secret = arn('secretsmanager', 'secret:forge-breakglass/slack-AbCdEf');
  const ask = (keys: IssuedKeys, action: string) =>
    bothJudges({
      now,
      keys,
      action: `secretsmanager:${action}`,
      resource: secret,
      owner: accessAccount,
      policy: policy('webhook-secret'),
    });

  it('is read by who tells, and set by the pipeline', async () => {
    expect(await ask(handler('recorder'), 'GetSecretValue')).toBe('allowed');
    expect(await ask(handler('sweeper'), 'GetSecretValue')).toBe('allowed');
    expect(await ask(role('forge-terraform', everything), 'PutSecretValue')).toBe('allowed');
  });

  it('is nothing for anybody else, whatever they may', async () => {
    for (const action of [
      'GetSecretValue',
      'PutSecretValue',
      'UpdateSecret',
      'DeleteSecret',
      'PutResourcePolicy',
      'DeleteResourcePolicy',
    ]) {
      expect(await ask(mighty('alex'), action)).toBe('denied');
      expect(await ask(role('forge-breakglass-exporter', everything), action)).toBe('denied');
    }
    expect(await ask(mighty('alex'), 'DescribeSecret')).toBe('allowed');
  });
});
