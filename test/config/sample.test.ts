import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { createTestHost } from '../support/test-host.ts';

const sample = join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml');

test("the sample carries the organisation's policy", async () => {
  using host = disposable();
  const config = await loadConfig(host.value, sample);
  expect([...config.environments.keys()]).toEqual(['dev', 'qa', 'prod-wealth', 'prod-cash', 'prod-9squid']);
  expect(config.signIn).toEqual({
    startUrl: 'https://d-9067f7c0de.awsapps.com/start',
    region: 'us-east-1',
    session: 'tapp',
    scopes: ['sso:account:access'],
  });
  const dev = config.environments.get('dev');
  expect(dev).toMatchObject({
    account: '111111111111',
    production: false,
    permissionSet: 'Forge-Developer',
    permissionSets: ['Forge-Developer', 'Forge-Admin', 'Forge-QA-ReadOnly', 'Forge-9Squid', 'Forge-SRE'],
    groups: ['grp-forge-developers'],
    networkGroups: ['grp-forge-vpn-dev'],
  });
  expect(dev?.databases.get('shop')).toEqual({
    name: 'shop',
    environment: 'dev',
    description: undefined,
    locator: { kind: 'cluster', identifier: 'dev-shop' },
    endpoint: 'writer',
    port: undefined,
    database: 'shop_dev',
    user: 'developer',
    role: {
      roleArn: 'arn:aws:iam::111111111111:role/developer-rds-access',
      externalId: undefined,
      mfaSerial: undefined,
      durationSeconds: 3600,
    },
    write: undefined,
    change: undefined,
    address: undefined,
    ca: undefined,
    maskedColumns: [],
  });
  expect(config.environments.get('prod-cash')).toMatchObject({ production: true, permissionSet: undefined });
  const tiers = [...(config.breakGlass?.tiers.values() ?? [])];
  expect(tiers.map((tier) => [tier.name, tier.permissionSet, tier.approval, tier.maximumSeconds])).toEqual([
    ['0', 'Forge-SRE-OnCall', 'self-serve', 3600],
    ['1', undefined, 'approver', 14_400],
    ['2', 'Forge-Prod-ReadOnly', 'approver', 14_400],
    ['3', undefined, 'two-people', 14_400],
  ]);
  const scenarios = [...(config.breakGlass?.scenarios.values() ?? [])];
  expect(scenarios.map((scenario) => [scenario.name, scenario.maximumSeconds])).toEqual([
    ['instance', 7200],
    ['database', 7200],
    ['kubernetes', 7200],
    ['console', 14_400],
  ]);
  expect(config.breakGlass?.channels).toEqual(
    new Map([
      ['requests', '#platform-support'],
      ['alerts', '#platform-incidents'],
    ]),
  );
});

function disposable() {
  const value = createTestHost();
  return { value, [Symbol.dispose]: () => value.dispose() };
}
