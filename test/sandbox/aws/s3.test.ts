import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectRetentionCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { serviceKeys } from '../../../src/sandbox/break-glass/service-keys.ts';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../clients.ts';
import { personId, personKeys } from './person-keys.ts';

let stage: AwsStage;
let dana: S3Client;
let recorder: S3Client;
let mine: string;
beforeEach(async () => {
  stage = await startAwsStage();
  dana = client(await personKeys(stage, 'dana', 'Forge-BreakGlass-Request'));
  recorder = client(serviceKeys(stage.world, 'forge-breakglass-recorder'));
  mine = `requests/${personId(stage, 'dana')}`;
});
afterEach(() => stage[Symbol.asyncDispose]());

const client = (keys: Keys, config: S3ClientConfig = {}) =>
  new S3Client({
    endpoint: stage.endpoint.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: credentialsOf(keys),
    ...config,
  });
const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  new PutObjectCommand({ Bucket: intakeBucket, Key, Body: '{"v":1}', IfNoneMatch: '*', ...more });
const record = (Key: string, Body = '{}') =>
  new PutObjectCommand({ Bucket: archiveBucket, Key, Body, IfNoneMatch: '*' });

describe('writing once', () => {
  it('keeps the first, and says 412 to every other', async () => {
    const first = await dana.send(put(`${mine}/BG-1.json`));
    expect(first).toMatchObject({ ChecksumCRC32: expect.any(String), VersionId: expect.any(String) });
    expect(await failureOf(dana.send(put(`${mine}/BG-1.json`, { Body: 'other' })))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    });
    const { Body, VersionId } = await dana.send(
      new GetObjectCommand({ Bucket: intakeBucket, Key: `${mine}/BG-1.json` }),
    );
    expect(await Body?.transformToString()).toBe('{"v":1}');
    expect(VersionId).toBe(first.VersionId);
  });

  it('lets one of many at once through; the others hear 409 or 412', async () => {
    const writes = Array.from({ length: 8 }, (_, index) =>
      dana.send(put(`${mine}/BG-2.json`, { Body: String(index) })),
    );
    const results = await Promise.allSettled(writes);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(['ConditionalRequestConflict', 'PreconditionFailed']).toContain(result.reason.name);
      }
    }
    expect(bucket(intakeBucket).objects.get(`${mine}/BG-2.json`)).toHaveLength(1);
  });

  it('says 409 to a write that began before the other was done', async () => {
    const rest = new EventEmitter();
    const started = new EventEmitter();
    async function* slowly() {
      yield Buffer.from('slow');
      const finish = once(rest, 'finish');
      started.emit('started');
      await finish;
      yield Buffer.from('slow');
    }
    const begun = once(started, 'started');
    const Body = Readable.from(slowly());
    const slow = failureOf(dana.send(put(`${mine}/BG-3.json`, { Body, ContentLength: 8 })));
    await begun;
    // Two answers later the server has long had the headers of the first.
    await failureOf(dana.send(new HeadObjectCommand({ Bucket: intakeBucket, Key: `${mine}/BG-3.json` })));
    await dana.send(put(`${mine}/BG-3.json`));
    rest.emit('finish');
    expect(await slow).toMatchObject({ name: 'ConditionalRequestConflict', status: 409 });
  });

  it('is the only way to write; and If-None-Match knows nothing but *', async () => {
    expect(await failureOf(dana.send(put(`${mine}/x.json`, { IfNoneMatch: undefined })))).toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('explicit deny in a resource-based policy'),
    });
    expect((await failureOf(dana.send(put(`${mine}/x.json`, { IfNoneMatch: '"etag"' })))).name).toBe(
      'NotImplemented',
    );
  });

  it('goes on after a delete marker, but the first version stays', async () => {
    const first = await recorder.send(record('sessions/BG-1/000000.json', 'first'));
    bucket(archiveBucket).objects.get('sessions/BG-1/000000.json')?.unshift(marker());
    const second = await recorder.send(record('sessions/BG-1/000000.json', 'second'));
    const { Versions, DeleteMarkers } = await recorder.send(
      new ListObjectVersionsCommand({ Bucket: archiveBucket, Prefix: 'sessions/BG-1/' }),
    );
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [second.VersionId, true],
      [first.VersionId, false],
    ]);
    expect(DeleteMarkers).toHaveLength(1);
  });
});

