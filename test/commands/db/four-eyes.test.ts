import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAdmin } from '../../../src/sandbox/postgres/seed-databases.ts';
import { peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { type Run, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** A change to data under four eyes: Dana asks, Mia reads and approves, Dana runs it. Each line is a process of its own. */
let sandbox: TestSandbox;
let admin: Client;
let folder: string;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sam'].map((person) => sandbox.signIn(person)));
  const cluster = sandbox.world.organisation.clusters.find(({ account }) => account === wealth);
  database = cluster?.databaseName ?? '';
  admin = await openAdmin(dirname(sandbox.postgres.writer), database);
  folder = await sandbox.newHome();
}, 120_000);
afterAll(async () => {
  await admin?.end();
  await sandbox?.[Symbol.asyncDispose]();
});
let database: string;
const wealth = '333333333333';
const { forge } = peopleOf(() => sandbox);

let number = 0;
let file = '';
/** Each test has rows of its own. */
let rows: readonly number[] = [];
beforeEach(async () => {
  number++;
  rows = [1, 2, 3].map((one) => number * 10 + one);
  file = join(folder, `fix-${number}.sql`);
  await admin.query('update orders set status = $1, note = null where id = any($2)', ['placed', rows]);
});

const fix = () =>
  `-- orders stuck in payment\nupdate orders set status = 'paid' where id in (${rows.join(', ')});\nselect count(*) as paid from orders where status = 'paid' and id in (${rows.join(', ')});\n`;
const why = ['--ticket', 'INC-7', '--reason', 'orders stuck'];
/**
 * What was issued while an earlier grant was being cut off is refused with it, and comes anew: nothing was begun then, so
 * whoever is told so types it again.
 */
async function run(words: readonly string[], person = 'dana', home?: string): Promise<Run> {
  for (const end = performance.now() + 20_000; ; await sleep(500)) {
    const ran = await sandbox.forge(['db', ...words], { person, ...(home === undefined ? {} : { home }) });
    if (!/may not sts:AssumeRole/.test(ran.stderr) || performance.now() > end) return ran;
  }
}

