import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { groupId } from '../../sandbox/aws/person-keys.ts';
import { failureOf, type Keys } from '../../sandbox/clients.ts';
import {
  approveTier1,
  approveTier2,
  expectDenied,
  type HostileClient,
  request,
  startHostileClient,
} from './hostile-client.ts';

/** Requests, decisions, ends and evidence: written once, each by its own writer, and never again by anybody. */
let client: HostileClient;
let dana: Keys;
let sam: Keys;
let mia: Keys;
let sven: Keys;
let alex: Keys;
let developer: Keys;
beforeAll(async () => {
  client = await startHostileClient();
  [dana, sam, mia, sven, alex, developer] = await Promise.all([
    client.keys('dana', request),
    client.keys('sam', request),
    client.keys('mia', approveTier1),
    client.keys('sven', approveTier2),
    client.keys('alex', 'Forge-Admin'),
    client.keys('dana', 'Forge-Developer', '111111111111'),
  ]);
});
afterAll(() => client[Symbol.asyncDispose]());

const put = 's3:PutObject';
const once = 'explicit deny in a resource-based policy';
const objects = () =>
  client.aws.world.organisation.buckets.find(({ name }) => name === intakeBucket)?.objects ?? new Map();
let number = 0;
const id = () => `BG-${++number}`;
const requestOf = (person: string, of = id()) => `requests/${client.user(person)}/${of}.json`;
const decisionOf = (person: string, tier = 1, of = id()) =>
  `decisions/tier${tier}/${of}/${client.user(person)}.json`;
const everybody = () => [dana, sam, mia, sven, alex, developer, ...handlers()];
const handlers = () => (['recorder', 'revoker', 'sweeper', 'exporter'] as const).map(client.handler);

describe('a request', () => {
  it('in another’s name is written by nobody but them', async () => {
    const key = requestOf('dana');
    for (const keys of everybody().filter((entry) => entry !== dana)) {
      await expectDenied(client.write(keys, key), put);
    }
    await client.write(dana, key);
  });

  it('is not written beside the folder of one’s name', async () => {
    const user = client.user('dana');
    for (const key of [
      'requests/x.json',
      `requests/${user}.json`,
      `requests/${user}x/a.json`,
      `requests/x${user}/a.json`,
      `request/${user}/a.json`,
      `requests/${user.toUpperCase()}/a.json`,
      `a/requests/${user}/a.json`,
      'a.json',
    ])
      await expectDenied(client.write(dana, key), put);
    await client.write(dana, requestOf('dana'));
  });

  it('is not overwritten, with a condition or without, and has one version', async () => {
    const key = requestOf('dana');
    const first = await client.write(dana, key);
    expect(await failureOf(client.write(dana, key, { body: 'other' }))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    });
    await expectDenied(client.write(dana, key, { body: 'other', once: false }), put, once);
    for (const keys of everybody().filter((entry) => entry !== dana)) {
      await expectDenied(client.write(keys, key, { body: 'other', once: false }), put);
      await expectDenied(client.write(keys, key, { body: 'other' }), put);
    }
    expect(objects().get(key)).toMatchObject([{ versionId: first }]);
  });

  it('is not written without the condition even where nothing is', async () => {
    const key = requestOf('dana');
    await expectDenied(client.write(dana, key, { once: false }), put, once);
    await client.write(dana, key);
  });
});

describe('a kill', () => {
  const killOf = (person: string, of = id()) => `kills/${of}/${client.user(person)}.json`;
  const killer = () => client.keys('alex', 'Forge-BreakGlass-Kill');

  it('is not a requester’s to write, nor an administrator’s without the set for it: in no name', async () => {
    for (const keys of [dana, sam, alex, developer, ...handlers()])
      for (const person of ['dana', 'mia', 'alex'])
        await expectDenied(client.write(keys, killOf(person)), put);
  });

  it('is written in one’s own name, once, and gives nothing to whoever may write it', async () => {
    for (const [keys, person] of [
      [mia, 'mia'],
      [sven, 'sven'],
      [await killer(), 'alex'],
    ] as const) {
      const key = killOf(person);
      await client.write(keys, key);
      expect((await failureOf(client.write(keys, key))).name).toBe('PreconditionFailed');
      await expectDenied(client.write(keys, killOf(person === 'mia' ? 'sven' : 'mia')), put);
    }
    for (const key of [requestOf('alex'), decisionOf('alex'), `ends/${client.user('alex')}/${id()}.json`])
      await expectDenied(client.write(await killer(), key), put);
  });
});

