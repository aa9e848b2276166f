import { IAMClient } from '@aws-sdk/client-iam';
import { CreateGroupMembershipCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'vitest';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { serviceKeys } from '../../../src/sandbox/break-glass/service-keys.ts';
import { groupId, personId, personKeys } from '../../sandbox/aws/person-keys.ts';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../../sandbox/clients.ts';

/** What somebody has who has a person's credentials and AWS's SDK, and no forge. */
export interface HostileClient extends AsyncDisposable {
  readonly aws: AwsStage;
  /** Role credentials of a person, as the portal gives them; the same ones when asked again. */
  keys(person: string, permissionSet: string, account?: string): Promise<Keys>;
  handler(name: 'recorder' | 'revoker' | 'sweeper' | 'exporter'): Keys;
  store(keys: Keys): IdentitystoreClient;
  s3(keys: Keys): S3Client;
  iam(keys: Keys): IAMClient;
  states(keys: Keys): SFNClient;
  /** Makes somebody a member of a group. */
  add(keys: Keys, person: string, group: string): Promise<string>;
  assume(keys: Keys, input: Partial<AssumeRoleCommandInput>, region?: string): Promise<Keys>;
  /** Writes once, into the bucket for requests or, with `archive`, into the archive. */
  write(
    keys: Keys,
    key: string,
    more?: { body?: string; once?: boolean; archive?: boolean },
  ): Promise<string>;
  user(person: string): string;
}

export const wealth = '333333333333';
export const identityStoreId = 'd-9067f7c0de';
export const databaseGroup = 'grp-forge-jit-tier1-database-prod-wealth';
export const readOnlyGroup = 'grp-forge-jit-tier2-read-only-prod-wealth';
export const request = 'Forge-BreakGlass-Request';
export const approveTier1 = 'Forge-BreakGlass-Approve-tier1';
export const approveTier2 = 'Forge-BreakGlass-Approve-tier2';

export async function startHostileClient(aws?: AwsStage): Promise<HostileClient> {
  const stage = aws ?? (await startAwsStage());
  const config = (keys: Keys, region = 'us-east-1') => ({
    endpoint: stage.endpoint.url,
    region,
    maxAttempts: 1,
    credentials: credentialsOf(keys),
  });
  const issued = new Map<string, Promise<Keys>>();
  const client: HostileClient = {
    aws: stage,
    keys(person, permissionSet, account) {
      const name = `${person} ${permissionSet} ${account}`;
      const keys = issued.get(name) ?? personKeys(stage, person, permissionSet, account);
      issued.set(name, keys);
      return keys;
    },
    handler: (name) => serviceKeys(stage.world, `forge-breakglass-${name}`),
    store: (keys) => new IdentitystoreClient(config(keys)),
    s3: (keys) => new S3Client({ ...config(keys), forcePathStyle: true }),
    iam: (keys) => new IAMClient(config(keys)),
    states: (keys) => new SFNClient(config(keys)),
    async add(keys, person, group) {
      const { MembershipId = '' } = await client.store(keys).send(
        new CreateGroupMembershipCommand({
          IdentityStoreId: identityStoreId,
          GroupId: groupId(stage, group),
          MemberId: { UserId: personId(stage, person) },
        }),
      );
      return MembershipId;
    },
    async assume(keys, input, region) {
      const { Credentials } = await new STSClient(config(keys, region)).send(
        new AssumeRoleCommand({ RoleSessionName: 'somebody', RoleArn: '', ...input }),
      );
      const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = Credentials ?? {};
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    },
    async write(keys, Key, { body = '{"v":1}', once = true, archive = false } = {}) {
      const { VersionId = '' } = await client.s3(keys).send(
        new PutObjectCommand({
          Bucket: archive ? archiveBucket : intakeBucket,
          Key,
          Body: body,
          ChecksumAlgorithm: 'SHA256',
          ...(once ? { IfNoneMatch: '*' } : {}),
        }),
      );
      return VersionId;
    },
    user: (person) => personId(stage, person),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
  return client;
}

/** By AWS's policies, for this very action: not a mistake of the call, and no other refusal. */
export async function expectDenied(attempt: Promise<unknown>, action: string, why = ''): Promise<void> {
  const { name, message } = await failureOf(attempt);
  expect({ name, message }).toEqual({
    name: expect.stringMatching(/^AccessDenied(Exception)?$/),
    message: expect.stringContaining(`is not authorized to perform: ${action} on resource: `),
  });
  expect(message).toContain(why);
}
