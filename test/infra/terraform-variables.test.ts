import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load-config.ts';
import { terraformVariables } from '../../src/infra/terraform-variables.ts';
import { hostWith } from '../support/config-host.ts';

const sample = readFileSync(join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml'), 'utf8');

/** Variables of samples/forge.yaml after `change`; paths such as `break_glass.tiers.0.role`, undefined takes away. */
async function variablesOf(change: Readonly<Record<string, unknown>> = {}) {
  const file = parse(sample);
  for (const [path, value] of Object.entries(change)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((node, key) => {
      node[key] ??= {};
      return node[key];
    }, file);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  const host = hostWith({ 'forge.yaml': stringify(file) });
  return terraformVariables(await loadConfig(host, undefined));
}

const refusal = (change: Readonly<Record<string, unknown>>) =>
  variablesOf(change).then(
    () => 'nothing',
    (error) => ({ code: error.code, message: error.message }),
  );

describe('the variables of Terraform', () => {
  test('are forge.yaml, in its own words and in minutes', async () => {
    const variables = JSON.parse(JSON.stringify(await variablesOf()));
    expect(variables.identity_center_region).toBe('us-east-1');
    expect(variables.environments).toMatchObject({
      dev: { account: '111111111111', region: 'us-east-1', production: false },
      'prod-wealth': {
        account: '333333333333',
        production: true,
        databases: {
          wealth: {
            user: 'forge_ro',
            role: 'readonly-rds-access',
            write: { user: 'forge_rw', role: 'write-rds-access' },
          },
        },
        clusters: { eks: { cluster: 'prod-wealth-eks' } },
        // The longest that the scenario of instances allows.
        max_session_minutes: 120,
      },
    });
    // What only production has is said of production alone.
    expect(Object.keys(variables.environments.dev)).toEqual([
      'account',
      'region',
      'description',
      'production',
    ]);
    expect(variables.groups['grp-forge-vpn-dev']).toMatchObject({ environments: {}, network: ['dev'] });
    expect(variables.break_glass).toMatchObject({
      account: '999999999999',
      identity_store: 'd-9067f7c0de',
      request_lifetime_minutes: 240,
      channels: { alerts: '#platform-incidents' },
      approvers: { manager: { groups: ['grp-forge-approvers-managers'] } },
      tiers: {
        0: {
          role: 'forge/Forge-Prod-Emergency',
          max_duration_minutes: 60,
          mfa: true,
          mfa_within_minutes: 15,
          ticket: { when: 'after', within_minutes: 60 },
        },
        1: {
          approvers: 'manager',
          scenarios: ['instance', 'database', 'kubernetes', 'console'],
          min_duration_minutes: 120,
          max_duration_minutes: 240,
        },
        3: { user: 'forge/forge-emergency-a', vault_item: 'forge-emergency-a' },
      },
      scenarios: { database: { max_duration_minutes: 120 } },
      records: { archive_bucket: 'forge-breakglass-archive-999999999999', retention_days: 2555 },
    });
  });

  test('limits that are no whole minutes become shorter, the shortest that can be asked for longer', async () => {
    const { break_glass } = await variablesOf({
      'break_glass.tiers.2.max_duration': '1000s',
      'break_glass.tiers.2.min_duration': '905s',
    });
    expect(break_glass).toMatchObject({
      tiers: { 2: { max_duration_minutes: 16, min_duration_minutes: 16 } },
    });
  });

  test('whoever works in an environment may ask where a tier names nobody, else those who are named', async () => {
    const open = await variablesOf();
    expect(open.requesters).toContain('grp-forge-developers');
    expect(open.requesters).not.toContain('grp-forge-vpn-dev');
    const closed = await variablesOf({
      'break_glass.tiers.1.requesters': ['grp-forge-developers'],
      'break_glass.tiers.2.requesters': ['grp-forge-developers'],
    });
    expect(closed.requesters).toEqual(['grp-forge-developers', 'grp-forge-sre-oncall']);
  });

  test('a change under four eyes has its own user, by the role that writes', async () => {
    const { environments } = await variablesOf({
      'environments.prod-wealth.databases.wealth.change': { user: 'forge_change' },
    });
    expect(environments['prod-wealth']?.databases?.wealth?.change).toEqual({
      user: 'forge_change',
      role: 'write-rds-access',
    });
  });

  test('all that is missing is said at once, by its key', async () => {
    expect(
      await refusal({
        'sign_in.region': undefined,
        sign_in: undefined,
        'break_glass.identity_store': undefined,
        'break_glass.audit_permission_set': undefined,
        'break_glass.approvers.manager.permission_set': undefined,
        'break_glass.tiers.0.permission_set': undefined,
        'break_glass.tiers.3.user': undefined,
        'break_glass.scenarios.console.group': undefined,
        'break_glass.records.retention': undefined,
      }),
    ).toEqual({
      code: 'INFRA_INCOMPLETE',
      message:
        'forge.yaml says too little for Terraform. Missing: sign_in.region, break_glass.identity_store, break_glass.audit_permission_set, break_glass.approvers.manager.permission_set, break_glass.tiers."0".permission_set, break_glass.scenarios.console.group, break_glass.tiers."3".user, break_glass.records.retention.',
    });
    expect(await refusal({ break_glass: undefined })).toMatchObject({
      code: 'INFRA_INCOMPLETE',
      message: expect.stringContaining('Missing: break_glass.'),
    });
    expect(await refusal({ 'break_glass.tiers': {} })).toMatchObject({
      message: expect.stringContaining('Missing: break_glass.tiers.'),
    });
  });

  test('without production there is nothing to build', async () => {
    expect(
      await refusal({
        'environments.prod-wealth.production': false,
        'environments.prod-cash.production': false,
        'environments.prod-9squid.production': false,
      }),
    ).toMatchObject({ message: expect.stringContaining('an environment with "production: true"') });
  });

  test('roles that nothing watches, and accounts that two share, are refused', async () => {
    expect(await refusal({ 'break_glass.tiers.0.role': 'Emergency' })).toMatchObject({
      code: 'INFRA_OTHER_ROLE',
      message:
        'break_glass.tiers."0".role is Emergency; the module makes and watches forge/Forge-Prod-Emergency.',
    });
    expect(await refusal({ 'environments.prod-cash.databases.cash.role': 'cash-team' })).toMatchObject({
      code: 'INFRA_OTHER_ROLE',
      message: expect.stringContaining('environments.prod-cash is reached by the role cash-team'),
    });
    expect(await refusal({ 'environments.prod-cash.account': '333333333333' })).toMatchObject({
      code: 'INFRA_SHARED_ACCOUNT',
      message: expect.stringContaining('environments.prod-cash.account is that of environments.prod-wealth'),
    });
    expect(await refusal({ 'environments.prod-cash.account': '999999999999' })).toMatchObject({
      code: 'INFRA_SHARED_ACCOUNT',
      message: expect.stringContaining('is that of break_glass.account'),
    });
  });
});
