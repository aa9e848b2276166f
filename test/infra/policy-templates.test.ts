import { describe, expect, it } from 'vitest';
import { fillPolicy } from '../../src/iam/fill-policy.ts';
import { list, type PolicyDocument } from '../../src/iam/policy.ts';
import { fillTemplate, type TemplateNames } from '../../src/lib/fill-template.ts';
import {
  kindOf,
  namesFor,
  type PolicyTemplate,
  policyTemplates,
  readModuleFile,
  readModuleJson,
  templateOf,
} from '../support/policy-templates.ts';

/** The policies that Terraform deploys: whole, documented, and within what AWS takes, for small and large organisations. */
const each = policyTemplates.map((one): [string, PolicyTemplate] => [`${one.module}/${one.name}`, one]);

interface PermissionSet {
  readonly description: string;
  readonly session_minutes: number;
  readonly policies: readonly string[];
  readonly bounded: boolean;
  readonly tier?: number;
}
const access = 'access-account';
const permissionSets = Object.entries(
  readModuleJson(access, 'permission-sets.json') as Readonly<Record<string, PermissionSet>>,
);
const handlers = Object.entries(
  readModuleJson(access, 'handlers.json') as Readonly<
    Record<string, { readonly policies: readonly string[] }>
  >,
);

/** Everything that is one policy of several files. */
const joined: readonly (readonly [whose: string, module: string, files: readonly string[]])[] = [
  ...permissionSets.map(([name, { policies }]) => [name, access, policies] as const),
  ...handlers.map(([name, { policies }]) => [name, access, policies] as const),
  ['the workflow', access, ['workflow', 'workflow-logs']],
  ['an emergency role', 'production-account', ['emergency', 'emergency-guard']],
];
const joinedPolicy = (module: string, files: readonly string[], names: TemplateNames): PolicyDocument =>
  fillPolicy(
    'identity',
    files.map((file) => templateOf(module, file)),
    names,
  );
/** As AWS counts policies of IAM and Identity Center. */
const size = (document: unknown) => JSON.stringify(document).replaceAll(' ', '').length;

describe('every policy', () => {
  it('is seen', () => {
    expect(policyTemplates.length).toBeGreaterThan(45);
  });

  it.each(each)(
    '%s is filled, understood, and says of each statement what it is for',
    (_, { name, template }) => {
      const { Statement } = fillPolicy(kindOf(name), [template], namesFor(3));
      const sids = list(Statement).map(({ Sid }) => Sid ?? '');
      expect(sids.filter((sid) => !/^[A-Za-z0-9]+$/.test(sid))).toEqual([]);
      expect(new Set(sids).size).toBe(sids.length);
      expect(JSON.stringify(template)).not.toMatch(/\d{12}/);
    },
  );

  it.each(each)(
    '%s is in the README, with the names that it takes and no other',
    (_, { module, name, template }) => {
      const rows = readModuleFile(module, 'policies/README.md')
        .split('\n')
        .map((line) => line.split('|').map((cell) => cell.trim()))
        .filter(([, files = '']) => files.split(', ').includes(name));
      expect(rows).toHaveLength(1);
      const documented = [...(rows[0]?.[3] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, word = '']) => word);
      expect(documented.sort()).toEqual(namesIn(template).sort());
    },
  );

  it.each(joined)('%s: no two statements have the same name', (_, module, files) => {
    const sids = list(joinedPolicy(module, files, namesFor(3)).Statement).map(({ Sid }) => Sid);
    expect(sids).toEqual([...new Set(sids)]);
  });
});

describe('what AWS’s own services and defaults can be used for', () => {
  const statements = each.flatMap(([name, { name: file, template }]) =>
    list(fillPolicy(kindOf(file), [template], namesFor(3)).Statement).map((statement) => ({
      name,
      statement,
    })),
  );

  // Lambda says nothing of whom it works for when it becomes a role; and takes no role of another account.
  it('a role that a service becomes is for this account’s own', () => {
    const services = statements.filter(
      ({ name, statement }) =>
        name.endsWith('-trust') &&
        'Service' in Object(statement.Principal) &&
        !name.endsWith('/function-trust'),
    );
    expect(services.length).toBeGreaterThan(2);
    for (const { name, statement } of services)
      expect([name, Object.keys(statement.Condition?.StringEquals ?? {})]).toEqual([
        name,
        ['aws:SourceAccount'],
      ]);
  });

  // Each statement must ask for it, or a shell is opened by naming no document.
  it('whoever starts a session of Session Manager may have its document', () => {
    const starting = statements.filter(
      ({ statement }) =>
        statement.Effect === 'Allow' && list(statement.Action ?? []).includes('ssm:StartSession'),
    );
    expect(starting.length).toBeGreaterThan(2);
    for (const { name, statement } of starting)
      expect([name, statement.Condition?.BoolIfExists]).toEqual([
        name,
        { 'ssm:SessionDocumentAccessCheck': 'true' },
      ]);
  });
});

describe('permission sets', () => {
  it.each(permissionSets)('%s is one that Identity Center takes', (name, set) => {
    expect(name).toMatch(/^[\w+=,.@-]{1,32}$/);
    expect(set.description).toMatch(/^[\u0020-\u007e\u00a0-\u00ff]{1,700}$/);
    expect(set.session_minutes).toBeGreaterThanOrEqual(60);
    expect(set.session_minutes).toBeLessThanOrEqual(720);
    expect(set.policies.length).toBeGreaterThan(0);
    expect(set.tier !== undefined).toBe(set.policies.includes('approver'));
    // What break-glass opens can be ended.
    expect(set.bounded).toBe(name.startsWith('Forge-Prod-'));
  });
});

describe.each([3, 20])('for %i production accounts', (accounts) => {
  const names = namesFor(accounts);

  // IAM Identity Center quotas; IAM quotas: 10,240 characters without white space, for all inline policies of a role.
  it.each(joined)('%s fits into 10,240 characters', (_, module, files) => {
    expect(size(joinedPolicy(module, files, names))).toBeLessThanOrEqual(10_240);
  });

  it.each(each)('%s fits into what it is put on', (_, { module, name, template }) => {
    const filled = fillTemplate(template, names);
    if (kindOf(name) === 'trust') expect(size(filled)).toBeLessThanOrEqual(2_048);
    // A queue's policy has 8,192 bytes, a bus's 10,240, a bucket's 20 KB.
    if (kindOf(name) === 'resource') expect(JSON.stringify(filled).length).toBeLessThanOrEqual(8_192);
    // A managed policy.
    if (name === 'revocations') expect(size(filled)).toBeLessThanOrEqual(6_144);
    // A service control policy, white space and all; Terraform writes it without.
    if (module === 'organization-guard') expect(JSON.stringify(filled).length).toBeLessThanOrEqual(5_120);
  });
});

it('for 21 production accounts the groups are too many, and that is no surprise', () => {
  const requester = permissionSets.find(([name]) => name === 'Forge-BreakGlass-Request')?.[1].policies ?? [];
  expect(size(joinedPolicy(access, requester, namesFor(21)))).toBeGreaterThan(10_240);
  expect(readModuleFile(access, 'policies/README.md')).toContain('room for 100 groups');
});

function namesIn(template: unknown): string[] {
  const found = JSON.stringify(template).matchAll(/(\$?)\$\{([^}]*)\}/g);
  return [...new Set([...found].filter(([, escaped]) => !escaped).map(([, , name = '']) => name))];
}
