import { describe, expect, it } from 'vitest';
import type { PolicyDocument } from '../../../src/iam/policy.ts';
import type { ContextEntries } from '../../../src/iam/request-context.ts';
import { type IamUser, type Role, roleArn, userArn } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/**
 * Production trusts the access account's roles by name, with the account as Principal: whatever else is in that account, with
 * whatever power, is as much a stranger as before.
 */
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const wealth = '333333333333';
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const role = (name: string, account = accessAccount): Role =>
  found(organisation.roles.find((entry) => entry.name === name && entry.account === account));
const everything: readonly PolicyDocument[] = [
  { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
];
const session = (of: Role) => sessionKeys(of, 'session');
/** Its own policies are no obstacle: only the other side can say no. */
const mighty = (of: Role) => session({ ...of, policies: everything });
const handler = (name: string) => mighty(role(`forge-breakglass-${name}`));
const alex = found(organisation.people.find(({ nickname }) => nickname === 'alex'));
const strangers: readonly (readonly [who: string, keys: IssuedKeys])[] = [
  [
    'an administrator there whom nothing guards',
    sessionKeys(
      { ...identityCenterRole(accessAccount, { name: 'Forge-Admin', policies: everything }) },
      alex.userName,
      { person: alex },
    ),
  ],
  ['the recorder', handler('recorder')],
  [
    'a role whose name ends so',
    mighty({ ...role('forge-breakglass-revoker'), path: '/workload/', name: 'forge-breakglass-revoker' }),
  ],
  [
    'a role whose name begins so',
    mighty({ ...role('forge-breakglass-revoker'), name: 'forge-breakglass-revoker-2' }),
  ],
  [
    'a role of that name in another account',
    mighty({ ...role('forge-breakglass-revoker'), account: '444444444444' }),
  ],
  [
    'a role of that name in production itself',
    mighty({ ...role('forge-breakglass-revoker'), account: wealth }),
  ],
];

const assume = (keys: IssuedKeys, to: Role, action = 'AssumeRole', context: ContextEntries = {}) =>
  bothJudges({
    now,
    keys,
    action: `sts:${action}`,
    resource: roleArn(to),
    owner: to.account,
    role: to,
    context,
  });

describe.each([
  ['ForgeAuditCutTail', ['revoker', 'sweeper'], ['recorder', 'exporter']],
  ['ForgeAuditRead', ['exporter', 'sweeper'], ['recorder', 'revoker']],
] as const)('%s', (name, trusted, others) => {
  const target = role(name, wealth);

  it.each(trusted)('is what the %s becomes', async (caller) => {
    expect(await assume(session(role(`forge-breakglass-${caller}`)), target)).toBe('allowed');
  });

  it.each(others)('is nothing for the %s', async (caller) => {
    expect(await assume(handler(caller), target)).toBe('denied');
  });

  it.each(strangers)('is nothing for %s', async (_, keys) => {
    expect(await assume(keys, target)).toBe('denied');
  });

  it.each(trusted)('carries no name and no tag that the %s chooses', async (caller) => {
    expect(await assume(handler(caller), target, 'SetSourceIdentity', { 'sts:SourceIdentity': 'x' })).toBe(
      'denied',
    );
    expect(await assume(handler(caller), target, 'TagSession', { 'aws:TagKeys': ['x'] })).toBe('denied');
  });
});

it.each([
  ['allowed', 'cloudtrail:LookupEvents'],
  // What programs and people log is nothing that the exporter asks for.
  ['denied', 'logs:GetLogEvents'],
  ['denied', 'logs:FilterLogEvents'],
  ['denied', 'ssm:DescribeSessions'],
] as const)('reading an account’s trail is no more than that: %s, %s', async (expected, action) => {
  const keys = session(role('ForgeAuditRead', wealth));
  expect(await bothJudges({ now, keys, action, resource: '*', owner: wealth })).toBe(expected);
});

it('ForgeAuditRead of the access account itself is for the same two', async () => {
  expect(await assume(session(role('forge-breakglass-sweeper')), role('ForgeAuditRead'))).toBe('allowed');
  expect(await assume(handler('recorder'), role('ForgeAuditRead'))).toBe('denied');
});

describe('Forge-BreakGlass-Offline', () => {
  const target = role('Forge-BreakGlass-Offline', wealth);
  const emergency = found(organisation.users.find(({ name }) => name === 'forge-emergency-a'));
  const asked: ContextEntries = {
    'aws:RequestedRegion': 'us-east-1',
    'sts:SourceIdentity': 'sam+sven',
    'aws:RequestTag/forge:tier': '3',
    'aws:RequestTag/forge:incident': 'INC-1',
    'aws:RequestTag/forge:reason': 'Identity Center is down',
    'aws:TagKeys': ['forge:tier', 'forge:incident', 'forge:reason', 'forge:id'],
  };
  /** Keys of a user who gave a code a minute ago. */
  const withCode = (user: IamUser): IssuedKeys => ({
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: '',
    sessionToken: 'token',
    issuedAt: now - 60_000,
    expiresAt: undefined,
    principal: {
      kind: 'user',
      account: user.account,
      arn: userArn(user),
      userId: user.id,
      mfaAt: now - 60_000,
      user,
    },
  });
  const actions = ['AssumeRole', 'SetSourceIdentity', 'TagSession'];

  it.each(actions)('%s is the offline user’s', async (action) => {
    expect(await assume(withCode(emergency), target, action, asked)).toBe('allowed');
  });

  it.each<[string, IamUser]>([
    ['another user there', { ...emergency, name: 'offline', path: '/', policies: everything }],
    ['a user of that name without the path', { ...emergency, path: '/', policies: everything }],
    [
      'a user of that name in another account',
      { ...emergency, account: '444444444444', policies: everything },
    ],
    [
      'the next offline user, before production knows it',
      { ...emergency, name: 'forge-emergency-b', policies: everything },
    ],
  ])('is nothing for %s, with a code', async (_, user) => {
    for (const action of actions) expect(await assume(withCode(user), target, action, asked)).toBe('denied');
  });

  it.each(strangers)('is nothing for %s', async (_, keys) => {
    for (const action of actions) expect(await assume(keys, target, action, asked)).toBe('denied');
  });

  it.each<[string, ContextEntries]>([
    ['one name', { 'sts:SourceIdentity': 'sam' }],
    ['another region', { 'aws:RequestedRegion': 'eu-west-1' }],
    ['no reason', { 'aws:RequestTag/forge:reason': '' }],
    ['no incident', { 'aws:RequestTag/forge:incident': undefined }],
    ['another tier', { 'aws:RequestTag/forge:tier': '0' }],
  ])('is nothing with %s', async (_, change) => {
    expect(await assume(withCode(emergency), target, 'AssumeRole', { ...asked, ...change })).toBe('denied');
  });

  it('is nothing without a code, or with an old one', async () => {
    const keys = withCode(emergency);
    const given = (mfaAt: number | undefined) =>
      ({ ...keys, principal: { ...keys.principal, mfaAt } }) as IssuedKeys;
    expect(await assume(given(undefined), target, 'AssumeRole', asked)).toBe('denied');
    expect(await assume(given(now - 901_000), target, 'AssumeRole', asked)).toBe('denied');
  });
});
