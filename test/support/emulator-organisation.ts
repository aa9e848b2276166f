import { seedOrganisation } from '../../src/sandbox/seed.ts';
import { askEmulator, askIam, askQuery } from './emulator-calls.ts';
import type { EmulatorShim } from './emulator-shim.ts';

const sandbox = seedOrganisation();
const access = sandbox.storeAccount;

/** What the organisation says beside forge.yaml: infra/root/variables-aws.tf. */
export interface OwnVariables {
  readonly identity_center_instance: string;
  readonly secrets_layer: string;
  readonly vpn_addresses: readonly string[];
  readonly data_buckets: readonly string[];
  readonly auditors: readonly string[];
  readonly killers: readonly string[];
  readonly members: Readonly<Record<string, readonly string[]>>;
  readonly alarm_emails: readonly string[];
}

/** What is there before Terraform comes: Identity Center with its people, AWS's own layer, and databases. */
export async function makeOrganisation(emulator: EmulatorShim): Promise<OwnVariables> {
  const center = await askEmulator<{ Instances: { InstanceArn: string }[] }>(emulator, {
    account: access,
    service: 'sso',
    target: 'SWBExternalService.ListInstances',
    body: {},
  });
  for (const { userName, displayName } of sandbox.people) {
    await askEmulator(emulator, {
      account: access,
      service: 'identitystore',
      target: 'AWSIdentityStore.CreateUser',
      body: {
        IdentityStoreId: sandbox.identityStoreId,
        UserName: userName,
        DisplayName: displayName,
        Name: { GivenName: displayName, FamilyName: displayName },
      },
    });
  }
  // moto looks for a function's layers in the function's own account.
  const layer = await askEmulator<{ LayerVersionArn: string }>(emulator, {
    account: access,
    service: 'lambda',
    path: '/2018-10-31/layers/AWS-Parameters-and-Secrets-Lambda-Extension-Arm64/versions',
    body: { Content: { ZipFile: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==' } },
  });
  await Promise.all([
    ...sandbox.clusters.map(({ account, identifier, tags }) =>
      makeDatabase(emulator, account, identifier, tags),
    ),
    // One that nobody is to reach.
    makeDatabase(emulator, '333333333333', 'nobodys', { 'forge-access': 'no' }),
  ]);
  return {
    identity_center_instance: `${center.Instances[0]?.InstanceArn}`,
    secrets_layer: layer.LayerVersionArn,
    // What the sandbox has too, but for its own network.
    vpn_addresses: ['10.200.0.7/32'],
    data_buckets: ['arn:aws:s3:::tapp-data-*'],
    auditors: ['grp-forge-auditors'],
    killers: ['grp-forge-platform-admins'],
    members: members(),
    alarm_emails: ['platform@tapp.test'],
  };
}

async function makeDatabase(
  emulator: EmulatorShim,
  account: string,
  identifier: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await askQuery(emulator, account, 'rds', {
    Version: '2014-10-31',
    Action: 'CreateDBCluster',
    DBClusterIdentifier: identifier,
    Engine: 'aurora-postgresql',
    MasterUsername: 'owner',
    MasterUserPassword: 'worth-nothing',
    ...Object.fromEntries(
      Object.entries(tags).flatMap(([key, value], index) => [
        [`Tags.Tag.${index + 1}.Key`, key],
        [`Tags.Tag.${index + 1}.Value`, value],
      ]),
    ),
  });
}

/**
 * What is there once permission sets are given: Identity Center makes a role of each in each account, and the sandbox's names
 * are as good as any. And the cluster, which Terraform only lets people into.
 */
export async function makeRolesAndClusters(emulator: EmulatorShim): Promise<void> {
  const made = sandbox.assignments.flatMap(({ permissionSet, account }) =>
    sandbox.roles.filter((role) => role.account === account && isOf(role.name, permissionSet)),
  );
  await Promise.all(
    [...new Set(made)].map(({ account, name, path }) =>
      askIam(emulator, account, {
        Action: 'CreateRole',
        RoleName: name,
        Path: path,
        AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
      }),
    ),
  );
  for (const { account, name, tags } of sandbox.eksClusters) {
    const [roleArn, subnetIds] = [`arn:aws:iam::${account}:role/eks`, ['subnet-a', 'subnet-b']];
    const body = { name, roleArn, tags, resourcesVpcConfig: { subnetIds } };
    await askEmulator(emulator, { account, service: 'eks', path: '/clusters', body });
  }
}

const isOf = (role: string, permissionSet: string) => role.startsWith(`AWSReservedSSO_${permissionSet}_`);

/** Everyday groups only: just-in-time groups are filled by approvers. */
function members(): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { groupId, userId } of sandbox.memberships) {
    const group = sandbox.groups.find(({ id }) => id === groupId)?.name ?? '';
    const user = sandbox.people.find(({ id }) => id === userId)?.userName ?? '';
    found[group] = [...(found[group] ?? []), user];
  }
  return found;
}
