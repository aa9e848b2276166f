import { describe, expect, it } from 'vitest';
import type { ContextEntries } from '../../../src/iam/request-context.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/** Power in dev and qa: to give their programs the roles that are made for programs, and no others. */
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const dev = '111111111111';
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const person = (nickname: string, set: string): IssuedKeys => {
  const who = found(organisation.people.find((entry) => entry.nickname === nickname));
  const permissionSet = found(organisation.permissionSets.find(({ name }) => name === set));
  return sessionKeys(identityCenterRole(dev, permissionSet), who.userName, { person: who });
};
const sets = [
  ['dana', 'Forge-Developer'],
  ['quinn', 'Forge-QA'],
  ['nico', 'Forge-9Squid'],
  ['sam', 'Forge-SRE'],
] as const;
const role = (name: string) => `arn:aws:iam::${dev}:role/${name}`;
const to = (service: string): ContextEntries => ({ 'iam:PassedToService': `${service}.amazonaws.com` });

describe.each(sets)('%s with %s', (nickname, set) => {
  const keys = person(nickname, set);
  const ask = (action: string, resource: string, context: ContextEntries = {}) =>
    bothJudges({ now, keys, action, resource, owner: dev, context });

  it.each(['lambda', 'ecs-tasks', 'ec2', 'pods.eks', 'states', 'scheduler', 'events'])(
    'gives a workload role to %s',
    async (service) => {
      expect(await ask('iam:PassRole', role('workload/billing'), to(service))).toBe('allowed');
    },
  );

  it.each<[string, string, ContextEntries]>([
    ['role of forge', 'forge/ForgeAuditCutTail', to('lambda')],
    ['handler’s role', 'forge-breakglass-revoker', to('lambda')],
    ['pipeline’s role', 'forge-terraform', to('lambda')],
    ['role outside of the path', 'billing-admin', to('lambda')],
    ['role whose path begins so', 'workloads/billing', to('lambda')],
    ['database role', 'write-rds-access', to('lambda')],
    ['service’s own role', 'aws-service-role/x', to('lambda')],
    ['workload role to Identity Center', 'workload/billing', to('sso')],
    ['workload role to a service nobody named', 'workload/billing', to('glue')],
    ['workload role to no service', 'workload/billing', {}],
  ])('gives no %s', async (_, name, context) => {
    expect(await ask('iam:PassRole', role(name), context)).toBe('denied');
  });

  it('makes and changes no role', async () => {
    for (const action of ['CreateRole', 'PutRolePolicy', 'AttachRolePolicy', 'UpdateAssumeRolePolicy'])
      expect(await ask(`iam:${action}`, role('workload/billing'))).toBe('denied');
    expect(await ask('iam:GetRole', role('workload/billing'))).toBe('allowed');
  });

  it('works, and leaves forge alone', async () => {
    expect(await ask('lambda:CreateFunction', `arn:aws:lambda:us-east-1:${dev}:function:billing`)).toBe(
      'allowed',
    );
    expect(await ask('sts:AssumeRole', role('forge/x'))).toBe('denied');
    expect(await ask('sts:AssumeRole', role('forge-terraform'))).toBe('denied');
    expect(await ask('s3:GetObject', 'arn:aws:s3:::forge-breakglass-archive-999999999999/sessions/x')).toBe(
      'denied',
    );
    expect(await ask('rds-db:connect', `arn:aws:rds-db:us-east-1:${dev}:dbuser:x/forge_rw`)).toBe('denied');
  });
});
