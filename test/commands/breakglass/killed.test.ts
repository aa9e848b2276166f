import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { parseRequest } from '../../../src/breakglass/protocol/request.ts';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { jitGroups } from '../../../src/sandbox/break-glass/jit-groups.ts';
import { askLine } from '../../support/break-glass-people.ts';
import { type KilledRun, type KillPoint, killPoints, runKilled } from '../../support/killed-forge.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/**
 * forge is killed at each call that asking, approving, going in and giving back make: nobody is in without a decision and an
 * end, nothing is there twice, and the same line typed once more goes on. The points are counted in a run without a kill.
 */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sam'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const forge = (person: string, args: readonly string[], point?: KillPoint) =>
  runKilled(sandbox, person, args, point);

const objects = (bucket: string) => [
  ...(sandbox.world.organisation.buckets.find(({ name }) => name === bucket)?.objects ?? []),
];
const written = (prefix: string) => objects(intakeBucket).filter(([key]) => key.startsWith(prefix));
const members = () => {
  const groups = new Set(jitGroups.map(({ group }) => group.id));
  return sandbox.world.organisation.memberships.filter(({ groupId }) => groups.has(groupId));
};
const requests = () =>
  written('requests/').map(([, versions]) => {
    const parsed = parseRequest(versions.at(-1)?.body ?? new Uint8Array());
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.value.id;
  });
const records = (id: string) =>
  objects(archiveBucket).flatMap(([key, versions]) => {
    const parsed = parseRecord(versions.at(-1)?.body ?? new Uint8Array());
    return key.startsWith(`sessions/${id}/`) && parsed.ok ? [parsed.value] : [];
  });

const ask = [...askLine(), '--output', 'json'];
const approve = (id: string) => ['breakglass', 'approve', id, '--yes'];
const resume = (id: string) => ['breakglass', 'resume', id, '--', 'true'];
const emergency = [
  ...['breakglass', '--tier', '0', '--env', 'prod-cash', '--ticket', 'INC-1', '--reason', 'site down'],
  ...['--', 'true'],
];
const end = (id: string) => ['breakglass', 'end', id, '--summary', 'done'];
const idOf = ({ stdout, stderr }: KilledRun): string => {
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { id: string }).id;
};

/** Handlers are done with what there is. */
const settled = () => sandbox.admin.lever('machine', { settle: true });

/** The points of each command, of a run in which nothing happens to it; the second, for the first fills caches. */
async function count(): Promise<
  Readonly<Record<'ask' | 'approve' | 'resume' | 'end', readonly KillPoint[]>>
> {
  const runs: KilledRun[][] = [];
  for (const last of [resume, end, resume]) {
    const asked = await forge('dana', ask);
    const id = idOf(asked);
    runs.push([asked, await forge('mia', approve(id)), await forge('dana', last(id))]);
  }
  expect(runs.map((all) => all.map(({ code }) => code))).toEqual(runs.map(() => [8, 0, 0]));
  await settled();
  expect(members()).toEqual([]);
  const points = (run: number, command: number) => killPoints(runs[run]?.[command] as KilledRun);
  return { ask: points(1, 0), approve: points(1, 1), resume: points(2, 2), end: points(1, 2) };
}

it('asking, approving, going in and giving back, killed at every call', async () => {
  const points = await count();
  const rounds = Math.max(...Object.values(points).map((all) => all.length));
  let tried = 0;
  const killedAt = (what: keyof typeof points, round: number) => {
    const point = points[what][round];
    if (point !== undefined) tried++;
    return point;
  };
  for (let round = 0; round < rounds; round++) {
    const where = (what: keyof typeof points) => `${what} ${JSON.stringify(points[what][round])}`;
    const before = new Set(requests());
    if (points.ask[round] !== undefined) {
      const asked = await forge('dana', ask, killedAt('ask', round));
      expect(asked.killed, `${where('ask')}: not killed`).toBe(true);
      expect(requests().length - before.size, where('ask')).toBeLessThanOrEqual(1);
      expect(members(), where('ask')).toEqual([]);
    }
    // What was written stands; else it is asked once more.
    const id = requests().find((one) => !before.has(one)) ?? idOf(await forge('dana', ask));
    if (points.approve[round] !== undefined) {
      await forge('mia', approve(id), killedAt('approve', round));
      const decided = written('decisions/').filter(([key]) => key.includes(id)).length;
      expect(decided, where('approve')).toBeGreaterThanOrEqual(members().length);
    }
    const again = await forge('mia', approve(id));
    expect(again.code, `${where('approve')}: ${again.stderr}`).toBe(0);
    expect(members(), where('approve')).toHaveLength(1);
    await settled();
    expect(records(id).map(({ kind, body }) => kind === 'open' && body.session.sanctioned)).toEqual([true]);
    if (points.resume[round] !== undefined) await forge('dana', resume(id), killedAt('resume', round));
    if (points.end[round] !== undefined) await forge('dana', end(id), killedAt('end', round));
    const ended = await forge('dana', end(id));
    expect(ended.code, `${where('resume')}, ${where('end')}: ${ended.stderr}`).toBe(0);
    await settled();
    expect(members(), `${where('resume')}, ${where('end')}`).toEqual([]);
    const kinds = records(id).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'open' || kind === 'end')).toEqual(['open', 'end']);
    expect(kinds).toContain('revoke');
  }
  expect(tried).toBeGreaterThan(20);
}, 120_000);

it('an emergency, killed at every call: told before it opens, and recorded when it did', async () => {
  const assumed = () =>
    sandbox.world.events.all().filter(({ name, parameters }) => {
      return name === 'AssumeRole' && String(parameters.roleArn).endsWith('/Forge-Prod-Emergency');
    });
  const told = () => new Set(written('evidence/').map(([key]) => key.split('/')[2]));
  await forge('sam', emergency);
  const points = killPoints(await forge('sam', emergency));
  expect(points.length).toBeGreaterThan(7);
  for (const point of points) {
    const [before, known] = [assumed().length, told().size];
    const run = await forge('sam', emergency, point);
    expect(run.killed, JSON.stringify(point)).toBe(true);
    const opened = assumed().length - before;
    expect(opened, JSON.stringify(point)).toBeLessThanOrEqual(told().size - known);
  }
  // What was left on the disk is delivered by the next command, once.
  const next = await forge('sam', ['breakglass', 'status']);
  expect(next.code, next.stderr).toBe(0);
  const spool = join(sandbox.environment({ person: 'sam' }).HOME ?? '', '.local', 'state', 'forge', 'spool');
  expect((await readdir(spool)).filter((name) => name.endsWith('.json'))).toEqual([]);
  expect(written('evidence/').filter(([, versions]) => versions.length !== 1)).toEqual([]);
  await settled();
  const sessions = objects(archiveBucket).filter(([key]) => /^sessions\/EV-.*\/000000\.json$/.test(key));
  expect(sessions).toHaveLength(assumed().length);
}, 120_000);

it('afterwards the journals are whole', async () => {
  for (const person of ['dana', 'mia', 'sam']) {
    const verified = await forge(person, ['audit', 'verify']);
    expect(verified.code, `${person}: ${verified.stdout}`).toBe(0);
  }
});
