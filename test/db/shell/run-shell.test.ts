import { spawn as spawnChild } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn as spawnTerminal } from '@lydell/node-pty';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../../support/bundle-script.ts';
import { type PlainPostgres, plainUser, startPlainPostgres } from '../../support/plain-postgres.ts';
import { slowness } from '../../support/slowness.ts';

let postgres: PlainPostgres;
let script: string;
const folder = mkdtempSync(join(tmpdir(), 'forge-test-'));
beforeAll(async () => {
  postgres = await startPlainPostgres();
  script = await bundleScript(join(import.meta.dirname, '..', '..', 'support', 'shell-worker.ts'), folder);
}, 60_000);
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

let home = mkdtempSync(join(folder, 'home-'));
afterEach(() => {
  home = mkdtempSync(join(folder, 'home-'));
});
const historyFile = () => join(home, '.local', 'state', 'forge', 'shell-history');
const environment = () => ({ HOME: home, PATH: process.env.PATH ?? '', TERM: 'xterm-256color' });

/** A person at a terminal: types, and waits for what appears after that. */
function openTerminal(name = 'dev') {
  const terminal = spawnTerminal(process.execPath, [script, postgres.folder, plainUser, name], {
    cols: 120,
    rows: 40,
    env: environment(),
    cwd: folder,
  });
  let screen = '';
  let seen = 0;
  let ended: number | undefined;
  terminal.onData((data) => {
    screen += data;
  });
  terminal.onExit(({ exitCode }) => {
    ended = exitCode;
  });
  return {
    type: (text: string) => terminal.write(text),
    kill: () => terminal.kill('SIGKILL'),
    /** The raw text up to and with the match, from where the last wait ended. */
    async sees(pattern: RegExp): Promise<string> {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const rest = screen.slice(seen);
        const plain = withoutStyle(rest);
        const match = pattern.exec(plain);
        if (match !== null) {
          seen = screen.length;
          return rest;
        }
        if (Date.now() > deadline || ended !== undefined) {
          throw new Error(`never saw ${pattern} in ${JSON.stringify(plain)}`);
        }
        await sleep(15);
      }
    },
    async exits(): Promise<number> {
      for (const deadline = Date.now() + 10_000; ended === undefined; ) {
        if (Date.now() > deadline) throw new Error(`still running: ${JSON.stringify(screen.slice(seen))}`);
        await sleep(15);
      }
      return ended;
    },
  };
}

function withoutStyle(text: string): string {
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
}

