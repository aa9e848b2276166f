import { derivedId } from './issued-keys.ts';
import type { Cluster } from './organisation.ts';
import { region } from './seed-accounts.ts';

/** What databases and clusters of production carry that people get into: the default of infra/root's `access_tag`. */
export const accessTag = { 'forge-access': 'break-glass' } as const;

/** What Terraform looks up there: resource ids of an account's databases that carry the tag. */
export const taggedDatabases = (account: string): readonly string[] =>
  seedDatabases()
    .filter((cluster) => cluster.account === account && isTagged(cluster.tags))
    .map(({ resourceId }) => resourceId)
    .toSorted();

const isTagged = (tags: Readonly<Record<string, string>>): boolean =>
  Object.entries(accessTag).every(([key, value]) => tags[key] === value);

/** One an account, from the start. */
export function seedDatabases(): Cluster[] {
  return [
    cluster('dev-shop', '111111111111', 'shop_dev'),
    cluster('qa-shop', '222222222222', 'shop_qa'),
    cluster('prod-wealth', '333333333333', 'wealth'),
    cluster('prod-cash', '444444444444', 'cash'),
    cluster('prod-9squid', '555555555555', 'ninesquid'),
  ];
}

function cluster(identifier: string, accountId: string, databaseName: string): Cluster {
  const name = (kind: string) => `${identifier}.${kind}c9forge0abcd.${region}.rds.amazonaws.com`;
  const resource = (kind: string, of: string) => `${kind}-${derivedId('', of).slice(0, 26)}`;
  const production = identifier.startsWith('prod-');
  return {
    identifier,
    account: accountId,
    region,
    endpoint: name('cluster-'),
    readerEndpoint: name('cluster-ro-'),
    customEndpoints: [],
    port: 5432,
    resourceId: resource('cluster', `${identifier}-cluster-resource`),
    databaseName,
    engineVersion: '16.6',
    iamEnabled: true,
    tags: production ? accessTag : {},
    instances: [1, 2].map((number) => ({
      identifier: `${identifier}-${number}`,
      endpoint: `${identifier}-${number}.c9forge0abcd.${region}.rds.amazonaws.com`,
      resourceId: resource('db', `${identifier}-${number}`),
      writer: number === 1,
    })),
    databaseUsers: [
      ...(production ? [] : [{ name: 'developer', access: 'read-write' as const, rdsIam: true }]),
      { name: 'forge_ro', access: 'read-only', rdsIam: true },
      { name: 'forge_rw', access: 'read-write', rdsIam: true },
      { name: 'noiam', access: 'read-only', rdsIam: false },
    ],
  };
}
