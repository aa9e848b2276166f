import {
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyBucket } from '../../../src/sandbox/aws/s3/bucket.ts';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { accessAccount, region } from '../../../src/sandbox/seed-accounts.ts';
import { failureOf, type Keys } from '../../sandbox/clients.ts';
import {
  approveTier1,
  approveTier2,
  expectDenied,
  type HostileClient,
  request,
  startHostileClient,
  wealth,
} from './hostile-client.ts';

/** The archive: the recorder writes, once, and nobody takes anything away. */
let client: HostileClient;
let people: Readonly<Record<string, Keys>>;
let recorder: Keys;
let Key: string;
let VersionId: string;
let number = 0;
beforeAll(async () => {
  client = await startHostileClient();
  const onCall = await client.keys('sam', 'Forge-SRE-OnCall', wealth);
  people = {
    'a requester': await client.keys('dana', request),
    'a manager': await client.keys('mia', approveTier1),
    'a senior engineer': await client.keys('sven', approveTier2),
    'a developer': await client.keys('dana', 'Forge-Developer', '111111111111'),
    'who is on call': onCall,
    'an administrator': await client.keys('alex', 'Forge-Admin'),
    'an administrator of production': await client.keys('alex', 'Forge-Admin', wealth),
    'the emergency role': await client.assume(onCall, {
      RoleArn: `arn:aws:iam::${wealth}:role/forge/Forge-Prod-Emergency`,
      SourceIdentity: client.user('sam'),
      Tags: [
        { Key: 'forge:tier', Value: '0' },
        { Key: 'forge:incident', Value: 'INC-1' },
        { Key: 'forge:reason', Value: 'Site down' },
      ],
    }),
    'a workload with all of S3': await workload(),
    'the revoker': client.handler('revoker'),
    'the sweeper': client.handler('sweeper'),
    'the exporter': client.handler('exporter'),
  };
  recorder = client.handler('recorder');
  client.aws.world.organisation.buckets.push(
    emptyBucket({
      name: 'tapp-reports',
      account: accessAccount,
      region,
      objectLock: undefined,
      policy: undefined,
    }),
  );
});
afterAll(() => client[Symbol.asyncDispose]());
beforeEach(async () => {
  Key = `sessions/BG-${++number}/000000.json`;
  VersionId = await client.write(recorder, Key, { archive: true });
});