async function pipe(input: string): Promise<{ out: string; err: string; code: number | null }> {
  const child = spawnChild(process.execPath, [script, postgres.folder, plainUser, 'dev'], {
    env: environment(),
    cwd: folder,
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { out, err, code };
}

describe('at a terminal', { timeout: 30_000 }, () => {
  it('runs statements of several lines, shows what is open in the prompt, and leaves with Ctrl-D', async () => {
    const shell = openTerminal();
    await shell.sees(/dev is open read-write[\s\S]*dev RW=> $/);
    shell.type('select 1 as one,\r');
    await shell.sees(/dev RW-> $/);
    shell.type("'two;\r");
    await shell.sees(/dev RW'> $/);
    shell.type("' as two, ($$x;$$\r");
    await shell.sees(/dev RW\(> $/);
    shell.type(') as three /* \r');
    await shell.sees(/dev RW\*> $/);
    shell.type('*/;\r');
    const shown = withoutStyle(await shell.sees(/\(1 row\)[\s\S]*dev RW=> $/));
    expect(shown).toContain('   1 | two;+| x;');
    shell.type('\x04');
    expect(await shell.exits()).toBe(0);
  });

  it('shows the state of the transaction, and goes on after a failure', async () => {
    const shell = openTerminal();
    await shell.sees(/dev RW=> $/);
    shell.type('begin;\r');
    await shell.sees(/BEGIN[\s\S]*dev RW=\*> $/);
    shell.type('select nope;\r');
    const failure = withoutStyle(await shell.sees(/dev RW=!> $/));
    expect(failure).toMatch(
      /Error: column "nope" does not exist \(SQLSTATE 42703\), line 1, column 8:\s+select nope;\s+\^/,
    );
    shell.type('rollback;\r');
    await shell.sees(/ROLLBACK[\s\S]*dev RW=> $/);
    shell.type('\\q\r');
    expect(await shell.exits()).toBe(0);
  });

  it('Ctrl-C throws the line away, or cancels the statement on the server', async () => {
    const shell = openTerminal();
    await shell.sees(/dev RW=> $/);
    shell.type('select (\r');
    await shell.sees(/dev RW\(> $/);
    shell.type('half a line\x03');
    await shell.sees(/\^C\s+dev RW=> $/);
    shell.type('select pg_sleep(60);\r');
    await using other = await postgres.open();
    const sleeping = async () =>
      (
        await other.client.query(
          `select 1 from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active'`,
        )
      ).rows.length;
    await expect.poll(sleeping).toBe(1);
    const started = Date.now();
    shell.type('\x03');
    await shell.sees(/Interrupted; the query was cancelled on the server\.[\s\S]*dev RW=> $/);
    const took = Date.now() - started;
    expect(took).toBeLessThan(1_000 * (await slowness()));
    expect(await sleeping()).toBe(0);
    shell.type('select 6 * 7 as answer;\r');
    await shell.sees(/ 42[\s\S]*dev RW=> $/);
    shell.type('\\q\r');
    expect(await shell.exits()).toBe(0);
  });

  it('keeps what was typed for the next shell, but nothing that speaks of a secret', async () => {
    const first = openTerminal();
    await first.sees(/dev RW=> $/);
    first.type("select 'kept' as k;\r");
    await first.sees(/kept[\s\S]*1 row[\s\S]*dev RW=> $/);
    first.type('create role forge_canary login\r');
    await first.sees(/dev RW-> $/);
    first.type("password\r'FORGECANARY';\r");
    await first.sees(/CREATE ROLE[\s\S]*dev RW=> $/);
    first.type(" select 'not kept';\r");
    await first.sees(/not kept[\s\S]*1 row[\s\S]*dev RW=> $/);
    // Not under the arrow keys either: two up is the first statement.
    first.type('\x1b[A');
    const recalled = withoutStyle(await first.sees(/dev RW=> select 'kept' as k;$/));
    expect(recalled).not.toContain('CANARY');
    first.type('\x03');
    await first.sees(/dev RW=> $/);
    first.type('\\q\r');
    await first.exits();
    expect(readFileSync(historyFile(), 'utf8')).toBe("select 'kept' as k;\n\\q\n");
    expect(statSync(historyFile()).mode & 0o777).toBe(0o600);

    const second = openTerminal();
    await second.sees(/dev RW=> $/);
    second.type('\x1b[A\x1b[A\r');
    await second.sees(/kept[\s\S]*1 row[\s\S]*dev RW=> $/);
    second.type('\x04');
    expect(await second.exits()).toBe(0);
  });

  it('is red in production, and says how to write', async () => {
    const shell = openTerminal('prod-cash');
    const raw = await shell.sees(/prod-cash is open read-only[\s\S]*prod-cash RO=> $/);
    expect(raw).toMatch(/\x1b\[31m\x1b\[1mprod-cash RO=>|\x1b\[1m\x1b\[31mprod-cash RO=>/);
    shell.type('begin read only; create table x();\r');
    await shell.sees(
      /read-only transaction[\s\S]*forge db connect prod-cash --write[\s\S]*prod-cash RO=!> $/,
    );
    shell.kill();
  });

  it('a server that ends while nothing runs is noticed at once: exit 6', async () => {
    const shell = openTerminal();
    await shell.sees(/dev RW=> $/);
    shell.type('select pg_backend_pid() as pid;\r');
    const pid = /\n +(\d+)\r/.exec(withoutStyle(await shell.sees(/1 row[\s\S]*dev RW=> $/)))?.[1];
    await using other = await postgres.open();
    await other.client.query('select pg_terminate_backend($1)', [pid]);
    expect(await shell.exits()).toBe(6);
  });

  it('has \\d, \\x, \\timing and help, and knows what it has not', async () => {
    const shell = openTerminal();
    await shell.sees(/dev RW=> $/);
    shell.type('create temp table thing(id int primary key, name text);\r');
    await shell.sees(/CREATE TABLE[\s\S]*dev RW=> $/);
    shell.type('\\d thing\r');
    await shell.sees(/"thing_pkey" PRIMARY KEY, btree \(id\)[\s\S]*dev RW=> $/);
    shell.type('\\dtt\r\\timing\r\\x\rselect 1 as a;\r');
    await shell.sees(/-\[ RECORD 1 \][\s\S]*Time: [\d.]+ ms[\s\S]*dev RW=> $/);
    shell.type('\\?\r');
    await shell.sees(/Ctrl-C clears the line[\s\S]*dev RW=> $/);
    shell.type('\\tming\r');
    await shell.sees(/There is no command \\tming\. Did you mean \\timing\?[\s\S]*dev RW=> $/);
    shell.type('\\copy x from y\r');
    await shell.sees(/Only psql has \\copy[\s\S]*dev RW=> $/);
    shell.type('\\c other\r');
    await shell.sees(/forge db connect <target>[\s\S]*dev RW=> $/);
    shell.type('\\q\r');
    expect(await shell.exits()).toBe(0);
  });

  it('shows notices and notifications without losing what is typed', async () => {
    const shell = openTerminal();
    await shell.sees(/dev RW=> $/);
    shell.type("do $$ begin raise notice 'esc \x16\x1b[31m'; end $$;\r");
    await shell.sees(/NOTICE: {2}esc[\s\S]*dev RW=> $/);
    shell.type('listen news;\r');
    await shell.sees(/LISTEN[\s\S]*dev RW=> $/);
    shell.type('select half');
    await shell.sees(/select half$/);
    await using other = await postgres.open();
    await other.client.query(`notify news, 'hello'`);
    await shell.sees(/Notification on "news" with payload "hello"[\s\S]*dev RW=> select half$/);
    shell.kill();
  });
});

describe('in a pipe', { timeout: 30_000 }, () => {
  it('runs what stdin holds, without prompts, the last statement also without its semicolon', async () => {
    const { out, err, code } = await pipe('select 1 as a;\n\\x\nselect 2 as b');
    expect({ out, err, code }).toEqual({
      out: ' a \n---\n 1\n(1 row)\n\nExpanded display is on.\n-[ RECORD 1 ]\nb | 2\n\n',
      err: '',
      code: 0,
    });
    expect(existsSync(historyFile())).toBe(false);
  });

  it('ends at the first failure, with its exit code', async () => {
    const { out, err, code } = await pipe('select 1 as a;\nselect nope;\nselect 2 as b;\n');
    expect(code).toBe(1);
    expect(out).not.toContain('b');
    expect(err).toContain('column "nope" does not exist');
  });

  it('\\i runs a file as if typed; one that includes itself ends', async () => {
    writeFileSync(join(folder, 'one.sql'), "\ufeffselect 1 as a;\r\nselect 'unfinished'");
    expect(await pipe('\\i one.sql\nselect 3 as c;')).toMatchObject({ code: 0, err: '' });
    expect((await pipe("\\i 'one.sql'")).out).toContain('unfinished');
    writeFileSync(join(folder, 'loop.sql'), '\\i loop.sql\n');
    expect(await pipe('\\i loop.sql')).toMatchObject({ code: 2 });
    expect(await pipe('\\i missing.sql')).toMatchObject({ code: 1 });
  });

  it('nothing at all is fine', async () => {
    expect(await pipe('')).toEqual({ out: '', err: '', code: 0 });
  });
});
