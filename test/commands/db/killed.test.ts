import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseJsonObject } from '../../../src/lib/json-object.ts';
import { clientOf, openProxy } from '../../support/open-proxy.ts';
import { plainUser } from '../../support/plain-postgres.ts';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** The built forge is killed while statements run: what the server saw is on record. */
const psql = hasProgram('psql', 'a killed forge db connect');

let sandbox: TestSandbox;
/** Beside forge, at the server that its target leads to. */
let reader: pg.Client;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('casey');
  const socket = await sandbox.postgres.reader;
  reader = new pg.Client({
    host: dirname(socket),
    port: Number(/\d+$/.exec(socket)),
    user: plainUser,
    database: 'postgres',
  });
  await reader.connect();
}, 120_000);
afterAll(async () => {
  await reader?.end();
  await sandbox[Symbol.asyncDispose]();
});

const state = () => join(sandbox.environment({ person: 'casey' }).HOME ?? '', '.local', 'state', 'forge');

/** Texts of all streams, and the numbers of those with an outcome. */
function recorded(): { readonly texts: Set<string>; readonly unknown: number } {
  const texts = new Set<string>();
  let unknown = 0;
  const folder = join(state(), 'streams');
  for (const session of readdirSync(folder))
    for (const name of readdirSync(join(folder, session))) {
      const lines = readFileSync(join(folder, session, name), 'utf8').split('\n');
      const open = new Set<unknown>();
      for (const line of lines) {
        const event = parseJsonObject(line);
        if (event?.type === 'statement') {
          texts.add(String(event.sql));
          open.add(event.statement);
        } else open.delete(event?.statement);
      }
      unknown += open.size;
    }
  return { texts, unknown };
}

/** What the server runs of these, or has run last, in its own words. */
async function seenByServer(mark: string): Promise<readonly string[]> {
  const sql = 'select query from pg_stat_activity where query like $1 and pid <> pg_backend_pid()';
  const { rows } = await reader.query<{ query: string }>(sql, [`%${mark}%`]);
  return rows.map(({ query }) => query);
}

it('killed while tools send as fast as they can: nothing ran that is not recorded, and verify holds', async () => {
  const seen = new Set<string>();
  for (const afterMs of [5, 30, 70, 120]) {
    const proxy = await openProxy(sandbox, ['prod-wealth'], 'casey');
    const clients = await Promise.all([1, 2, 3].map(() => clientOf(proxy.facts[0])));
    let running = true;
    const sending = clients.map(async ({ client }, index) => {
      for (let n = 0; running; n++) {
        const text = `select 'mark-${afterMs}-${index}-${n}'`;
        const done = await (n % 2 === 0 ? client.query(text) : client.query(`${text}, $1::int`, [n])).then(
          () => true,
          () => false,
        );
        // Answered: the server has run it for sure.
        if (done) seen.add(n % 2 === 0 ? text : `${text}, $1::int`);
        else return;
      }
    });
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    process.kill(proxy.pid, 'SIGKILL');
    for (const text of await seenByServer(`mark-${afterMs}-`)) seen.add(text);
    await proxy.exit;
    running = false;
    await Promise.all(sending);
  }
  expect(seen.size).toBeGreaterThan(10);
  const { texts } = recorded();
  expect([...seen].filter((text) => !texts.has(text))).toEqual([]);
  const verified = await sandbox.forge(['audit', 'verify'], { person: 'casey' });
  expect(verified.code, verified.stdout).toBe(0);
}, 90_000);

it.skipIf(!psql)(
  'psql that loses its forge in a statement: the statement is there, its outcome unknown',
  async () => {
    const { builtForge } = await import('../../support/built-forge.ts');
    const child = spawn(
      process.execPath,
      [await builtForge(), 'db', 'connect', 'prod-wealth', '--', '-c', "select 'alone', pg_sleep(20)"],
      { env: sandbox.environment({ person: 'casey' }), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    await expect.poll(() => seenByServer("'alone'"), { timeout: 20_000 }).toHaveLength(1);
    child.kill('SIGKILL');
    await closed;
    expect(said).toContain('server closed the connection unexpectedly');
    const { texts, unknown } = recorded();
    expect(texts.has("select 'alone', pg_sleep(20)")).toBe(true);
    expect(unknown).toBeGreaterThan(0);
    const list = JSON.parse(
      (await sandbox.forge(['audit', 'list', '--output', 'json'], { person: 'casey' })).stdout,
    );
    // The way led through an instance, which is an access of its own.
    const { id } = list.find(({ what }: { what: string }) => what === 'db connect');
    const shown = await sandbox.forge(['audit', 'show', id, '--sql'], { person: 'casey' });
    expect(shown.stdout).toMatch(/unknown: the connection ended[^\n]*\n +select 'alone', pg_sleep\(20\)/);
  },
  60_000,
);