describe('a decision', () => {
  it('is not a requester’s to write: neither in the own name, nor in an approver’s', async () => {
    for (const person of ['dana', 'mia', 'sven']) {
      await expectDenied(client.write(dana, decisionOf(person)), put);
      await expectDenied(client.write(dana, decisionOf(person, 2)), put);
    }
    const asRequester = await client.keys('mia', request);
    await expectDenied(client.write(asRequester, decisionOf('mia')), put);
    await client.write(mia, decisionOf('mia'));
  });

  it('in another approver’s name is written by nobody but them', async () => {
    const key = decisionOf('mia');
    for (const keys of everybody().filter((entry) => entry !== mia)) {
      await expectDenied(client.write(keys, key), put);
    }
    await client.write(mia, key);
  });

  it('in another approver’s name is not written by an approver of the same tier', async () => {
    const { organisation } = client.aws.world;
    organisation.memberships.push({
      id: '9067f7c0de-00000000-0000-4000-8000-000000000001',
      groupId: groupId(client.aws, 'grp-forge-approvers-managers'),
      userId: client.user('casey'),
    });
    const casey = await client.keys('casey', approveTier1);
    for (const person of ['mia', 'dana']) await expectDenied(client.write(casey, decisionOf(person)), put);
    await client.write(casey, decisionOf('casey'));
  });

  it('of another tier is not an approver’s', async () => {
    await expectDenied(client.write(mia, decisionOf('mia', 2)), put);
    await expectDenied(client.write(sven, decisionOf('sven', 1)), put);
    await client.write(sven, decisionOf('sven', 2));
  });

  it('is not taken back by another one over it', async () => {
    const key = decisionOf('mia');
    const first = await client.write(mia, key, { body: '{"outcome":"denied"}' });
    expect((await failureOf(client.write(mia, key, { body: '{"outcome":"approved"}' }))).name).toBe(
      'PreconditionFailed',
    );
    await expectDenied(client.write(mia, key, { body: '{"outcome":"approved"}', once: false }), put, once);
    expect(objects().get(key)).toMatchObject([{ versionId: first }]);
  });

  it('is not an approver’s way to ask for oneself, to end for another, or to write evidence', async () => {
    for (const folder of ['requests', 'ends', 'evidence'])
      for (const person of ['mia', 'dana'])
        await expectDenied(client.write(mia, `${folder}/${client.user(person)}/${id()}.json`), put);
    await client.write(mia, decisionOf('mia'));
  });
});

describe('ends, evidence, and the runs of changes', () => {
  it.each(['ends', 'evidence', 'runs'])(
    'in another’s name: %s are written by nobody but them',
    async (folder) => {
      const key = `${folder}/${client.user('dana')}/${id()}/000001.jsonl`;
      for (const keys of everybody().filter((entry) => entry !== dana)) {
        await expectDenied(client.write(keys, key), put);
      }
      await client.write(dana, key);
      await expectDenied(client.write(dana, key, { once: false }), put, once);
      expect((await failureOf(client.write(dana, key))).name).toBe('PreconditionFailed');
    },
  );
});

describe('what is written', () => {
  it('is deleted by nobody: no marker, no version', async () => {
    const written: readonly (readonly [string, Keys])[] = [
      [requestOf('dana'), dana],
      [decisionOf('mia'), mia],
      [`evidence/${client.user('dana')}/${id()}/000001.jsonl`, dana],
      [`runs/${client.user('dana')}/${id()}.json`, dana],
    ];
    for (const [Key, writer] of written) {
      const VersionId = await client.write(writer, Key);
      for (const keys of everybody()) {
        const s3 = client.s3(keys);
        await expectDenied(
          s3.send(new DeleteObjectCommand({ Bucket: intakeBucket, Key })),
          's3:DeleteObject',
        );
        await expectDenied(
          s3.send(new DeleteObjectCommand({ Bucket: intakeBucket, Key, VersionId })),
          's3:DeleteObjectVersion',
        );
      }
      expect(objects().get(Key)).toMatchObject([{ versionId: VersionId }]);
    }
  });

  it('of evidence is read by nobody but its writer and the handlers: not by another, nor by an approver', async () => {
    const Key = `evidence/${client.user('dana')}/${id()}/000001.jsonl`;
    await client.write(dana, Key, { body: 'select 1' });
    const read = (keys: Keys) => client.s3(keys).send(new GetObjectCommand({ Bucket: intakeBucket, Key }));
    for (const keys of [sam, mia, sven, developer, await client.keys('sven', request)]) {
      await expectDenied(read(keys), 's3:GetObject');
    }
    for (const keys of [dana, client.handler('recorder')])
      expect(await (await read(keys)).Body?.transformToString()).toBe('select 1');
  });

  it('is listed no further than one may read', async () => {
    const list = (keys: Keys, Prefix?: string) =>
      client.s3(keys).send(new ListObjectsV2Command({ Bucket: intakeBucket, Prefix }));
    const action = 's3:ListBucket';
    for (const prefix of [undefined, 'evidence/', `evidence/${client.user('sam')}/`, 'e', ''])
      await expectDenied(list(dana, prefix), action);
    await expectDenied(list(developer, 'requests/'), action);
    const versions = new ListObjectVersionsCommand({ Bucket: intakeBucket, Prefix: 'requests/' });
    await expectDenied(client.s3(dana).send(versions), 's3:ListBucketVersions');
    await client.write(dana, requestOf('dana'));
    expect((await list(dana, 'requests/')).Contents?.length).toBeGreaterThan(0);
    await list(dana, `evidence/${client.user('dana')}/`);
  });
});
