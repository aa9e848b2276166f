import { expect, it } from 'vitest';
import { archive, intake } from '../../../src/sandbox/break-glass/arns.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/** What a handler never does, and what an administrator must not, is no right of theirs. */
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const handler = (name: string): IssuedKeys =>
  sessionKeys(found(organisation.roles.find((one) => one.name === `forge-breakglass-${name}`)), name);
const alex = found(organisation.people.find(({ nickname }) => nickname === 'alex'));
const administrator = sessionKeys(
  identityCenterRole(
    accessAccount,
    found(organisation.permissionSets.find(({ name }) => name === 'Forge-Admin')),
  ),
  alex.userName,
  { person: alex },
);
const webhook = `arn:aws:secretsmanager:us-east-1:${accessAccount}:secret:forge-breakglass/slack-AbCdEf`;
const other = `arn:aws:secretsmanager:us-east-1:${accessAccount}:secret:another-AbCdEf`;
const get = 'secretsmanager:GetSecretValue';

it.each([
  ['the exporter reads evidence', 'denied', handler('exporter'), 's3:GetObject', `${intake}/evidence/x`],
  ['the exporter reads records', 'denied', handler('exporter'), 's3:GetObject', `${archive}/sessions/x`],
  ['the exporter lists', 'denied', handler('exporter'), 's3:ListBucket', archive],
  ['the revoker reads records', 'allowed', handler('revoker'), 's3:GetObject', `${archive}/sessions/x`],
  ['the revoker reads the webhook', 'denied', handler('revoker'), get, webhook],
  ['the recorder reads the webhook', 'allowed', handler('recorder'), get, webhook],
  ['an administrator reads the webhook', 'denied', administrator, get, webhook],
  ['an administrator changes it', 'denied', administrator, 'secretsmanager:PutSecretValue', webhook],
  ['an administrator removes it', 'denied', administrator, 'secretsmanager:DeleteSecret', webhook],
  ['an administrator changes another', 'allowed', administrator, 'secretsmanager:PutSecretValue', other],
] as const)('%s: %s', async (_, expected, keys, action, resource) => {
  expect(await bothJudges({ now, keys, action, resource, owner: accessAccount })).toBe(expected);
});
