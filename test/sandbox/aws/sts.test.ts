import { randomBytes } from 'node:crypto';
import { GetRoleCredentialsCommand } from '@aws-sdk/client-sso';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../../src/iam/policy.ts';
import type { Role } from '../../../src/sandbox/organisation.ts';
import { totpCode, totpStep } from '../../../src/sandbox/totp.ts';
import { type AwsStage, failureOf, type Keys, startAwsStage } from '../clients.ts';

const dev = '111111111111';
const prod = '333333333333';
const developerRole = `arn:aws:iam::${dev}:role/developer-rds-access`;
const offlineRole = `arn:aws:iam::${dev}:role/Forge-Offline-ReadOnly`;

let stage: AwsStage;
beforeEach(async () => {
  stage = await startAwsStage();
});
afterEach(() => stage.endpoint.close());

async function roleKeys(person: string, roleName: string, accountId = dev): Promise<Keys> {
  const { accessToken } = await stage.signIn(person);
  const found = await stage.sso().send(new GetRoleCredentialsCommand({ accessToken, accountId, roleName }));
  return found.roleCredentials as Keys;
}

function addRole(parts: Partial<Role> & { trust: Role['trust'] }): string {
  const role: Role = {
    account: dev,
    name: 'extra',
    path: '/',
    id: 'AROAEXTRAEXTRAEXTRA1',
    policies: [],
    maxSessionSeconds: 43_200,
    tags: {},
    ...parts,
  };
  stage.world.organisation.roles.push(role);
  return `arn:aws:iam::${role.account}:role${role.path}${role.name}`;
}

const trusts = (
  AWS: string,
  action: string | string[] = 'sts:AssumeRole',
  Condition: PolicyStatement['Condition'] = {},
): Role['trust'] => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { AWS }, Action: action, Condition },
});

const assume = async (keys: Keys, input: Partial<AssumeRoleCommandInput> = {}) => {
  const reply = await stage
    .sts(keys)
    .send(new AssumeRoleCommand({ RoleArn: developerRole, RoleSessionName: 'test', ...input }));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = reply.Credentials ?? {};
  return {
    reply,
    keys: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    expiration: Expiration,
  };
};
const refusal = (keys: Keys, input: Partial<AssumeRoleCommandInput>) => failureOf(assume(keys, input));
const code = () => totpCode(secret(), totpStep(stage.world.now()));
const secret = () =>
  stage.world.organisation.users.find((user) => user.name === 'offline')?.mfa?.secret ?? '';
const serial = 'arn:aws:iam::999999999999:mfa/offline';

describe('GetCallerIdentity', () => {
  it('names IAM users and role sessions', async () => {
    expect(await stage.sts(stage.world.userKeys('ci')).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: dev,
      Arn: `arn:aws:iam::${dev}:user/ci`,
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{16}$/),
    });
    const { keys } = await assume(stage.world.userKeys('ci'));
    expect(await stage.sts(keys).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: `arn:aws:sts::${dev}:assumed-role/developer-rds-access/test`,
      UserId: expect.stringMatching(/^AROA[A-Z2-7]{16}:test$/),
    });
  });

  it('refuses a wrong secret, unknown keys, a foreign token and expired ones, by AWS’s names', async () => {
    const good = stage.world.userKeys('ci');
    const whoAmI = (keys: Keys) => failureOf(stage.sts(keys).send(new GetCallerIdentityCommand({})));
    expect(await whoAmI({ ...good, secretAccessKey: 'wrong' })).toMatchObject({
      name: 'SignatureDoesNotMatch',
      status: 403,
    });
    expect(await whoAmI({ ...good, accessKeyId: 'AKIAABCDEFGHIJKLMNOP' })).toMatchObject({
      name: 'InvalidClientTokenId',
      status: 403,
    });
    expect(await whoAmI({ ...good, sessionToken: 'x' })).toMatchObject({ name: 'InvalidClientTokenId' });
    const one = (await assume(good)).keys;
    const other = (await assume(good)).keys;
    expect(await whoAmI({ ...one, sessionToken: other.sessionToken })).toMatchObject({
      name: 'InvalidClientTokenId',
    });
    stage.world.setClockOffset(3601_000);
    const late = stage.sts(one);
    late.config.systemClockOffset = 3601_000;
    expect(await failureOf(late.send(new GetCallerIdentityCommand({})))).toMatchObject({
      name: 'ExpiredToken',
      status: 403,
    });
  });

  it('tells a client with a wrong clock', async () => {
    stage.world.setClockOffset(16 * 60_000);
    const { name, message } = await failureOf(
      stage.sts(stage.world.userKeys('ci')).send(new GetCallerIdentityCommand({})),
    );
    expect(name).toBe('SignatureDoesNotMatch');
    expect(message).toMatch(/^Signature expired: \d{8}T\d{6}Z is now earlier than /);
  });
});

