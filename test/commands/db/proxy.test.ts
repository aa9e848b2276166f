import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factsOf, peopleOf } from '../../support/break-glass-people.ts';
import { clientOf, openProxy } from '../../support/open-proxy.ts';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { slowness } from '../../support/slowness.ts';

const psql = hasProgram('psql', 'forge db proxy with psql');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'casey', 'mia'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(() => sandbox[Symbol.asyncDispose]());
const { ask, approve, forge } = peopleOf(() => sandbox);

const stateOf = (person: string) =>
  join(sandbox.environment({ person }).HOME ?? '', '.local', 'state', 'forge');
const journalOf = (person: string) =>
  readdirSync(join(stateOf(person), 'audit'))
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => linesOf(join(stateOf(person), 'audit', name)));
const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('production', () => {
  it('any number of clients, read-only, named, recorded; Ctrl-C tells them', async () => {
    await using proxy = await openProxy(sandbox, ['prod-wealth', '--reason', 'INC-1'], 'casey');
    const [facts] = proxy.facts;
    expect(facts).toMatchObject({
      target: 'prod-wealth',
      readOnly: true,
      host: '127.0.0.1',
      user: 'forge_ro',
    });
    const password = facts?.password ?? '';
    expect(password).toMatch(/^[\w-]{32}$/);
    const { connectionString, jdbcUrl, psql: line } = facts ?? {};
    expect([connectionString, jdbcUrl, line].join()).not.toContain(password);
    expect(readFileSync(`/proc/${proxy.pid}/cmdline`, 'utf8')).not.toContain(password);
    await expect(clientOf({ ...proxy.facts[0], password: 'guess' } as never)).rejects.toMatchObject({
      code: '28P01',
    });
    const { client, lost } = await clientOf(facts);
    const { rows } = await client.query(
      "select current_setting('application_name') as name, pg_is_in_recovery() as standby, $1::int as n",
      [7],
    );
    expect(rows).toEqual([{ name: 'forge/casey@tapp.example/DBeaver 24.1', standby: true, n: 7 }]);
    await expect(client.query('delete from orders')).rejects.toMatchObject({ code: '25006' });
    const others = await Promise.all([clientOf(facts), clientOf(facts)]);
    await Promise.all(others.map((other) => other.client.query('select 1')));
    proxy.interrupt();
    expect(await lost).toMatchObject({
      code: '57P01',
      message: expect.stringContaining('forge db proxy was ended'),
    });
    expect(await proxy.exit).toBe(130);
    expect(proxy.stderr()).not.toContain(password);
    const closed = journalOf('casey').findLast(({ type }) => type === 'statements.closed');
    const lines = linesOf(join(stateOf('casey'), 'streams', String(closed?.id), String(closed?.file)));
    expect(closed).toMatchObject({ lines: lines.length, head: lines.at(-1)?.hash });
    const statements = lines.filter(({ type }) => type === 'statement');
    expect(statements).toHaveLength(Number(closed?.statements));
    expect(statements.find(({ values }) => values === '["7"]')).toMatchObject({
      application: 'forge/casey@tapp.example/DBeaver 24.1',
    });
    expect(JSON.stringify([lines, journalOf('casey')])).not.toContain(password);
  });

  it.skipIf(!psql)(
    'when the time of its grant is up, by the clock, all that is open is told so',
    async () => {
      // Asked for and approved most of a minute ago: of the shortest grant some seconds are left, and nobody ends it.
      await sandbox.admin.setClock(-45_000);
      const asked = await ask();
      const approved = factsOf(await approve('mia', asked.id, '--duration', '1m'));
      await sandbox.admin.setClock(0);
      const limit = Date.parse(approved.endsAt ?? '');
      const grant = ['prod-wealth', '--grant', asked.shortId];
      const sleeps = ['--', '-X', '-c', 'select pg_sleep(101)'];
      const connect = sandbox.forge(['db', 'connect', ...grant, ...sleeps], { person: 'dana' });
      const connected = connect.then((run) => ({ ...run, at: Date.now() }));
      await using proxy = await openProxy(sandbox, grant, 'dana');
      const [idle, busy] = await Promise.all([clientOf(proxy.facts[0]), clientOf(proxy.facts[0])]);
      const ended = idle.lost.then((error) => ({ error, at: Date.now() }));
      const slept = busy.client.query('select pg_sleep(101)').catch((error: unknown) => error);
      await expect.poll(() => sleeping(idle.client, 101), { timeout: limit - Date.now() }).toBe(2);
      const { error, at } = await ended;
      const slow = await slowness();
      const reason = /The break-glass session BG-\w+ on prod-wealth has ended: its time is up\./;
      expect(error).toMatchObject({ code: '57P01', message: expect.stringMatching(reason) });
      expect(await slept).toMatchObject({ code: '57P01', message: expect.stringMatching(reason) });
      expect(at - limit).toBeGreaterThan(-1_000);
      expect(at - limit).toBeLessThan(1_000 * slow);
      const shell = await connected;
      expect(shell.stderr).toMatch(new RegExp(`FATAL: +${reason.source}`));
      expect(shell.at - limit).toBeLessThan(2_000 * slow);
      expect([shell.code, await proxy.exit]).toEqual([7, 7]);
    },
  );

  it.skipIf(!psql)('when its grant ends, psql and pg are told why, within a second', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    await using proxy = await openProxy(sandbox, ['prod-wealth', '--grant', asked.shortId], 'dana');
    const [facts] = proxy.facts;
    const idle = await clientOf(facts);
    const busy = await clientOf(facts);
    const slept = busy.client.query('select pg_sleep(100)').catch((error: unknown) => error);
    const shell = spawn('psql', ['-X', facts?.connectionString ?? '', '-c', 'select pg_sleep(100)'], {
      env: { ...process.env, PGPASSWORD: facts?.password ?? '' },
    });
    let said = '';
    shell.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const left = new Promise<number>((resolve) => shell.on('close', () => resolve(performance.now())));
    await expect.poll(() => sleeping(idle.client, 100), { timeout: 20_000 }).toBe(2);
    const ended = idle.lost.then((error) => ({ error, at: performance.now() }));
    await forge('dana', ['end', asked.id, '--summary', 'done']);
    const over = performance.now();
    const { error, at } = await ended;
    const reason = expect.stringMatching(/break-glass session BG-\w+ on prod-wealth has ended: it was ended/);
    expect(error).toMatchObject({ code: '57P01', message: reason });
    expect(await slept).toMatchObject({ code: '57P01', message: reason });
    expect((await left) - over).toBeLessThan(1_000 * (await slowness()));
    expect(at - over).toBeLessThan(1_000 * (await slowness()));
    expect(said).toMatch(/FATAL: +The break-glass session BG-\w+ on prod-wealth has ended: it was ended/);
    expect(await proxy.exit).toBe(7);
    await expect(clientOf(facts)).rejects.toThrow(/ECONNREFUSED/);
    const opened = journalOf('dana').findLast(({ type }) => type === 'statements.closed');
    expect(opened).toMatchObject({ breakglass: asked.id });
    expect(existsSync(join(stateOf('dana'), 'streams', asked.id, String(opened?.file)))).toBe(true);
  });

  it('when somebody kills its grant, within the second in which forge looks', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    await using proxy = await openProxy(sandbox, ['prod-wealth', '--grant', asked.shortId], 'dana');
    const { lost } = await clientOf(proxy.facts[0]);
    const killing = forge('mia', ['kill', asked.shortId, '--reason', 'wrong database']);
    await expect.poll(() => killsOf(asked.id), { timeout: 30_000, interval: 20 }).toBe(true);
    const written = performance.now();
    expect(await lost).toMatchObject({
      code: '57P01',
      message: expect.stringMatching(/has ended: it was revoked \(by mia@tapp\.example: wrong database\)/),
    });
    // A look each second, what a request takes, and the second that the proxy has.
    expect(performance.now() - written).toBeLessThan(2_000 * (await slowness()));
    expect(await proxy.exit).toBe(5);
    await killing;
  });
});

