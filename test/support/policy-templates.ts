import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyKind } from '../../src/iam/parse-policy.ts';
import type { TemplateNames } from '../../src/lib/fill-template.ts';
import { accessNames, productionNames, ssoRoles } from '../../src/sandbox/break-glass/policy-names.ts';

/** The policies as Terraform finds them: every file of infra/modules/<module>/policies. */
const modules = join(import.meta.dirname, '..', '..', 'infra', 'modules');

export interface PolicyTemplate {
  readonly module: string;
  /** Its file's, without `.json`. */
  readonly name: string;
  readonly template: unknown;
}

export const policyTemplates: readonly PolicyTemplate[] = readdirSync(modules).flatMap((module) =>
  filesOf(module).map((file) => ({
    module,
    name: file.slice(0, -'.json'.length),
    template: readModuleJson(module, `policies/${file}`),
  })),
);

export function readModuleFile(module: string, file: string): string {
  return readFileSync(join(modules, module, file), 'utf8');
}

export function readModuleJson(module: string, file: string): unknown {
  return JSON.parse(readModuleFile(module, file));
}

export function templateOf(module: string, name: string): unknown {
  const found = policyTemplates.find((one) => one.module === module && one.name === name);
  if (found === undefined) throw new Error(`${module} has no policy ${name}`);
  return found.template;
}

export function kindOf(name: string): PolicyKind {
  if (name.endsWith('-trust')) return 'trust';
  return ['-bucket', 'dead-letters', 'alerts', 'event-bus', 'webhook-secret'].some((end) =>
    name.endsWith(end),
  )
    ? 'resource'
    : 'identity';
}

/** What an organisation with so many production accounts puts in: five just-in-time groups each, one of them tier 2's. */
export function namesFor(accounts: number): TemplateNames {
  const group = (index: number) =>
    `arn:aws:identitystore:::group/9067f7c0de-00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const groups = Array.from({ length: accounts * 5 }, (_, index) => group(index));
  const production = Array.from({ length: accounts }, (_, index) => String(300_000_000_000 + index));
  const account = production[0] ?? '';
  return {
    ...productionNames({ id: account }),
    ...accessNames,
    jit_groups: groups,
    tier: '1',
    tier_groups: groups.slice(0, accounts * 4),
    forwarding_accounts: production.map((id) => `arn:aws:iam::${id}:root`),
    vpn_addresses: ['198.51.100.0/24', '203.0.113.0/24', '192.0.2.0/24'],
    function: 'forge-breakglass-recorder',
    callers: ssoRoles(account, ['Forge-Admin', 'Forge-Prod-Database', 'Forge-Prod-ReadOnly']),
    database_users: ['forge_ro', 'forge_rw'].map(
      (user) => `arn:aws:rds-db:us-east-1:${account}:dbuser:cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ/${user}`,
    ),
    ...guardNames,
  };
}

/** Of the organisation's guard. */
export const guardNames = {
  pipeline_roles: ['arn:aws:iam::*:role/forge-terraform'],
  database_roles: ['readonly', 'write'].map((name) => `arn:aws:iam::*:role/${name}-rds-access`),
  approver_roles: ['', '*/'].map(
    (path) =>
      `arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/${path}AWSReservedSSO_Forge-BreakGlass-Approve-*_*`,
  ),
} satisfies TemplateNames;

function filesOf(module: string): readonly string[] {
  try {
    return readdirSync(join(modules, module, 'policies')).filter((file) => file.endsWith('.json'));
  } catch {
    return [];
  }
}