describe('AssumeRole', () => {
  it.each<[string, Partial<AssumeRoleCommandInput>, string, string]>([
    [
      'a session name with a space',
      { RoleSessionName: 'a b' },
      'ValidationError',
      "Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ],
    [
      'a session name of one character',
      { RoleSessionName: 'a' },
      'ValidationError',
      'Member must have length greater than or equal to 2',
    ],
    [
      'a session name of 65',
      { RoleSessionName: 'a'.repeat(65) },
      'ValidationError',
      'Member must have length less than or equal to 64',
    ],
    [
      'no session name',
      { RoleSessionName: undefined },
      'ValidationError',
      "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null",
    ],
    ['a source identity with a slash', { SourceIdentity: 'a/b' }, 'ValidationError', "'sourceIdentity'"],
    [
      '14 minutes',
      { DurationSeconds: 899 },
      'ValidationError',
      'Member must have value greater than or equal to 900',
    ],
    [
      'over 12 hours',
      { DurationSeconds: 43_201 },
      'ValidationError',
      'Member must have value less than or equal to 43200',
    ],
    [
      'more than the role’s maximum',
      { DurationSeconds: 3601 },
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    ],
    [
      'an ARN of something else',
      { RoleArn: `arn:aws:iam::${dev}:user/somebody` },
      'ValidationError',
      'is invalid',
    ],
    [
      'a role that is not there',
      { RoleArn: `arn:aws:iam::${dev}:role/other-rds-access` },
      'AccessDenied',
      `User: arn:aws:iam::${dev}:user/ci is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${dev}:role/other-rds-access`,
    ],
    [
      'a role that does not trust',
      { RoleArn: `arn:aws:iam::${prod}:role/readonly-rds-access` },
      'AccessDenied',
      'is not authorized to perform: sts:AssumeRole',
    ],
    [
      'MFA of a user without a device',
      { SerialNumber: 'arn:aws:iam::1:mfa/ci', TokenCode: '123456' },
      'AccessDenied',
      'MultiFactorAuthentication failed, unable to validate MFA code',
    ],
    [
      'a token code of letters',
      { SerialNumber: 'arn:aws:iam::1:mfa/ci', TokenCode: 'abcdef' },
      'ValidationError',
      "'tokenCode'",
    ],
    [
      'a policy that is none',
      { Policy: '{"Statement":{}}' },
      'MalformedPolicyDocument',
      'Syntax errors in policy.',
    ],
    [
      'a policy that is too long',
      { Policy: 'x'.repeat(2049) },
      'ValidationError',
      'Member must have length less than or equal to 2048',
    ],
    [
      'a policy ARN that is not there',
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/Nothing' }] },
      'ValidationError',
      'does not exist',
    ],
    [
      'tags twice over, but for case',
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'A', Value: '2' },
        ],
      },
      'InvalidParameterValue',
      'Duplicate tag keys found',
    ],
    ['a reserved tag', { Tags: [{ Key: 'aws:x', Value: '1' }] }, 'InvalidParameterValue', 'aws:'],
    [
      'a transitive key without its tag',
      { TransitiveTagKeys: ['x'] },
      'InvalidParameterValue',
      'must be included',
    ],
  ])('refuses %s', async (_name, input, name, words) => {
    const failure = await refusal(stage.world.userKeys('ci'), input);
    expect(failure.name.replace(/Exception$/, '')).toBe(name);
    expect(failure.message).toContain(words);
  });

  it('refuses a person whose permission set the role does not trust, and one whose permission set may not assume', async () => {
    const quinn = await roleKeys('quinn', 'Forge-QA-ReadOnly');
    expect((await refusal(quinn, {})).name).toBe('AccessDenied');
    await assume(quinn, { RoleArn: `arn:aws:iam::${dev}:role/readonly-rds-access` });
    const bo = await roleKeys('bo', 'Forge-DataAnalyst', prod);
    expect((await refusal(bo, { RoleArn: `arn:aws:iam::${prod}:role/readonly-rds-access` })).name).toBe(
      'AccessDenied',
    );
  });

  it('never lets anyone into an Identity Center role', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    const role = stage.world.organisation.roles.find(
      ({ name, account }) => name.startsWith('AWSReservedSSO_Forge-Admin') && account === dev,
    );
    expect(
      (await refusal(dana, { RoleArn: `arn:aws:iam::${dev}:role${role?.path}${role?.name}` })).name,
    ).toBe('AccessDenied');
  });

  it('holds role chaining to one hour', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    const RoleArn = addRole({ trust: trusts(dev) });
    expect(await refusal(dana, { RoleArn, DurationSeconds: 3601 })).toMatchObject({
      name: 'ValidationError',
      message:
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    });
    const { expiration } = await assume(dana, { RoleArn, DurationSeconds: 3600 });
    expect(Math.abs((expiration?.getTime() ?? 0) - Date.now() - 3600_000)).toBeLessThan(20_000);
  });

  it('wants sts:SetSourceIdentity from the trust policy and from the caller', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    const RoleArn = addRole({ trust: trusts(dev) });
    expect(await refusal(dana, { RoleArn, SourceIdentity: 'dana' })).toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('sts:SetSourceIdentity'),
    });
    const ci = stage.world.userKeys('ci');
    const open = addRole({
      name: 'open',
      trust: trusts(`arn:aws:iam::${dev}:user/ci`, [
        'sts:AssumeRole',
        'sts:SetSourceIdentity',
        'sts:TagSession',
      ]),
    });
    // ci's own policy knows only *-rds-access: naming the user opens AssumeRole within the account, no more.
    expect((await assume(ci, { RoleArn: open })).keys.accessKeyId).toMatch(/^ASIA/);
    expect((await refusal(ci, { RoleArn: open, SourceIdentity: 'ci' })).message).toContain(
      'sts:SetSourceIdentity',
    );
    expect((await refusal(ci, { RoleArn: open, Tags: [{ Key: 'a', Value: 'b' }] })).message).toContain(
      'sts:TagSession',
    );
  });

  it('carries the source identity down the chain and lets nobody change it', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    const chain = ['sts:AssumeRole', 'sts:SetSourceIdentity'];
    const policies = [
      { Version: '2012-10-17', Statement: { Effect: 'Allow' as const, Action: 'sts:*', Resource: '*' } },
    ];
    const RoleArn = addRole({ name: 'second', trust: trusts(dev, chain) });
    const closed = addRole({ name: 'closed', trust: trusts(dev) });
    const first = addRole({ name: 'first', trust: trusts(dev, chain), policies });
    const { keys } = await assume(dana, { RoleArn: first, SourceIdentity: 'dana@tapp.example' });
    expect((await assume(keys, { RoleArn })).reply.SourceIdentity).toBe('dana@tapp.example');
    expect((await refusal(keys, { RoleArn, SourceIdentity: 'sam@tapp.example' })).name).toBe('AccessDenied');
    // Inherited counts as set: a role that does not allow it can't be reached any more.
    expect((await refusal(keys, { RoleArn: closed })).message).toContain('sts:SetSourceIdentity');
  });

  it('lets production writers in under their own name only', async () => {
    await stage.admin('POST', 'assign', {
      person: 'sam',
      account: prod,
      permissionSet: 'Forge-Prod-Database',
    });
    const sam = await roleKeys('sam', 'Forge-Prod-Database', prod);
    const RoleArn = `arn:aws:iam::${prod}:role/write-rds-access`;
    expect((await refusal(sam, { RoleArn })).name).toBe('AccessDenied');
    expect((await refusal(sam, { RoleArn, SourceIdentity: 'dana@tapp.example' })).name).toBe('AccessDenied');
    expect((await assume(sam, { RoleArn, SourceIdentity: 'sam@tapp.example' })).reply.SourceIdentity).toBe(
      'sam@tapp.example',
    );
  });

  it('checks the external id and other conditions of the trust policy', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    const RoleArn = addRole({
      trust: trusts(dev, 'sts:AssumeRole', { StringEquals: { 'sts:ExternalId': 'secret-id' } }),
    });
    expect((await refusal(dana, { RoleArn })).name).toBe('AccessDenied');
    expect((await refusal(dana, { RoleArn, ExternalId: 'other-id' })).name).toBe('AccessDenied');
    await assume(dana, { RoleArn, ExternalId: 'secret-id' });
  });

  it('hands on transitive tags, which nobody can set again', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    const actions = ['sts:AssumeRole', 'sts:TagSession'];
    const policies = [
      { Version: '2012-10-17', Statement: { Effect: 'Allow' as const, Action: '*', Resource: '*' } },
    ];
    const first = addRole({ name: 'first', trust: trusts(dev, actions), policies });
    const RoleArn = addRole({
      name: 'second',
      trust: trusts(dev, actions, { StringEquals: { 'aws:PrincipalTag/ticket': 'INC-1' } }),
    });
    const Tags = [
      { Key: 'ticket', Value: 'INC-1' },
      { Key: 'other', Value: 'x' },
    ];
    const { keys, reply } = await assume(dana, { RoleArn: first, Tags, TransitiveTagKeys: ['ticket'] });
    expect(reply.PackedPolicySize).toBeGreaterThan(0);
    const next = await assume(keys, { RoleArn });
    const principal = stage.world.keys.find(next.keys.accessKeyId)?.principal;
    expect(principal).toMatchObject({ tags: { ticket: 'INC-1' }, transitiveTagKeys: ['ticket'] });
    expect((await refusal(keys, { RoleArn, Tags: [{ Key: 'Ticket', Value: 'INC-2' }] })).message).toContain(
      'conflicts with a transitive tag key',
    );
  });

  it('narrows by session policy: both must allow', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 'rds-db:connect', Resource: '*' },
    });
    const { keys } = await assume(stage.world.userKeys('ci'), { Policy });
    const issued = stage.world.keys.find(keys.accessKeyId);
    if (!issued) throw new Error('not issued');
    const connect = (user: string) =>
      stage.world.authorize(
        issued,
        'rds-db:connect',
        `arn:aws:rds-db:us-east-1:${dev}:dbuser:cluster-X/${user}`,
      );
    expect(connect('developer')).toEqual({ allowed: true });
    expect(connect('postgres')).toEqual({
      allowed: false,
      because: 'because no identity-based policy allows the rds-db:connect action',
    });
    expect(stage.world.authorize(issued, 'rds:DescribeDBClusters', '*')).toEqual({
      allowed: false,
      because: 'because no session policy allows the rds:DescribeDBClusters action',
    });
    const random = Array.from({ length: 40 }, (_, index) => ({
      Key: `k${index}`,
      Value: randomBytes(60).toString('hex'),
    }));
    expect((await refusal(stage.world.userKeys('ci'), { Tags: random })).name).toBe(
      'PackedPolicyTooLargeException',
    );
  });

  it('writes what CloudTrail would, and no secret', async () => {
    await assume(stage.world.userKeys('ci'), { SourceIdentity: 'ci-job' });
    const event = stage.world.events.all().findLast(({ name }) => name === 'AssumeRole');
    expect(event).toMatchObject({
      service: 'sts',
      account: dev,
      principal: `arn:aws:iam::${dev}:user/ci`,
      parameters: { roleArn: developerRole, roleSessionName: 'test', sourceIdentity: 'ci-job' },
      errorCode: undefined,
    });
    await refusal(stage.world.userKeys('offline'), {
      RoleArn: offlineRole,
      SerialNumber: serial,
      TokenCode: '000000',
    });
    const failed = stage.world.events.all().findLast(({ name }) => name === 'AssumeRole');
    expect(failed?.errorCode).toBe('AccessDenied');
    const all = JSON.stringify(stage.world.events.all());
    for (const issued of stage.world.keys.all()) {
      expect(all).not.toContain(issued.secretAccessKey);
      if (issued.sessionToken) expect(all).not.toContain(issued.sessionToken);
    }
    expect(all).not.toContain('000000"');
  });
});