/** What the last request was told. */
let said = '';
async function request(text: string, ...more: string[]): Promise<string> {
  await writeFile(file, text);
  const asked = await run(['request', 'prod-wealth', file, ...why, ...more]);
  expect(asked.code, asked.stderr).toBe(8);
  said = asked.stderr;
  return asked.stdout.trim();
}
async function approved(text = fix(), ...more: string[]): Promise<string> {
  const id = await request(text, ...more);
  const said = await run(['approve', id, '--yes'], 'mia');
  expect(said.code, said.stderr).toBe(0);
  return id;
}
/** What was issued before AWS has cut off what was ended goes with it: whoever comes after has keys that stay. */
async function cutOff(id: string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const records = sandbox.world.organisation.buckets.flatMap(({ objects }) =>
      [...objects].filter(([key]) => key.startsWith(`sessions/${id}/0`)),
    );
    if (records.some(([, [version]]) => version?.body.includes('"kind":"revoke"'))) {
      // IAM compares whole seconds and the cut is rounded up: what is issued in the second after it goes, too.
      await sleep(2_100);
      return;
    }
    await sleep(50);
  }
  throw new Error(`${id} was not cut off`);
}
async function states(): Promise<readonly string[]> {
  const found = await admin.query<{ status: string }>(
    'select status from orders where id = any($1) order by id',
    [rows],
  );
  return found.rows.map(({ status }) => status);
}
const untouched = ['placed', 'placed', 'placed'];
const done = ['paid', 'paid', 'paid'];
/** What is said of giving the access back may follow. */
const errorOf = (found: Run) =>
  refusalOf({ ...found, stderr: /^\{"error".*$/m.exec(found.stderr)?.[0] ?? '{"error":{}}' });
const refused = (found: Run, code: number, error: string) => {
  expect([found.code, errorOf(found).code], found.stderr).toEqual([code, error]);
};
const json = ['--output', 'json'];

async function stateFiles(id: string, person = 'dana'): Promise<string> {
  const { HOME = '' } = sandbox.environment({ person });
  const place = join(HOME, '.local', 'state', 'forge', 'streams', id);
  const names = await readdir(place);
  return (await Promise.all(names.map((name) => readFile(join(place, name), 'utf8')))).join('');
}

describe('a change under four eyes', () => {
  it('is asked for, read, approved, tried, run once, given back, and on record', async () => {
    const id = await request(fix(), '--expect-rows', '3');
    const early = await run(['run', id, ...json]);
    refused(early, 8, 'AWAITING_APPROVAL');
    expect((await run(['changes'])).stdout).toMatch(/waiting +prod-wealth\/\S+ +dana@/);

    const own = await run(['approve', id, '--yes', ...json]);
    refused(own, 5, 'SELF_APPROVAL');
    const shown = await run(['approve', id, '--yes', '--note', 'compared'], 'mia');
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stderr).toContain(`2 │ update orders set status = 'paid' where id in (${rows.join(', ')});`);
    expect(shown.stderr).toMatch(/Rows +3, or it is rolled back/);
    expect(shown.stderr).toMatch(/Target +prod-wealth\/wealth\S*: .* as forge_rw/);

    for (let time = 0; time < 2; time++) {
      const dry = await run(['run', id, '--dry-run', ...json]);
      expect(dry.code, dry.stderr).toBe(0);
      expect(JSON.parse(dry.stdout)).toMatchObject({ outcome: 'dry-run', rows: 3 });
      expect(await states()).toEqual(untouched);
    }
    const ran = await run(['run', id, file]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toContain('line 2: UPDATE 3');
    expect(ran.stdout).toMatch(/paid\n3\n/);
    expect(ran.stdout).toMatch(/is committed on prod-wealth\/\S+: 3 rows changed, transaction \d+\./);
    expect(ran.stderr).toContain('You are out of its group.');
    expect(await states()).toEqual(done);

    await admin.query("update orders set status = 'placed' where id = any($1)", [rows]);
    for (const more of [[], ['--dry-run']])
      refused(await run(['run', id, ...more, ...json]), 5, 'ALREADY_RUN');
    expect(await states()).toEqual(untouched);

    const after = JSON.parse((await run(['changes', id, ...json])).stdout);
    expect(after).toMatchObject({ status: 'ended', outcome: 'committed', rows: 3 });
    const evidence = await stateFiles(id);
    expect(evidence).toContain('"type":"row","number":2,"values":["3"]');
    // The same as the database was sent, by way of the proxy.
    expect(evidence).toMatch(/"type":"statement".*"sql":"update orders set status = 'paid'/);
    expect((await sandbox.forge(['audit', 'verify'])).code).toBe(0);
    const delivered = sandbox.world.organisation.buckets
      .flatMap(({ objects }) => [...objects])
      .filter(([key]) => key.startsWith('evidence/') && key.includes(id))
      .map(([, versions]) => String(versions[0]?.body));
    expect(delivered.join('')).toMatch(/"type":"change\.ended".*"outcome":"committed"/);
    const report = await forge('dana', ['report', id]);
    expect(report.code, report.stderr).toBe(0);
  });

  it('is not run edited, elsewhere, by another, with another count, or for anything else; nor once it was ended', async () => {
    const id = await approved(fix(), '--expect-rows', '3');
    const edited = join(folder, `edited-${number}.sql`);
    await writeFile(edited, fix().replace('paid', 'paid '));
    refused(await run(['run', id, edited, ...json]), 5, 'CHANGE_EDITED');
    refused(await run(['run', id, '--env', 'prod-cash', ...json]), 5, 'CHANGE_ELSEWHERE');
    refused(await run(['run', id, '--expect-rows', '4', ...json]), 5, 'OTHER_EXPECTATION');
    refused(await run(['run', id, ...json], 'sam'), 5, 'NOT_YOURS');
    refused(await forge('dana', ['resume', id, '--', 'true']), 5, 'GRANT_IS_CHANGE');
    refused(await run(['query', 'prod-wealth', 'select 1', '--grant', id, ...json]), 5, 'GRANT_IS_CHANGE');

    const { FORGE_CONFIG = '' } = sandbox.environment();
    const other = join(folder, 'other-forge.yaml');
    await writeFile(
      other,
      (await readFile(FORGE_CONFIG, 'utf8')).replaceAll('user: forge_rw', 'user: forge_ro'),
    );
    const moved = await sandbox.forge(['db', 'run', id, ...json], { env: { FORGE_CONFIG: other } });
    refused(moved, 5, 'UNSOUND_CHANGE');
    expect(errorOf(moved).message).toContain('has another user in forge.yaml here: forge_ro, not forge_rw');

    expect((await forge('dana', ['end', id])).code).toBe(0);
    refused(await run(['run', id, ...json]), 7, 'REQUEST_ENDED');
    expect(await states()).toEqual(untouched);
    await cutOff(id);
  });

  it('is explained for whoever may read the database, and not run when it was denied', async () => {
    await sandbox.admin.assign('dana', wealth, 'Forge-Wealth-ReadOnly');
    const id = await request(fix());
    await sandbox.admin.revoke('dana', wealth, 'Forge-Wealth-ReadOnly');
    const denied = await run(['deny', id, '--yes', '--note', 'no'], 'mia');
    expect(denied.code, denied.stderr).toBe(0);
    expect(denied.stderr, said).toMatch(/Estimated +3, by the requester’s EXPLAIN/);
    expect(denied.stderr).toContain('-- of a SELECT with the same conditions:');
    expect(denied.stderr).toMatch(/Scan.* on orders/);
    refused(await run(['run', id, ...json]), 5, 'REQUEST_DENIED');
    expect(await states()).toEqual(untouched);
  });

  it('is run by one of two that begin at once, on two machines', async () => {
    const id = await approved(`update orders set note = coalesce(note, '') || 'x' where id = ${rows[0]};`);
    const home = await sandbox.newHome();
    await sandbox.signIn('dana', { home });
    const both = await Promise.all([run(['run', id, ...json]), run(['run', id, ...json], 'dana', home)]);
    const [first, second] = both.sort((a, b) => a.code - b.code);
    expect(first?.code, first?.stderr).toBe(0);
    // Whoever comes late finds it taken, or finds the access given back, or cut off on the way to the database.
    expect([5, 6, 7], second?.stderr).toContain(second?.code);
    expect(second?.stderr).toMatch(
      /"(?:ALREADY_RUN|REQUEST_ENDED)"|with an explicit deny|The session to prod-wealth/,
    );
    const { rows: notes } = await admin.query<{ note: string }>('select note from orders where id = $1', [
      rows[0],
    ]);
    expect(notes).toEqual([{ note: 'x' }]);
  });

  it('with other rows than expected is rolled back, and is not run again', async () => {
    // No tag tells what this deletes: the server's own count does.
    const text = `with gone as (delete from order_items where order_id = ${rows[0]} returning 1) select 'done' from gone limit 1;`;
    const before = await admin.query('select count(*)::int as n from order_items');
    const id = await approved(text, '--expect-rows', '1000');
    const ran = await run(['run', id, ...json]);
    refused(ran, 1, 'ROWS_NOT_EXPECTED');
    expect(
      await admin.query('select count(*)::int as n from order_items').then((found) => found.rows),
    ).toEqual(before.rows);
    refused(await run(['run', id, ...json]), 5, 'ALREADY_RUN');
    expect(JSON.parse((await run(['changes', id, ...json])).stdout)).toMatchObject({
      outcome: 'rolled-back',
    });
    expect(await stateFiles(id)).toContain('"type":"table"');
  });
});

/** COMMIT is there and not answered: PostgreSQL waits for a replica that does not exist. */
async function withoutReplica<Value>(use: () => Promise<Value>): Promise<Value> {
  const set = async (...statements: string[]) => {
    for (const sql of statements) await sandbox.postgres.admin.query(sql);
    await sandbox.postgres.admin.query('select pg_reload_conf()');
  };
  await set(
    "alter system set synchronous_standby_names = 'nobody'",
    'alter role forge_rw set synchronous_commit = on',
  );
  try {
    return await use();
  } finally {
    await set('alter system reset synchronous_standby_names', 'alter role forge_rw reset synchronous_commit');
  }
}

/** Waits until the change hangs there. */
async function hanging(waitEvent: string): Promise<number> {
  for (const end = performance.now() + 30_000; performance.now() < end; ) {
    const { rows: found } = await sandbox.postgres.admin.query<{ pid: number }>(
      "select pid from pg_stat_activity where usename = 'forge_rw' and wait_event = $1",
      [waitEvent],
    );
    if (found[0] !== undefined) return found[0].pid;
    await sleep(50);
  }
  return expect.fail(`nothing waits for ${waitEvent}`);
}

describe('a connection that is lost at COMMIT', () => {
  it('is followed by a question: the change is there', async () => {
    const id = await approved();
    const ran = await withoutReplica(async () => {
      const running = run(['run', id]);
      await sandbox.postgres.admin.query('select pg_terminate_backend($1)', [await hanging('SyncRep')]);
      return running;
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain(
      'The connection was lost at COMMIT. The server says that the change is there.',
    );
    expect(await states()).toEqual(done);
  });

  it('and a forge that is killed there: nothing is run twice, and what to ask is known', async () => {
    const id = await approved();
    await withoutReplica(async () => {
      const running = run(['run', id]);
      await hanging('SyncRep');
      for (const pid of await processesOf(id)) process.kill(pid, 'SIGKILL');
      await running;
      await sandbox.postgres.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'forge_rw'",
      );
    });
    refused(await run(['run', id, ...json]), 5, 'ALREADY_RUN');
    const { stdout } = await run(['changes', id]);
    expect(stdout).toContain('forge was killed at COMMIT: whether the change is there is not known');
    // The line that it names works for whoever may read.
    const [, target = '', sql = ''] = /forge db query (\S+) "(select txid_status\(\d+\))"/.exec(stdout) ?? [];
    await sandbox.admin.assign('dana', wealth, 'Forge-Wealth-ReadOnly');
    const found = await run(['query', target, sql, '--output', 'csv', '--no-header']);
    await sandbox.admin.revoke('dana', wealth, 'Forge-Wealth-ReadOnly');
    expect([found.code, found.stdout], found.stderr).toEqual([0, 'committed\n']);
  });

  it('and a forge that is killed before it: nothing was changed, and nothing is run again', async () => {
    const id = await approved();
    await admin.query('begin');
    await admin.query('select from orders where id = $1 for update', [rows[1]]);
    const running = run(['run', id]);
    await hanging('transactionid');
    for (const pid of await processesOf(id)) process.kill(pid, 'SIGKILL');
    await running;
    await admin.query('commit');
    refused(await run(['run', id, ...json]), 5, 'ALREADY_RUN');
    expect((await run(['changes', id])).stdout).toContain(
      'forge was killed before COMMIT: nothing was changed',
    );
    expect(await states()).toEqual(untouched);
  });
});

/** The forge that runs it, and the one that holds its session. */
async function processesOf(id: string): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, args = ''] = /^ *(\d+) (.*)$/.exec(line) ?? [];
    return args.includes(`db run ${id}`) ? [Number(pid)] : [];
  });
}