/** How many connections sleep for so long at the server. */
async function sleeping(client: Client, seconds: number): Promise<unknown> {
  const sql =
    "select count(*)::int as n from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()";
  return (await client.query(sql, [`%pg_sleep(${seconds})%`])).rows[0].n;
}

const killsOf = (id: string) =>
  sandbox.world.organisation.buckets.some(({ objects }) =>
    [...objects.keys()].some((key) => key.startsWith(`kills/${id}/`)),
  );

describe('dev', () => {
  it('several at once, at ports that follow each other, or at sockets of one’s own', async () => {
    const taken = await openProxy(sandbox, ['dev']);
    const first = (taken.facts[0]?.port ?? 0) + 200;
    await taken[Symbol.asyncDispose]();
    await using both = await openProxy(sandbox, ['dev', 'dev/shop-readonly', '--port', String(first)]);
    expect(both.facts.map(({ target, port, readOnly }) => [target, port, readOnly])).toEqual([
      ['dev', first, false],
      ['dev/shop-readonly', first + 1, true],
    ]);
    for (const facts of both.facts) {
      const { client } = await clientOf(facts);
      expect((await client.query('select current_user as u')).rows).toEqual([{ u: facts.user }]);
      await client.end();
    }
    const again = await sandbox.forge(['db', 'proxy', 'dev', '--port', String(first)]);
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining(`port ${first} on 127.0.0.1 is taken`),
    ]);
    await using unix = await openProxy(sandbox, ['dev', '--unix']);
    const [facts] = unix.facts;
    expect(facts).toMatchObject({ password: null, jdbcUrl: null });
    expect(statSync(dirname(facts?.socket ?? '')).mode & 0o777).toBe(0o700);
    if (!psql) return;
    const { stdout } = await promisify(execFile)('sh', ['-c', `${facts?.psql} -XAtc 'select 6 * 7'`]);
    expect(stdout).toBe('42\n');
  });

  it('closes by itself when nobody was connected for so long, and not while somebody is', async () => {
    const short = await sandbox.forge(['db', 'proxy', 'dev', '--idle-timeout', '1ms']);
    expect([short.code, short.stderr]).toEqual([2, expect.stringContaining('a second or more')]);
    // A refusal names nothing that is refused next.
    const word = await sandbox.forge(['db', 'proxy', 'dev', '--idle-timeout', 'soon']);
    expect([word.code, word.stderr]).toEqual([2, expect.stringContaining('90s, 30m or 2h; at most 24h')]);
    await using proxy = await openProxy(sandbox, ['dev', '--idle-timeout', '2s']);
    const { client } = await clientOf(proxy.facts[0]);
    await client.query('select pg_sleep(3)');
    await client.end();
    const left = performance.now();
    expect(await proxy.exit).toBe(0);
    expect(performance.now() - left).toBeGreaterThan(1_500);
    expect(proxy.stderr()).toContain('Nobody was connected for 2 s: closed.');
  });

  it('what can not be meant is refused before anything is opened', async () => {
    const refusal = async (...args: string[]) => {
      const run = await sandbox.forge(['db', 'proxy', ...args]);
      return [run.code, run.stderr];
    };
    expect(await refusal('dev', 'qa', '--write')).toEqual([2, expect.stringContaining('one target')]);
    expect(await refusal('dev', 'dev/shop')).toEqual([2, expect.stringContaining('named twice')]);
    expect(await refusal('dev', '--unix', '--port', '1')).toEqual([2, expect.stringContaining('exclude')]);
    const plan = await sandbox.forge(['db', 'proxy', 'dev', 'qa', '--plan']);
    expect([plan.code, plan.stdout]).toEqual([
      0,
      expect.stringMatching(/listen on this machine[\s\S]*listen/),
    ]);
  });
});
