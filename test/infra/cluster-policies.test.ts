import { expect, test } from 'vitest';
import permissionSets from '../../infra/modules/access-account/permission-sets.json' with { type: 'json' };
import deployed from '../../infra/modules/cluster-access/cluster-policies.json' with { type: 'json' };
import { productionAccounts } from '../../src/sandbox/seed-accounts.ts';
import { seedEksClusters } from '../../src/sandbox/seed-eks-clusters.ts';

test('what people may do in production’s clusters of the sandbox is what Terraform gives them', () => {
  const all: Readonly<Record<string, { readonly policy: string }>> = {
    ...deployed.permission_sets,
    ...deployed.roles,
  };
  const entries = productionAccounts.flatMap(seedEksClusters).flatMap(({ accessEntries }) => accessEntries);
  expect(entries.length).toBeGreaterThan(3);
  for (const { principalArn, policies } of entries) {
    const name = /(?:AWSReservedSSO_)?([\w-]+?)(?:_[0-9a-f]{16})?$/.exec(
      principalArn.split('/').at(-1) ?? '',
    )?.[1];
    expect({ principalArn, policies: policies.map(({ policy }) => policy) }).toEqual({
      principalArn,
      policies: [all[name ?? '']?.policy],
    });
  }
});

test('clusters know no permission set that there is none of', () => {
  for (const name of Object.keys(deployed.permission_sets)) expect(permissionSets).toHaveProperty(name);
});