const Version = '2012-10-17';
const who = [
  'a requester',
  'a manager',
  'a senior engineer',
  'a developer',
  'who is on call',
  'an administrator',
  'an administrator of production',
  'the emergency role',
  'a workload with all of S3',
  'the revoker',
  'the sweeper',
  'the exporter',
];
/** A role of the access account that no guard of a permission set binds. */
async function workload(): Promise<Keys> {
  const name = 'backup';
  const { world } = client.aws;
  world.organisation.roles.push({
    account: accessAccount,
    name,
    path: '/workload/',
    id: 'AROABACKUP2345672345',
    maxSessionSeconds: 3600,
    tags: {},
    policies: [{ Version, Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } }],
    trust: {
      Version,
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accessAccount}:root` },
        Action: 'sts:AssumeRole',
      },
    },
  });
  const RoleArn = `arn:aws:iam::${accessAccount}:role/workload/${name}`;
  return client.assume(await client.keys('alex', 'Forge-Admin'), { RoleArn });
}
const keysOf = (name: string): Keys => people[name] ?? expect.fail(`no ${name}`);
const object = () => ({ Bucket: archiveBucket, Key });
const versions = () =>
  client.aws.world.organisation.buckets.find(({ name }) => name === archiveBucket)?.objects.get(Key);

describe.each(who)('%s', (name) => {
  it('writes no record, no file of a session and no line of the ledger', async () => {
    for (const key of [
      `sessions/BG-${number}/000001.json`,
      `sessions/BG-${number}/files/cloudtrail-000001.jsonl`,
      'ledger/2026-11-21/000000.json',
      'anything',
    ]) {
      await expectDenied(client.write(keysOf(name), key, { archive: true }), 's3:PutObject');
      await expectDenied(client.write(keysOf(name), key, { archive: true, once: false }), 's3:PutObject');
    }
    await client.write(recorder, `sessions/BG-${number}/000001.json`, { archive: true });
  });

  it('overwrites and deletes no record, nor puts a marker on it', async () => {
    const s3 = client.s3(keysOf(name));
    await expectDenied(client.write(keysOf(name), Key, { archive: true, once: false }), 's3:PutObject');
    await expectDenied(s3.send(new DeleteObjectCommand(object())), 's3:DeleteObject');
    await expectDenied(
      s3.send(new DeleteObjectCommand({ ...object(), VersionId })),
      's3:DeleteObjectVersion',
    );
    await expectDenied(
      s3.send(new DeleteObjectCommand({ ...object(), VersionId, BypassGovernanceRetention: true })),
      's3:DeleteObjectVersion',
    );
    expect(versions()).toMatchObject([{ versionId: VersionId, deleteMarker: false }]);
  });

  it('changes no lock', async () => {
    const s3 = client.s3(keysOf(name));
    const before = versions()?.[0]?.retention;
    expect(before).toMatchObject({ mode: 'COMPLIANCE' });
    for (const Mode of ['GOVERNANCE', 'COMPLIANCE'] as const)
      for (const BypassGovernanceRetention of [true, undefined])
        await expectDenied(
          s3.send(
            new PutObjectRetentionCommand({
              ...object(),
              Retention: { Mode, RetainUntilDate: new Date(Date.now() + 86_400_000) },
              BypassGovernanceRetention,
            }),
          ),
          's3:PutObjectRetention',
        );
    await expectDenied(
      s3.send(new PutObjectLegalHoldCommand({ ...object(), LegalHold: { Status: 'OFF' } })),
      's3:PutObjectLegalHold',
    );
    expect(versions()?.[0]?.retention).toEqual(before);
  });

  it('changes nothing of what guards the buckets', async () => {
    const s3 = client.s3(keysOf(name));
    for (const Bucket of [archiveBucket, intakeBucket]) {
      const calls: readonly (readonly [() => Promise<unknown>, string])[] = [
        [() => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' })), 'PutBucketPolicy'],
        [() => s3.send(new DeleteBucketPolicyCommand({ Bucket })), 'DeleteBucketPolicy'],
        [
          () =>
            s3.send(
              new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
            ),
          'PutBucketVersioning',
        ],
        [
          () => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: {} })),
          'PutBucketObjectLockConfiguration',
        ],
        [() => s3.send(new DeleteBucketCommand({ Bucket })), 'DeleteBucket'],
      ];
      for (const [call, action] of calls) await expectDenied(call(), `s3:${action}`);
    }
  });
});

describe('the recorder', () => {
  it('itself writes a record once, and takes none away', async () => {
    const s3 = client.s3(recorder);
    expect((await failureOf(client.write(recorder, Key, { archive: true, body: 'other' }))).name).toBe(
      'PreconditionFailed',
    );
    await expectDenied(client.write(recorder, Key, { archive: true, once: false }), 's3:PutObject');
    await expectDenied(s3.send(new DeleteObjectCommand(object())), 's3:DeleteObject');
    await expectDenied(
      s3.send(new DeleteObjectCommand({ ...object(), VersionId })),
      's3:DeleteObjectVersion',
    );
    const days = (count: number) => new Date(Date.now() + count * 86_400_000);
    await expectDenied(
      s3.send(
        new PutObjectRetentionCommand({
          ...object(),
          Retention: { Mode: 'COMPLIANCE', RetainUntilDate: days(1) },
        }),
      ),
      's3:PutObjectRetention',
    );
    await expectDenied(
      s3.send(
        new PutObjectCommand({
          ...object(),
          Key: `sessions/BG-${number}/000002.json`,
          Body: '{}',
          IfNoneMatch: '*',
          ChecksumAlgorithm: 'SHA256',
          ObjectLockMode: 'GOVERNANCE',
          ObjectLockRetainUntilDate: days(1),
        }),
      ),
      's3:PutObjectRetention',
    );
    expect(versions()).toHaveLength(1);
    await client.write(recorder, `sessions/BG-${number}/000001.json`, { archive: true });
  });
});

describe('what is guarded is these buckets', () => {
  it.each(['an administrator', 'a workload with all of S3'])(
    '%s can set up every other one, and read the records',
    async (name) => {
      const s3 = client.s3(keysOf(name));
      // Past IAM: the sandbox's own buckets are set for good.
      const Bucket = 'tapp-reports';
      for (const call of [
        () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' })),
        () => s3.send(new DeleteBucketPolicyCommand({ Bucket })),
        () =>
          s3.send(
            new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
          ),
        () => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: {} })),
        () => s3.send(new DeleteBucketCommand({ Bucket })),
      ])
        expect((await failureOf(call())).name).toBe('NotImplemented');
      const { Body } = await s3.send(new GetObjectCommand(object()));
      expect(await Body?.transformToString()).toBe('{"v":1}');
    },
  );

  it('reads no record without being one, and who may stop somebody reads records alone', async () => {
    for (const name of ['a requester', 'a developer', 'the emergency role'])
      await expectDenied(client.s3(keysOf(name)).send(new GetObjectCommand(object())), 's3:GetObject');
    await client.s3(keysOf('a manager')).send(new GetObjectCommand(object()));
    const version = new GetObjectCommand({ ...object(), VersionId: 'x' });
    await expectDenied(client.s3(keysOf('a manager')).send(version), 's3:GetObjectVersion');
  });
});