describe('payloads', () => {
  it.each([['CRC32'], ['CRC32C'], ['CRC64NVME'], ['SHA1'], ['SHA256']] as const)(
    'with %s are checked, as a header and as a trailer',
    async (ChecksumAlgorithm) => {
      const text = 'ü'.repeat(100_000);
      await dana.send(put(`${mine}/h.json`, { Body: text, ChecksumAlgorithm }));
      const Body = Readable.from([Buffer.from(text.slice(0, 70_000)), Buffer.from(text.slice(70_000))]);
      const length = Buffer.byteLength(text);
      await dana.send(put(`${mine}/t.json`, { Body, ContentLength: length, ChecksumAlgorithm }));
      for (const Key of [`${mine}/h.json`, `${mine}/t.json`]) {
        const { Body: found } = await dana.send(new GetObjectCommand({ Bucket: intakeBucket, Key }));
        expect((await found?.transformToString()) === text).toBe(true);
      }
    },
  );

  it('are refused when a checksum is another’s', async () => {
    const wrong = put(`${mine}/x.json`, { ChecksumSHA256: Buffer.alloc(32).toString('base64') });
    expect(await failureOf(dana.send(wrong))).toMatchObject({ name: 'BadDigest', status: 400 });
    const md5 = put(`${mine}/x.json`, { ContentMD5: Buffer.alloc(16).toString('base64') });
    expect((await failureOf(dana.send(md5))).name).toBe('BadDigest');
    expect(bucket(intakeBucket).objects.size).toBe(0);
  });

  it('are refused unsigned, and by keys that are unknown or over', async () => {
    const url = `${stage.endpoint.url}/${intakeBucket}/${mine}/x.json`;
    const anonymous = await fetch(url, { method: 'PUT', body: '{}', headers: { 'if-none-match': '*' } });
    expect(anonymous.status).toBe(403);
    expect(await anonymous.text()).toContain('<Code>AccessDenied</Code>');
    const unknown = client({ accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' });
    expect((await failureOf(unknown.send(put('x')))).name).toBe('InvalidAccessKeyId');
    stage.world.setClockOffset(9 * 3600_000);
    const clock = client(await lastKeys(), { systemClockOffset: 9 * 3600_000 });
    expect((await failureOf(clock.send(put('x')))).name).toBe('ExpiredToken');
  });
});

describe('reading', () => {
  it('gives what, a part, and a version', async () => {
    const Key = `${mine}/a b+c ü%.json`;
    const { VersionId } = await dana.send(
      put(Key, { Body: '0123456789', ContentType: 'application/json', Metadata: { who: 'dana' } }),
    );
    const head = await dana.send(new HeadObjectCommand({ Bucket: intakeBucket, Key, VersionId }));
    expect(head).toMatchObject({
      ContentLength: 10,
      ContentType: 'application/json',
      Metadata: { who: 'dana' },
      LastModified: expect.any(Date),
    });
    const part = await dana.send(new GetObjectCommand({ Bucket: intakeBucket, Key, Range: 'bytes=2-4' }));
    expect([await part.Body?.transformToString(), part.ContentRange]).toEqual(['234', 'bytes 2-4/10']);
    const beyond = new GetObjectCommand({ Bucket: intakeBucket, Key, Range: 'bytes=10-' });
    expect(await failureOf(dana.send(beyond))).toMatchObject({ name: 'InvalidRange', status: 416 });
  });

  it('says that nothing is there only to who may list', async () => {
    const missing = new GetObjectCommand({ Bucket: intakeBucket, Key: `${mine}/none.json` });
    expect((await failureOf(recorder.send(missing))).name).toBe('NoSuchKey');
    // May list under prefixes only, and a GET has no prefix.
    expect((await failureOf(dana.send(missing))).name).toBe('AccessDenied');
    const version = { Bucket: intakeBucket, Key: `${mine}/none.json`, VersionId: 'none' };
    expect((await failureOf(recorder.send(new GetObjectCommand(version)))).name).toBe('NoSuchVersion');
    const elsewhere = new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' });
    expect((await failureOf(recorder.send(elsewhere))).name).toBe('NoSuchBucket');
  });

  it('lists in the order of bytes, by prefix, delimiter and page', async () => {
    const names = ['a/1', 'a/2', 'b', 'b/1', 'ü', 'z&<', '\u{1f680}', '\uff5e'];
    for (const name of names) await dana.send(put(`${mine}/${name}`));
    const list = (more: object) =>
      recorder.send(new ListObjectsV2Command({ Bucket: intakeBucket, Prefix: `${mine}/`, ...more }));
    const short = (text = '') => text.slice(mine.length + 1);
    expect((await list({})).Contents?.map(({ Key }) => short(Key))).toEqual(
      [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    const grouped = await list({ Delimiter: '/' });
    expect(grouped.CommonPrefixes?.map(({ Prefix }) => short(Prefix))).toEqual(['a/', 'b/']);
    expect(grouped.Contents?.map(({ Key }) => short(Key))).toEqual(['b', 'z&<', 'ü', '\uff5e', '\u{1f680}']);
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({ Delimiter: '/', MaxKeys: 2, ContinuationToken });
      found.push(...(page.Contents ?? []).map(({ Key }) => short(Key)));
      found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => short(Prefix)));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(found.sort()).toEqual(['a/', 'b', 'b/', 'z&<', 'ü', '\u{1f680}', '\uff5e'].sort());
    const everything = new ListObjectsV2Command({ Bucket: intakeBucket });
    expect((await failureOf(dana.send(everything))).name).toBe('AccessDenied');
  });

  it('lists versions in pages', async () => {
    for (const name of ['1', '2', '3']) await recorder.send(record(`sessions/x/${name}`));
    const found: (string | undefined)[] = [];
    let at: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await recorder.send(
        new ListObjectVersionsCommand({ Bucket: archiveBucket, MaxKeys: 2, ...at }),
      );
      found.push(...(page.Versions ?? []).map(({ Key }) => Key));
      if (!page.IsTruncated) break;
      at = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    expect(found).toEqual(['sessions/x/1', 'sessions/x/2', 'sessions/x/3']);
  });
});

describe('the lock', () => {
  const Key = 'sessions/BG-1/000000.json';
  const at = { Bucket: archiveBucket, Key };

  it('is COMPLIANCE for seven years by default, and only ever gets longer', async () => {
    const { VersionId } = await recorder.send(record(Key));
    const { Retention } = await recorder.send(new GetObjectRetentionCommand({ ...at, VersionId }));
    expect(Retention?.Mode).toBe('COMPLIANCE');
    const until = Retention?.RetainUntilDate?.getTime() ?? 0;
    expect(until - stage.world.now()).toBeGreaterThan(2554 * 86_400_000);
    // Somebody whom the bucket's policy does not stop: the lock itself must.
    const root = client(openBucket());
    const change = (time: number, Mode: 'COMPLIANCE' | 'GOVERNANCE' = 'COMPLIANCE', bypass = false) =>
      root.send(
        new PutObjectRetentionCommand({
          ...at,
          VersionId,
          BypassGovernanceRetention: bypass,
          Retention: { Mode, RetainUntilDate: new Date(time) },
        }),
      );
    expect((await failureOf(change(until - 86_400_000))).name).toBe('AccessDenied');
    expect((await failureOf(change(until - 86_400_000, 'COMPLIANCE', true))).name).toBe('AccessDenied');
    expect((await failureOf(change(until, 'GOVERNANCE', true))).name).toBe('AccessDenied');
    await change(until + 86_400_000);
    const remove = { ...at, VersionId };
    expect(await failureOf(root.send(new DeleteObjectCommand(remove)))).toMatchObject({
      name: 'AccessDenied',
      message: 'Access Denied because object protected by object lock.',
    });
    const bypassed = new DeleteObjectCommand({ ...remove, BypassGovernanceRetention: true });
    expect((await failureOf(root.send(bypassed))).name).toBe('AccessDenied');
    await root.send(new DeleteObjectCommand(at));
    expect((await failureOf(root.send(new GetObjectCommand(at)))).name).toBe('NoSuchKey');
    expect(await root.send(new GetObjectCommand(remove))).toMatchObject({ VersionId });
    stage.world.setClockOffset(until + 2 * 86_400_000 - Date.now());
    const later = client(openBucket(), { systemClockOffset: until + 2 * 86_400_000 - Date.now() });
    await later.send(new DeleteObjectCommand(remove));
    expect(bucket(archiveBucket).objects.get(Key)).toHaveLength(1);
  });

  it('is the recorder’s alone to write under: not administrators’, not the other handlers’', async () => {
    const alex = client(await personKeys(stage, 'alex', 'Forge-Admin'));
    for (const other of [
      alex,
      dana,
      ...['revoker', 'sweeper', 'exporter'].map((name) =>
        client(serviceKeys(stage.world, `forge-breakglass-${name}`)),
      ),
    ]) {
      expect((await failureOf(other.send(record(Key)))).name).toBe('AccessDenied');
    }
    await recorder.send(record(Key));
    expect((await failureOf(recorder.send(record('elsewhere/x.json')))).name).toBe('AccessDenied');
    for (const other of [alex, recorder]) {
      expect((await failureOf(other.send(new DeleteObjectCommand(at)))).name).toBe('AccessDenied');
    }
  });
});

it('says how a bucket is set to auditors, and to no requester; nobody changes it', async () => {
  const noor = client(await personKeys(stage, 'noor', 'Forge-BreakGlass-Audit'));
  const Bucket = archiveBucket;
  expect(await noor.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: 'Enabled' });
  expect(
    (await noor.send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration,
  ).toEqual({ ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2555 } } });
  const on = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  const open = await noor.send(new GetPublicAccessBlockCommand({ Bucket }));
  expect(open.PublicAccessBlockConfiguration).toEqual(on);
  const denied = [
    failureOf(dana.send(new GetBucketVersioningCommand({ Bucket }))),
    failureOf(dana.send(new GetObjectLockConfigurationCommand({ Bucket }))),
    failureOf(dana.send(new GetPublicAccessBlockCommand({ Bucket }))),
    failureOf(noor.send(new DeletePublicAccessBlockCommand({ Bucket }))),
    failureOf(
      noor.send(
        new PutPublicAccessBlockCommand({
          Bucket,
          PublicAccessBlockConfiguration: { ...on, BlockPublicPolicy: false },
        }),
      ),
    ),
  ];
  for (const attempt of await Promise.all(denied))
    expect(attempt).toMatchObject({ name: 'AccessDenied', status: 403 });
});