describe('MFA', () => {
  const input = { RoleArn: offlineRole, SourceIdentity: 'sam', SerialNumber: serial, DurationSeconds: 7200 };

  it('opens the offline role, for two hours, once a code', async () => {
    const offline = stage.world.userKeys('offline');
    expect((await refusal(offline, { RoleArn: offlineRole, SourceIdentity: 'sam' })).name).toBe(
      'AccessDenied',
    );
    const TokenCode = code();
    await assume(offline, { ...input, TokenCode });
    expect(await refusal(offline, { ...input, TokenCode })).toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('invalid MFA one time pass code'),
    });
    stage.world.setClockOffset(30_000);
    await assume(offline, { ...input, TokenCode: code() });
  });

  it('refuses old codes, wrong devices and a missing half', async () => {
    const offline = stage.world.userKeys('offline');
    const old = totpCode(secret(), totpStep(stage.world.now()) - 2);
    expect((await refusal(offline, { ...input, TokenCode: old })).name).toBe('AccessDenied');
    expect((await refusal(offline, { ...input, SerialNumber: `${serial}2`, TokenCode: code() })).name).toBe(
      'AccessDenied',
    );
    expect((await refusal(offline, input)).name).toBe('AccessDenied');
  });

  it('counts through GetSessionToken too, whose keys can do little else with STS', async () => {
    const offline = stage.world.userKeys('offline');
    const reply = await stage
      .sts(offline)
      .send(new GetSessionTokenCommand({ SerialNumber: serial, TokenCode: code() }));
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = reply.Credentials ?? {};
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    await assume(keys, { RoleArn: offlineRole, SourceIdentity: 'sam' });
    expect((await failureOf(stage.sts(keys).send(new GetSessionTokenCommand({})))).name).toBe('AccessDenied');
    const without = await stage.sts(offline).send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    const plain = {
      accessKeyId: without.Credentials?.AccessKeyId ?? '',
      secretAccessKey: without.Credentials?.SecretAccessKey ?? '',
      sessionToken: without.Credentials?.SessionToken,
    };
    expect((await refusal(plain, { RoleArn: offlineRole, SourceIdentity: 'sam' })).name).toBe('AccessDenied');
  });

  it('is not to be had from a role', async () => {
    const dana = await roleKeys('dana', 'Forge-Developer');
    expect((await refusal(dana, { SerialNumber: serial, TokenCode: code() })).message).toContain(
      'unable to validate MFA code',
    );
    expect((await failureOf(stage.sts(dana).send(new GetSessionTokenCommand({})))).name).toBe('AccessDenied');
  });
});

describe('the query protocol', () => {
  it('names unknown and missing actions and unsigned calls', async () => {
    const post = (body: string) =>
      fetch(stage.endpoint.url, { method: 'POST', body: new URLSearchParams(body) });
    const reply = await post('Action=GetCallerIdentity&Version=2011-06-15');
    expect([reply.status, await reply.text()]).toEqual([
      403,
      expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
    ]);
    expect(reply.headers.get('content-type')).toBe('text/xml');
  });
});
