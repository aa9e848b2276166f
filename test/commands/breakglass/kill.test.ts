import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { factsOf, peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import type { Terminal } from '../../support/pty.ts';
import { type Run, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { slowness } from '../../support/slowness.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sven', 'sam', 'alex', 'noor'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, forge, show } = peopleOf(() => sandbox);

interface Killed {
  readonly id: string;
  readonly with: readonly string[];
  readonly clear: boolean;
  readonly planes: readonly {
    readonly plane: string;
    readonly state: string;
    readonly until: string | null;
    readonly type: readonly string[];
  }[];
}
const killed = (run: Run): Killed => JSON.parse(run.stdout) as Killed;
const statesOf = (run: Run) =>
  Object.fromEntries(killed(run).planes.map(({ plane, state }) => [plane, state]));
const members = (userId: string) =>
  sandbox.world.organisation.memberships.filter(
    (one) =>
      one.userId === userId &&
      sandbox.world.organisation.groups.find(({ id }) => id === one.groupId)?.name.includes('-jit-'),
  ).length;

/** Dana's session that is killed at first; whoever is thrown out reads by whom, and is asked what was done. */
let inside: Terminal;

describe('forge breakglass kill', () => {
  it('ends a grant and what shares it, says of each plane what was seen, and does no harm twice', async () => {
    const first = await ask();
    await approve('mia', first.id);
    const second = factsOf(await forge('dana', ['extend', first.id]));
    await approve('mia', second.id);
    inside = await sandbox.pty(['breakglass', 'resume', first.id, '--', 'sh', '-c', 'echo i""n; sleep 600']);
    await inside.waitFor(/\bin\b/);
    const killing = forge('mia', ['kill', first.shortId, '--reason', 'wrong database']);
    await keyOf(`kills/${first.id}/`);
    const written = performance.now();
    await inside.waitFor(/has ended: it was revoked \(by mia@tapp\.example: wrong database\)/);
    // A look each second, and what a request takes.
    expect(performance.now() - written).toBeLessThan(1_500 * (await slowness()));
    const run = await killing;
    expect(killed(run), run.stderr).toMatchObject({ id: first.id, with: [second.id], clear: false });
    expect(statesOf(run)).toEqual({
      membership: 'done',
      credentials: 'done',
      shells: 'none',
      databases: 'unseen',
      kubernetes: 'none',
    });
    // The databases can't be seen by whoever approves: that is said, and what to type.
    expect([run.code, refusalOf(run).code]).toEqual([1, 'NOT_CLEAR']);
    const lines = killed(run).planes.find(({ plane }) => plane === 'databases')?.type ?? [];
    expect(lines[1]).toContain('pg_terminate_backend');
    expect(members(first.requester.userId)).toBe(0);
    for (const id of [first.id, second.id]) expect((await show(id)).status).toBe('ended');
    const resumed = await forge('dana', ['resume', first.id]);
    expect(resumed.code).toBe(5);
    expect(refusalOf(resumed).message).toContain('mia@tapp.example stopped');
    expect(refusalOf(resumed).message).toContain('wrong database');
    const again = await forge('mia', ['kill', first.id]);
    expect(statesOf(again)).toEqual(statesOf(run));
  });

  it('stops a request for good, and is then clear on all planes', async () => {
    const asked = await ask('dana', { '--scenario': 'kubernetes' });
    const run = await forge('sven', ['kill', asked.id, '--reason', 'not in the freeze']);
    expect([run.code, killed(run).clear], run.stderr).toEqual([0, true]);
    const late = await approve('mia', asked.id);
    expect(late.code).toBe(5);
    expect(members(asked.requester.userId)).toBe(0);
  });

  it('of another tier goes by the paper: an administrator ends tier 0, an approver of tier 2 ends tier 1', async () => {
    const emergency = ['--tier', '0', '--env', 'prod-cash', '--ticket', 'INC-1', '--reason', 'site down'];
    const opened = sandbox.forge(['breakglass', ...emergency, '--', 'sleep', '600'], { person: 'sam' });
    const session = await sessionOf('EV-');
    const run = await forge('alex', ['kill', `ev-${session.slice(-6)}`]);
    expect(statesOf(run), run.stderr).toMatchObject({ membership: 'none', credentials: 'done' });
    expect(killed(run).planes.find(({ plane }) => plane === 'kubernetes')).toMatchObject({
      state: 'standing',
      until: expect.stringMatching(/Z$/),
    });
    expect(run.code).toBe(1);
    const thrownOut = await opened;
    expect([thrownOut.code, thrownOut.stderr]).toEqual([5, expect.stringContaining('revoked (by alex@tapp')]);
    const asked = await ask('dana', { '--scenario': 'kubernetes' });
    await approve('mia', asked.id);
    const other = await forge('sven', ['kill', asked.id]);
    expect(statesOf(other), other.stderr).toMatchObject({ membership: 'done', databases: 'none' });
  });

  it('is nobody’s who only asks, and of nothing that is not there', async () => {
    const asked = await ask('dana', { '--scenario': 'console' });
    const refused = await forge('dana', ['kill', asked.id]);
    expect([refused.code, refusalOf(refused).code]).toEqual([5, 'ACCESS_DENIED']);
    expect((await show(asked.id)).status).toBe('waiting');
    for (const [id, code] of [
      ['bg-0000', 'NO_SUCH_REQUEST'],
      ['ev-0000', 'NO_SUCH_SESSION'],
    ] as const) {
      const run = await forge('mia', ['kill', id]);
      expect([run.code, refusalOf(run).code]).toEqual([2, code]);
    }
    const planned = await forge('dana', ['kill', asked.id, '--plan']);
    expect(planned.stdout).toContain('kills/');
    const silly = await forge('mia', ['kill', asked.id, '--reason', 'a\u202eb']);
    expect(refusalOf(silly).code).toBe('INVALID_REASON');
  });
});

describe('forge breakglass history', () => {
  const rows = async (person: string, ...more: string[]) =>
    JSON.parse((await forge(person, ['history', ...more])).stdout) as readonly {
      readonly id: string;
      readonly status: string;
      readonly tier: number;
      readonly openedAt: string | null;
    }[];

  it('is everybody’s from the records, the newest first, for who may read them', async () => {
    for (const person of ['noor', 'mia', 'alex']) {
      const all = await rows(person);
      expect(all.length).toBeGreaterThanOrEqual(4);
      expect(all.some(({ id, tier }) => id.startsWith('EV-') && tier === 0)).toBe(true);
      const times = all.map(({ openedAt }) => openedAt ?? '');
      expect(times).toEqual([...times].sort().reverse());
    }
    expect(await rows('noor', '--person', 'sam', '--env', 'prod-cash')).toMatchObject([{ tier: 0 }]);
    expect(await rows('noor', '--env', 'prod-9squid')).toEqual([]);
    expect(await rows('noor', '--since', '2099-01-01')).toEqual([]);
    expect((await rows('noor', '--limit', '1')).length).toBe(1);
    const text = await sandbox.forge(['breakglass', 'history', '--limit', '1'], { person: 'noor' });
    expect(text.stdout).toMatch(/ID +OPENED +STATUS/);
    expect(text.stderr).toContain('There are more before that');
  });

  it('of a thousand reads those that are shown, and all in a while', async () => {
    const objects = sandbox.world.organisation.buckets.find(({ name }) => name === archiveBucket)?.objects;
    const [whole] = [...(objects ?? [])].filter(([key]) => /sessions\/EV-.*\/000000\.json$/.test(key));
    const [version] = whole?.[1] ?? [];
    if (objects === undefined || version === undefined) throw new Error('no session to copy');
    const added: string[] = [];
    for (let number = 0; number < 1_000; number++) {
      const id = `EV-00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      const text = version.body.toString().replaceAll(/EV-[0-9a-f-]{36}/g, id);
      const lastModified = version.lastModified - 1_000 * (number + 1);
      added.push(`sessions/${id}/000000.json`);
      objects.set(added.at(-1) ?? '', [{ ...version, body: Buffer.from(text), lastModified, checksums: {} }]);
    }
    const read = async () => (await sandbox.admin.calls())['s3:GetObject'] ?? 0;
    const before = await read();
    expect((await rows('noor')).length).toBe(50);
    expect((await read()) - before).toBeLessThan(250);
    expect((await rows('noor', '--all')).length).toBeGreaterThan(1_000);
    for (const key of added) objects.delete(key);
  });

  it('is what was asked for, and the own emergencies, for who may not', async () => {
    const asked = await rows('dana');
    expect(asked.every(({ id }) => id.startsWith('BG-'))).toBe(true);
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set(['ended', 'waiting']));
    expect((await rows('sam')).some(({ tier }) => tier === 0)).toBe(true);
    expect((await forge('dana', ['history', '--limit', '0'])).code).toBe(2);
  });
});

describe('sessions that no request is of', () => {
  it('are listed and shown to who may read records, and to their own person; to nobody else', async () => {
    const session = await sessionOf('EV-');
    const listed = async (person: string) =>
      JSON.parse((await forge(person, ['list', '--all'])).stdout) as readonly { readonly tier: number }[];
    for (const [person, seen] of [
      ['mia', true],
      ['sam', true],
      ['dana', false],
    ] as const) {
      expect((await listed(person)).some(({ tier }) => tier === 0)).toBe(seen);
    }
    expect(factsOf(await forge('mia', ['show', session]))).toMatchObject({ id: session, tier: 0 });
    const text = await sandbox.forge(['breakglass', 'show', session], { person: 'mia' });
    expect(text.stdout).toMatch(/Who +sam@tapp\.example/);
    const none = await forge('dana', ['show', session]);
    expect([none.code, refusalOf(none).code]).toEqual([2, 'NO_SUCH_SESSION']);
    // The name that sam's own forge gave it is good for whoever may stop it.
    const own = (await listed('sam')).find(({ tier }) => tier === 0) as { readonly id: string } | undefined;
    expect(own?.id).toMatch(/^BG-/);
    expect(factsOf(await forge('mia', ['show', own?.id ?? '']))).toMatchObject({ id: session });
  });
});

describe('forge breakglass report', () => {
  const report = (person: string, id: string, ...more: string[]) =>
    sandbox.forge(['breakglass', 'report', id, ...more], { person });

  it('is a Markdown record from the archive, verified, with who asked, approved and stopped it', async () => {
    const asked = await ask('dana', {
      '--scenario': 'kubernetes',
      '--reason': 'pods <img src=x> `stuck` @here https://evil.example',
    });
    await approve('mia', asked.id, '--note', 'read only');
    await forge('mia', ['kill', asked.id, '--reason', 'enough']);
    const run = await report('noor', asked.shortId);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain(`# Break-glass session ${asked.id}`);
    for (const text of ['`dana@tapp.example`', 'Approved by: `mia@tapp.example: read only`', 'Stopped by'])
      expect(run.stdout).toContain(text);
    expect(run.stdout).toContain('``pods <img src=x> `stuck` @here https://evil.example``');
    expect(run.stdout).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}Access taken away: membership/);
    expect(run.stdout).toContain('has no finding');
    // Requests are not hers to read: she is led to what is.
    const listed = await sandbox.forge(['breakglass', 'list'], { person: 'noor' });
    expect([listed.code, listed.stderr]).toEqual([5, expect.stringContaining('forge breakglass history')]);
    const facts = JSON.parse((await report('noor', asked.id, '--output', 'json')).stdout) as {
      readonly source: string;
      readonly approvers: unknown;
      readonly findings: unknown;
    };
    expect(facts).toMatchObject({
      source: 'archive',
      approvers: [{ userName: 'mia@tapp.example', note: 'read only' }],
      findings: [],
    });
    const byApprover = await report('mia', asked.id);
    expect(byApprover.stdout).toContain('From the records alone');
    expect(byApprover.stdout).toContain('Was not verified');
    const own = await report('dana', asked.id);
    expect(own.stdout).toContain('From the journal of one machine');
    expect(own.stdout).toContain('breakglass.requested');
  });

  it('goes to a file, and is of nothing that is not there', async () => {
    const home = await sandbox.newHome();
    const file = join(home, 'incident.md');
    const session = await sessionOf('EV-');
    const run = await report('noor', session, '--file', file);
    expect([run.code, run.stdout]).toEqual([0, '']);
    expect(await readFile(file, 'utf8')).toContain('- Tier: `0`');
    for (const person of ['noor', 'mia', 'dana']) {
      const none = await report(person, 'bg-0000', '--output', 'json');
      expect([none.code, refusalOf(none).code]).toEqual([2, 'NO_SUCH_SESSION']);
    }
  });
});

it('whoever is thrown out is asked what was done', async () => {
  await inside.waitFor(/What was done\?/);
  inside.write('\r');
  expect(await inside.exit).toBe(5);
});

/** Id of the newest session of a kind, once the recorder has it. */
const sessionOf = async (kind: string): Promise<string> =>
  (await keyOf(`sessions/${kind}`)).split('/')[1] ?? '';

/** The newest key that begins so, once there is one. */
async function keyOf(prefix: string): Promise<string> {
  for (let waited = 0; ; waited += 20) {
    const keys = sandbox.world.organisation.buckets.flatMap(({ objects }) => [...objects.keys()]);
    const found = keys.findLast((key) => key.startsWith(prefix));
    if (found !== undefined) return found;
    if (waited > 30_000) throw new Error(`no ${prefix} in ${keys.join(' ')}`);
    await sleep(20);
  }
}
