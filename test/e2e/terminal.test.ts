import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { hasProgram } from '../support/programs.ts';
import { keys, openTerminal, type Terminal } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { allowOnPage } from '../support/sign-in-page.ts';
import { slowness } from '../support/slowness.ts';
import { listFiles } from './home-folder.ts';

/** The built binary as a person meets it: in a terminal, with a keyboard. */
const withPsql = hasProgram('psql', 'forge db connect in psql');
let sandbox: TestSandbox;
let dana: string;
let browser: string;
/** forge.yaml in which qa is production, where dana may write. */
let production: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  dana = await sandbox.newHome();
  const folder = await sandbox.newHome();
  browser = `${process.execPath} ${await bundleScript(join(import.meta.dirname, 'browser-worker.ts'), folder)} dana`;
  const config = await readFile(sandbox.state.config, 'utf8');
  production = join(folder, 'forge.yaml');
  await writeFile(production, config.replace(/( {4}account: "222222222222"\n)/, '$1    production: true\n'));
  await sandbox.signIn('dana', { home: dana });
});
afterAll(() => sandbox?.[Symbol.asyncDispose]());

/** A shell in a terminal, in which forge is a command. */
async function openShell(env: Record<string, string> = {}): Promise<Terminal> {
  const { NO_COLOR: _, ...all } = sandbox.environment({ home: dana, env: { PS1: 'sh> ', ...env } });
  const shell = openTerminal('/bin/sh', ['-i'], { env: { ...all, ENV: '' } });
  await shell.waitFor(/sh> /);
  return shell;
}

/** The terminal echoes, waits for whole lines and knows Ctrl-C, as before. */
async function expectRestored(shell: Terminal): Promise<void> {
  shell.write(`stty -a | tr '\\n' ' '; echo "code $?"${keys.enter}`);
  const [, settings] = await shell.waitFor(/speed([\s\S]*)code 0/);
  expect(settings).toMatch(/ isig icanon /);
  expect(settings).toMatch(/ echo echoe /);
}