it('fails as it was ordered to, in S3’s own form', async () => {
  const order = {
    service: 's3',
    operation: 'PutObject',
    status: 503,
    error: 'SlowDown',
    message: 'Reduce it.',
  };
  expect((await stage.admin('POST', 'faults', order)).status).toBe(200);
  expect(await failureOf(dana.send(put(`${mine}/x.json`)))).toMatchObject({
    name: 'SlowDown',
    status: 503,
    message: 'Reduce it.',
  });
  await dana.send(put(`${mine}/x.json`));
});

it('records a write as CloudTrail’s data event would', async () => {
  const Key = `${mine}/BG-1.json`;
  const { VersionId } = await dana.send(put(Key));
  expect(stage.world.events.all().at(-1)).toMatchObject({
    service: 's3',
    name: 'PutObject',
    account: '999999999999',
    parameters: { bucketName: intakeBucket, key: Key, 'if-none-match': '*' },
    response: { 'x-amz-version-id': VersionId },
    additional: { bytesTransferredIn: 7 },
    resources: [
      { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::${intakeBucket}/${Key}`, accountId: '999999999999' },
      { type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${intakeBucket}` },
    ],
  });
});

function bucket(name: string) {
  const found = stage.world.organisation.buckets.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no bucket ${name}`);
  return found;
}

function marker() {
  return {
    versionId: 'marker',
    deleteMarker: true,
    body: Buffer.alloc(0),
    etag: '',
    lastModified: stage.world.now(),
    writtenAt: 0,
    contentType: '',
    metadata: {},
    checksums: {},
    retention: undefined,
  };
}

async function lastKeys(): Promise<Keys> {
  const [last] = stage.world.keys.all().filter(({ sessionToken }) => sessionToken !== undefined);
  if (last === undefined) throw new Error('no keys');
  return last;
}

/** Keys of one who may everything, in a bucket without its policy. */
function openBucket(): Keys {
  const { buckets } = stage.world.organisation;
  const index = buckets.findIndex(({ name }) => name === archiveBucket);
  const found = buckets[index];
  if (found !== undefined) buckets[index] = { ...found, policy: undefined };
  const keys = serviceKeys(stage.world, 'forge-breakglass-recorder');
  if (keys.principal.kind !== 'role') throw new Error('no role');
  const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } as const;
  return stage.world.keys.issueTemporary(
    { ...keys.principal, role: { ...keys.principal.role, policies: [all] } },
    3600,
  );
}
