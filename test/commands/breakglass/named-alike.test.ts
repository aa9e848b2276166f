import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** Whoever asks makes the id, and whoever opens an emergency names it: nobody hides from being ended behind another's. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sam'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, forge } = peopleOf(() => sandbox);

const objectsOf = (name: string) => {
  const found = sandbox.world.organisation.buckets.find((bucket) => bucket.name === name)?.objects;
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const userId = (person: string): string => {
  const found = sandbox.world.organisation.people.find(({ nickname }) => nickname === person);
  if (found === undefined) throw new Error(`no ${person}`);
  return found.id;
};
const inGroups = (person: string) =>
  sandbox.world.organisation.memberships.filter(
    (one) =>
      one.userId === userId(person) &&
      sandbox.world.organisation.groups.find(({ id }) => id === one.groupId)?.name.includes('-jit-'),
  ).length;

/** The request of one, under the name of another. */
function copy(id: string, from: string, to: string, as: string, laterMs: number): string {
  const [version] = objectsOf(intakeBucket).get(`requests/${userId(from)}/${id}.json`) ?? [];
  if (version === undefined) throw new Error(`no ${id}`);
  const text = version.body
    .toString()
    .replaceAll(id, as)
    .replaceAll(userId(from), userId(to))
    .replaceAll(`${from}@`, `${to}@`);
  const key = `requests/${userId(to)}/${as}.json`;
  const lastModified = version.lastModified + laterMs;
  objectsOf(intakeBucket).set(key, [{ ...version, body: Buffer.from(text), lastModified, checksums: {} }]);
  return key;
}

it.each([
  ['later', 1_000],
  ['before', -1_000],
])('whose id somebody else has written %s is ended all the same, with what shares it', async (_, laterMs) => {
  const asked = await ask('dana', { '--scenario': 'kubernetes' });
  if (laterMs > 0) copy(asked.id, 'dana', 'sam', asked.id, laterMs);
  const approved = await approve('mia', asked.id);
  expect(approved.code, approved.stderr).toBe(0);
  const key = copy(asked.id, 'dana', 'sam', asked.id, laterMs);
  await recordOf(asked.id);
  expect(inGroups('dana')).toBe(1);
  const run = await forge('mia', ['kill', asked.id]);
  expect(JSON.parse(run.stdout || '{}'), run.stderr).toMatchObject({ id: asked.id });
  expect(run.stdout).toContain('"removed');
  expect(inGroups('dana')).toBe(0);
  objectsOf(intakeBucket).delete(key);
});

it('an emergency with the id of a request is not said to be ended with it, and of two with one name none is taken', async () => {
  const emergency = ['--tier', '0', '--env', 'prod-cash', '--ticket', 'INC-1', '--reason', 'site down'];
  const opened = await sandbox.forge(['breakglass', ...emergency, '--', 'true'], { person: 'sam' });
  expect(opened.code, opened.stderr).toBe(0);
  const session = await recordOf('EV-');
  const [version] = objectsOf(archiveBucket).get(`sessions/${session}/000000.json`) ?? [];
  const alias = /"clientId":"(BG-\w+)"/.exec(version?.body.toString() ?? '')?.[1] ?? '';
  const twin = session.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const twinKey = `sessions/${twin}/000000.json`;
  if (version === undefined) throw new Error('no record');
  const body = Buffer.from(version.body.toString().replaceAll(session, twin));
  objectsOf(archiveBucket).set(twinKey, [{ ...version, body, checksums: {} }]);
  const either = await forge('mia', ['kill', alias]);
  expect([either.code, refusalOf(either).code]).toEqual([2, 'AMBIGUOUS_ID']);
  objectsOf(archiveBucket).delete(twinKey);
  const asked = await ask('dana', { '--scenario': 'kubernetes' });
  copy(asked.id, 'dana', 'sam', alias, 0);
  const run = await forge('mia', ['kill', alias]);
  expect([run.code, refusalOf(run).code, refusalOf(run).hint]).toEqual([
    1,
    'NAMED_ALIKE',
    `forge breakglass kill ${session}`,
  ]);
});

it('whose killer has no room for a journal is ended all the same, and who ends their own', async () => {
  for (const person of ['mia', 'dana']) {
    const asked = await ask('dana', { '--scenario': 'console' });
    expect((await approve('mia', asked.id)).code).toBe(0);
    expect(inGroups('dana')).toBe(1);
    const state = join(sandbox.environment({ person }).HOME ?? '', '.local', 'state', 'forge');
    await mkdir(state, { recursive: true });
    const journal = join(state, 'audit');
    const aside = `${journal}.aside`;
    await rename(journal, aside);
    await writeFile(journal, 'no folder');
    const run = await forge(person, [person === 'mia' ? 'kill' : 'end', asked.id]);
    await rm(journal);
    await rename(aside, journal);
    expect(run.stderr).toContain('not in the journal');
    expect(inGroups('dana')).toBe(0);
  }
});

// The last: every list of what dana has asked for is long from here on.
it('who has written thousands of requests is ended no later than others', async () => {
  const asked = await ask('dana', { '--scenario': 'database' });
  expect((await approve('mia', asked.id)).code).toBe(0);
  await recordOf(asked.id);
  for (let count = 0; count < 2_000; count++)
    copy(asked.id, 'dana', 'dana', `${asked.id.slice(0, -4)}${String(count).padStart(4, '0')}`, 0);
  const calls = async () => {
    const all = await sandbox.admin.calls();
    return (all['s3:GetObject'] ?? 0) + (all['s3:ListObjectsV2'] ?? 0);
  };
  const before = await calls();
  const run = await forge('mia', ['kill', asked.id]);
  expect(inGroups('dana'), run.stderr).toBe(0);
  expect((await calls()) - before).toBeLessThan(2_000);
});

async function recordOf(prefix: string): Promise<string> {
  for (let waited = 0; ; waited += 100) {
    const found = [...objectsOf(archiveBucket).keys()].findLast((key) =>
      key.startsWith(`sessions/${prefix}`),
    );
    if (found !== undefined) return found.split('/')[1] ?? '';
    if (waited > 30_000) throw new Error(`no record of ${prefix}`);
    await sleep(100);
  }
}