const isRunning = async (sql: string) => {
  const text = "select from pg_stat_activity where query = $1 and state = 'active'";
  return (await sandbox.postgres.admin.query(text, [sql])).rowCount === 1;
};
/** How long it took, milliseconds. */
async function until(condition: () => Promise<boolean>, limit: number): Promise<number> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > limit) throw new Error(`not within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - started;
}

describe.concurrent('forge login', () => {
  it('opens the browser, and the page says that one can go back', async () => {
    const home = await sandbox.newHome();
    // In a container forge would take a device code by itself.
    const env = { BROWSER: `${browser} allow %s` };
    using terminal = await sandbox.pty(['login', '--browser'], { home, env });
    await terminal.waitFor(/Opening the browser to sign in at https:/);
    await terminal.waitFor(/Signed in[^\n]*dana@tapp\.example/);
    expect(await terminal.exit).toBe(0);
  });

  it('refused in the browser says so', async () => {
    const home = await sandbox.newHome();
    using terminal = await sandbox.pty(['login', '--browser'], {
      home,
      env: { BROWSER: `${browser} deny %s` },
    });
    await terminal.waitFor(/Error:.* The sign-in was refused in the browser/);
    expect(await terminal.exit).toBe(5);
  });

  it('over SSH takes a device code and says why', async () => {
    const home = await sandbox.newHome();
    using terminal = await sandbox.pty(['login'], {
      home,
      env: { BROWSER: 'false', SSH_CONNECTION: '10.0.0.1 22 10.0.0.2 22' },
    });
    await terminal.waitFor(/device code, because this is an SSH connection/);
    const [, url = ''] = await terminal.waitFor(/(http\S+user_code=\S+)/);
    await terminal.waitFor(/Waiting for the page to be confirmed/);
    await allowOnPage(url, 'dana');
    await terminal.waitFor(/Signed in/);
    expect(await terminal.exit).toBe(0);
  });

  it('ends at Ctrl-C, at once and without a trace', async () => {
    for (const flow of ['--browser', '--device-code']) {
      const home = await sandbox.newHome();
      using terminal = await sandbox.pty(['login', flow], { home, env: { BROWSER: 'true' } });
      await terminal.waitFor(/Waiting for/);
      const pressed = performance.now();
      terminal.write(keys.ctrlC);
      expect(await terminal.exit).toBe(130);
      const took = performance.now() - pressed;
      expect(took).toBeLessThan(1_000 * (await slowness()));
      expect(terminal.text()).toMatch(/Interrupted\./);
      expect(terminal.text()).not.toMatch(/^\s+at |AbortError/m);
      // The registration of the program is all that stays; nobody is signed in by it.
      const left = await listFiles(home);
      expect(left.filter((file) => !/^\.cache\/forge\/config\//.test(file))).toEqual([
        expect.stringMatching(/^\.aws\/sso\/cache\/[0-9a-f]{40}\.json$/),
      ]);
    }
  });
});

describe.concurrent.each(withPsql ? ['psql', 'builtin'] : ['builtin'])('forge db connect in %s', (client) => {
  // White on red in psql, whose label also says whether one may write.
  const red = client === 'psql' ? /\x1b\[[\d;]*41m[^\x1b]*qa R[OW]/ : /\x1b\[31m\x1b\[1mqa R[OW]=>/;
  const command = (target: string, more = '') => `forge db connect ${target} --client ${client} ${more}`;

  it('shows where one is, cancels a statement at Ctrl-C and nothing else, and gives the terminal back', async () => {
    using shell = await openShell();
    shell.write(`${command('dev')}${keys.enter}`);
    await shell.waitFor(client === 'psql' ? /36m[^\n]*dev RW[^\n]* developer@shop_dev=> / : /1mdev RW=>/);
    const sql = `select pg_sleep(60), '${client}'`;
    shell.write(`${sql};${keys.enter}`);
    await until(() => isRunning(`${sql};`), 10_000);
    shell.write(keys.ctrlC);
    await shell.waitFor(/cancel+ed|canceling statement due to user request/i);
    shell.write(`select 40 + 2 as answer;${keys.enter}`);
    await shell.waitFor(/answer[\s\S]*42/);
    shell.write(`\\q${keys.enter}`);
    await shell.waitFor(/sh> /);
    shell.write(`echo "code=$?"${keys.enter}`);
    await shell.waitFor(/code=0/);
    await expectRestored(shell);
  });

  it('is red in production, read-only, and writes only after its name was typed', async () => {
    using shell = await openShell({ FORGE_CONFIG: production });
    shell.write(`${command('qa')}${keys.enter}`);
    await shell.waitFor(red);
    shell.write(`create table forbidden();${keys.enter}`);
    await shell.waitFor(/read-only/);
    shell.write(`\\q${keys.enter}`);
    await shell.waitFor(/sh> /);

    shell.write(`${command('qa', '--write --reason INC-1')}${keys.enter}`);
    await shell.waitFor(/Type|type/);
    shell.write(`dev${keys.enter}`);
    await shell.waitFor(/"dev".* qa\.[\s\S]*Nothing was done[\s\S]*sh> /);
    shell.write(`echo "code=$?"${keys.enter}`);
    await shell.waitFor(/code=2/);

    shell.write(`${command('qa', '--write --reason INC-1')}${keys.enter}`);
    await shell.waitFor(/Type|type/);
    shell.write(`qa${keys.enter}`);
    await shell.waitFor(red);
    shell.write(`show transaction_read_only;${keys.enter}`);
    await shell.waitFor(/transaction_read_only[\s\S]*?off/);
    shell.write(`\\q${keys.enter}`);
    await shell.waitFor(/sh> /);
    await expectRestored(shell);
  });
});

it.skipIf(!withPsql)('a psql that is killed leaves the terminal as it was', async () => {
  using shell = await openShell();
  shell.write(`forge db connect dev --client psql${keys.enter}`);
  await shell.waitFor(/developer@shop_dev=/);
  shell.write(`\\! kill -9 $PPID${keys.enter}`);
  await shell.waitFor(/sh> /);
  shell.write(`echo "code=$?"${keys.enter}`);
  await shell.waitFor(/code=137/);
  await expectRestored(shell);
  expect((await listFiles(dana)).filter((file) => file.includes('/psql/'))).toEqual([]);
});

it('Ctrl-C ends a running query on the server, too, within half a second', async () => {
  const sql = "select pg_sleep(60), 'ctrl-c'";
  using terminal = openTerminal(process.execPath, [await builtForge(), 'db', 'query', 'dev', sql], {
    env: sandbox.environment({ home: dana }),
  });
  await until(() => isRunning(sql), 10_000);
  terminal.write(keys.ctrlC);
  const took = await until(async () => !(await isRunning(sql)), 20_000);
  expect(took).toBeLessThan(500 * (await slowness()));
  expect(await terminal.exit).toBe(130);
  expect(terminal.text()).toMatch(/Interrupted\.|cancelled/i);
  expect(terminal.text()).not.toMatch(/^\s+at /m);
});
