import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAdmin } from '../../../src/sandbox/postgres/seed-databases.ts';
import { askLine, peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** Without a terminal: asked for in one process, used in others. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sam'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, deny, forge } = peopleOf(() => sandbox);

const query = ['db', 'query', 'prod-wealth', "select 40 + 2 as answer, 'a b'", '--output', 'csv'];
const why = ['--ticket', 'INC-9', '--reason', 'orders stuck'];
const run = (args: readonly string[], person = 'dana') => sandbox.forge(args, { person });

async function journal(person: string): Promise<readonly Record<string, unknown>[]> {
  const { HOME = '' } = sandbox.environment({ person });
  const folder = join(HOME, '.local', 'state', 'forge', 'audit');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const lines = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('');
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('without a terminal', () => {
  it('is refused with the line to type; a reason alone asks nobody', async () => {
    for (const more of [[], ['--reason', 'orders stuck'], ['--ticket', 'INC-9']]) {
      const refused = await run([...query, ...more]);
      expect([refused.code, refused.stdout]).toEqual([5, '']);
      expect(refused.stderr).toContain(
        'forge breakglass --tier 1 --scenario database --env prod-wealth --ticket … --reason "…"',
      );
    }
  });

  it('asked, not in yet, approved, in, as often as it lasts, given back', async () => {
    const asked = await run([...query, ...why]);
    expect(asked.code, asked.stderr).toBe(8);
    const id = asked.stdout.trim();
    const short = `bg-${id.slice(-4).toLowerCase()}`;
    expect(asked.stderr).toContain(`forge breakglass approve ${id}`);
    expect(asked.stderr).toContain(
      `forge db query prod-wealth 'select 40 + 2 as answer, '\\''a b'\\''' --output csv --ticket INC-9 --reason 'orders stuck' --grant ${short}`,
    );
    const again = await run([...query, ...why]);
    expect([again.code, again.stdout.trim()]).toEqual([8, id]);

    const early = await run([...query, '--grant', short]);
    expect([early.code, early.stdout]).toEqual([8, '']);
    expect(early.stderr).toContain(`forge breakglass approve ${id}`);

    expect((await approve('mia', id)).code).toBe(0);
    const third = await run([...query, ...why]);
    expect([third.code, third.stdout.trim()]).toEqual([8, id]);
    expect(third.stderr).toContain('is approved');
    for (const grant of [['--grant', id], [`--grant=${short}`]]) {
      const got = await run([...query, ...grant]);
      expect([got.code, got.stdout]).toEqual([0, 'answer,?column?\n42,a b\n']);
      // The access itself, and nothing of sessions that begin and end.
      expect(got.stderr).toMatch(/^Connected through bastion [^\n]+\n$/);
    }
    const opened = (await journal('dana')).filter((event) => event.type === 'access.opened');
    expect(opened.at(-1)).toMatchObject({
      purpose: expect.stringMatching(/^db query/),
      reason: 'orders stuck',
    });
    expect(JSON.stringify(opened.at(-1))).toContain(id);

    expect((await forge('dana', ['end', id, '--summary', 'done'])).code).toBe(0);
    const late = await run([...query, '--grant', short]);
    expect([late.code, late.stdout]).toEqual([7, '']);
  });

  it('as JSON: the request', async () => {
    const asked = await run([
      'ssm',
      'run',
      'prod-wealth/bastion',
      ...why,
      '--output',
      'json',
      '--',
      'uptime',
    ]);
    expect(asked.code, asked.stderr).toBe(8);
    expect(JSON.parse(asked.stdout)).toMatchObject({
      status: 'waiting',
      scenario: 'instance',
      environment: 'prod-wealth',
      ticket: 'INC-9',
    });
    expect(asked.stderr).toMatch(/ --grant bg-\w{4} -- uptime/);
  });

  it('what does not say what it is for is refused as without --ticket', async () => {
    const refused = await run(['exec', 'prod-wealth', ...why, '--', 'true']);
    expect([refused.code, refused.stdout]).toEqual([5, '']);
    expect(refused.stderr).toContain('--scenario instance|database|kubernetes|console');
  });
});

describe('--grant', () => {
  it('of another environment, use or person, or denied, is none', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    const elsewhere = await run(['db', 'query', 'prod-cash', 'select 1', '--grant', asked.id]);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([5, expect.stringContaining('is for prod-wealth')]);
    const other = await run(['ssm', 'run', 'prod-wealth/bastion', '--grant', asked.id, '--', 'uptime']);
    expect([other.code, other.stderr]).toEqual([5, expect.stringContaining('is for database')]);
    const foreign = await run([...query, '--grant', asked.id], 'sam');
    expect([foreign.code, foreign.stderr]).toEqual([5, expect.stringContaining("somebody else's")]);
    const dev = await run(['db', 'query', 'dev', 'select 1', '--grant', asked.id]);
    expect([dev.code, dev.stderr]).toEqual([2, expect.stringContaining('dev is none')]);
    const piped = await sandbox.forge(
      ['db', 'query', 'prod-wealth', '--output', 'csv', '--grant', asked.id],
      { stdin: 'select 6 * 7 as piped' },
    );
    expect([piped.code, piped.stdout]).toEqual([0, 'piped\n42\n']);
    const unknown = await run([...query, '--grant', 'bg-zzzz']);
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringContaining(
        'forge breakglass --tier 0 --env prod-wealth --reason "…" -- forge db query prod-wealth',
      ),
    ]);

    const refused = await ask();
    await deny('mia', refused.id, '--note', 'not today');
    const denied = await run([...query, '--grant', refused.id]);
    expect([denied.code, denied.stderr]).toEqual([5, expect.stringContaining('not today')]);
  });

  it('on an instance, only what leaves a transcript, and only where the tag is', async () => {
    const asked = await ask('dana', { '--scenario': 'instance' });
    await approve('mia', asked.id);
    const ssm = (first: string, ...words: string[]) =>
      run(['ssm', first, '--grant', asked.shortId, ...words]);
    const began = sandbox.world.ssm.sessions.size;
    const documents = () => [...sandbox.world.ssm.sessions.values()].slice(began).map((one) => one.document);

    expect((await ssm('run', 'prod-wealth/web-1', '--', 'echo', 'in')).stdout).toBe('in\n');
    const folder = await sandbox.newHome();
    await writeFile(join(folder, 'up'), 'over');
    const copy = await ssm('cp', join(folder, 'up'), `prod-wealth/web-1:${join(folder, 'there')}`);
    expect(copy.code, copy.stderr).toBe(0);
    expect(await readFile(join(folder, 'there'), 'utf8')).toBe('over');
    const shell = await ssm(
      'prod-wealth/web-1',
      '--document',
      'forge-instance-connect',
      '--transport',
      'plugin',
    );
    expect(shell.stderr).toContain('A shell in prod-wealth is recorded');
    expect(documents()).toEqual(['forge-instance-run', 'forge-instance-copy']);

    for (const [first, ...words] of [
      ['ssh-proxy', 'prod-wealth/web-1'],
      ['forward', 'prod-wealth/web-1', '0:80'],
      ['cp', '--ssh', 'prod-wealth/web-1:/etc/hosts', join(folder, 'hosts')],
    ] as const) {
      const refused = await ssm(first, ...words);
      expect([refused.code, refused.stdout], first).toEqual([5, '']);
      expect(refused.stderr).toMatch(
        /leaves no transcript, and break-glass with Forge-Prod-Instance is for sessions that leave one\.\n.*forge ssm --grant bg-\w{4} prod-wealth\/web-1\n/,
      );
    }
    const many = await ssm('run', 'prod-wealth/web-1', 'prod-wealth/bastion', '--', 'id');
    expect([many.code, many.stdout]).toEqual([5, '']);
    expect(many.stderr).toMatch(
      /^Error: Run Command.*leaves no transcript.*\nOne after the other: forge ssm run --grant bg-\w{4} /m,
    );
    // By AWS, whoever asks: no tag, AWS's own document.
    const untagged = await ssm('run', 'prod-wealth/legacy', '--', 'id');
    expect([untagged.code, untagged.stdout]).toEqual([5, '']);
    expect(untagged.stderr).toMatch(/ssm:StartSession[\s\S]*instances that carry Terraform's access_tag/);
    expect(documents()).toHaveLength(2);
    const plan = await ssm('run', 'prod-wealth/web-1', '--plan', '--', 'id');
    expect(plan.stdout).toContain('--document-name forge-instance-run ');
  });

  it('of databases, through the bastion by the document that leads to endpoints alone', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    const began = sandbox.world.ssm.sessions.size;
    const read = await run([...query, '--grant', asked.shortId, '--via', 'tunnel']);
    expect(read.code, read.stderr).toBe(0);
    const tunnels = [...sandbox.world.ssm.sessions.values()].slice(began);
    expect(tunnels.map(({ document }) => document)).toEqual(['forge-endpoint-tunnel']);
  });

  it('interrupted through the bastion: the server stops, nothing is kept, nothing is locked', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    const { databaseName } =
      sandbox.world.organisation.clusters.find(({ account }) => account === '333333333333') ?? {};
    const active = async (admin: typeof writer, mark: string) =>
      (
        await admin.query(
          `select 1 from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid() and position($1 in query) > 0`,
          [mark],
        )
      ).rowCount;
    const writer = await openAdmin(dirname(sandbox.postgres.writer), databaseName);
    const reader = await openAdmin(dirname(await sandbox.postgres.reader), databaseName);
    try {
      const note = async () =>
        (await writer.query('select note from orders where id = 1 for update nowait')).rows[0]?.note;
      const before = await note();
      const writes = ['--write', '--confirm', 'prod-wealth', '--reason', 'a test'];
      for (const [admin, ownGroup, more] of [
        [reader, true, []],
        [writer, true, writes],
        // One process alone, as supervisors do: it hands on what it gets.
        [writer, false, writes],
        [reader, false, []],
      ] as const) {
        const mark = `mark-${ownGroup}-${more.length}`;
        const sql =
          more.length > 0
            ? `update orders set note = 'gone' where id = 1; select pg_sleep(40), '${mark}'`
            : `select pg_sleep(40), '${mark}'`;
        const interrupt = new AbortController();
        const words = ['db', 'query', 'prod-wealth', '--grant', asked.shortId, '--via', 'tunnel', ...more];
        const running = sandbox.forge([...words, sql], { interrupt: interrupt.signal, ownGroup });
        const early = await Promise.race([
          running,
          expect
            .poll(() => active(admin, mark), { timeout: 20_000 })
            .toBe(1)
            .then(() => undefined),
        ]);
        // What was refused is to be read.
        expect(early, early?.stderr).toBeUndefined();
        interrupt.abort();
        const ran = await running;
        expect([ran.code, await active(admin, mark)], ran.stderr).toEqual([130, 0]);
        expect(ran.stderr.match(/Interrupted.*/g)).toEqual([
          `Interrupted; the query was cancelled on the server${more.length > 0 ? ', and nothing of it is kept' : ''}.`,
        ]);
        expect(await note()).toBe(before);
      }
      expect([...sandbox.world.ssm.sessions.values()].filter(({ running }) => running !== undefined)).toEqual(
        [],
      );
    } finally {
      await Promise.all([writer.end(), reader.end()]);
    }
  });

  it('every kind of command goes on within one', async () => {
    const instance = await ask('dana', { '--scenario': 'instance' });
    const cluster = await ask('dana', { '--scenario': 'kubernetes' });
    await approve('mia', instance.id);
    await approve('mia', cluster.id);
    const shell = await run([
      'ssm',
      'run',
      'prod-wealth/bastion',
      '--grant',
      instance.shortId,
      '--',
      'echo',
      'in',
    ]);
    expect(shell.code, shell.stderr).toBe(0);
    expect(shell.stdout).toContain('in');
    const token = await run(['kube', 'token', 'prod-wealth', '--grant', cluster.shortId]);
    expect(token.code, token.stderr).toBe(0);
    expect(JSON.parse(token.stdout)).toMatchObject({ kind: 'ExecCredential' });
    const keys = await run([
      'exec',
      'prod-wealth',
      '--grant',
      cluster.shortId,
      '--',
      'sh',
      '-c',
      'echo $FORGE_ENV; exit 3',
    ]);
    expect([keys.code, keys.stdout]).toEqual([3, 'prod-wealth\n']);
  });

  it('ended meanwhile: what runs in it is cut short, and that is no success', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    const stamp = join(await sandbox.newHome(), 'runs');
    const running = run([
      'exec',
      'prod-wealth',
      '--grant',
      asked.id,
      '--',
      'sh',
      '-c',
      `touch ${stamp}; sleep 600`,
    ]);
    await expect.poll(() => existsSync(stamp), { timeout: 20_000 }).toBe(true);
    const [first, second] = await Promise.all([
      run([...query, '--grant', asked.id]),
      run([...query, '--grant', asked.id]),
    ]);
    expect([first.code, second.code]).toEqual([0, 0]);
    await forge('dana', ['end', asked.id, '--summary', 'done']);
    const cut = await running;
    expect([cut.code, cut.stderr]).toEqual([7, expect.stringContaining('was ended')]);
  });

  it('at a terminal too, and inside its own session; another one there is refused', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    using terminal = await sandbox.pty([...query, '--grant', asked.shortId], {});
    await terminal.waitFor(/42,a b/);
    expect(await terminal.exit).toBe(0);
    const inside = (grant: string) =>
      run(['breakglass', 'resume', asked.id, '--keep', '--', 'forge', ...query, '--grant', grant]);
    expect(await inside(asked.shortId)).toMatchObject({ code: 0, stdout: expect.stringContaining('42,a b') });
    const nested = await inside('bg-zzzz');
    expect([nested.code, nested.stderr]).toEqual([2, expect.stringContaining('already')]);
  });

  it('--plan names the grant, and the session that it would use', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    const plan = [...query.slice(0, 4), '--plan', '--output', 'json'];
    const named = await run([...plan, '--grant', asked.shortId]);
    expect(named.code, named.stderr).toBe(0);
    expect(JSON.stringify(JSON.parse(named.stdout))).toContain(`keys of what ${asked.shortId} grants`);
    const inside = await run(['breakglass', 'resume', asked.id, '--', 'forge', ...plan]);
    expect(inside.code, inside.stderr).toBe(0);
    expect(inside.stdout).toContain(`the keys of break-glass session ${asked.id}`);
    expect((await run(plan)).stdout).not.toContain('break-glass');
  });
});

it('who is not among those who may ask is told before anything is written', async () => {
  const { FORGE_CONFIG = '' } = sandbox.environment({});
  const text = await readFile(FORGE_CONFIG, 'utf8');
  const file = join(await sandbox.newHome(), 'forge.yaml');
  const changed = text.replace(/( +)approvers: manager\n/, '$&$1requesters: [grp-forge-sre-oncall]\n');
  expect(changed).not.toBe(text);
  await writeFile(file, changed);
  const before = (await journal('dana')).length;
  const refused = await run([...askLine(), '--config', file, '--output', 'json']);
  expect([refused.code, refusalOf(refused).code]).toEqual([5, 'NOT_A_REQUESTER']);
  expect((await journal('dana')).length).toBe(before);
  expect((await run([...askLine(), '--config', file, '--output', 'json'], 'sam')).code).toBe(8);
  // Where it can't be read, IAM and the judge decide.
  await writeFile(file, changed.replace('[grp-forge-sre-oncall]', '[grp-forge-nowhere]'));
  expect((await run([...askLine(), '--config', file, '--output', 'json'])).code).toBe(8);
});
