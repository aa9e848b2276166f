import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { keys, openTerminal } from '../../support/pty.ts';
import { type RunOptions, runProgram, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
let binary: string;
let home: string;
beforeAll(async () => {
  binary = await builtForge();
  sandbox = await startTestSandbox();
  home = await mkdtemp(join(tmpdir(), 'forge-run-'));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const outside = () => ({
  PATH: process.env.PATH,
  HOME: home,
  NO_COLOR: '1',
  FORGE_SANDBOX_DIR: sandbox.state.folder,
  AWS_PROFILE: 'production',
  AWS_ACCESS_KEY_ID: 'AKIAREALREALREALREAL',
  AWS_SECRET_ACCESS_KEY: 'real',
  AWS_CONFIG_FILE: '/somewhere/config',
  AWS_CA_BUNDLE: '/somewhere/ca.pem',
  PGPASSWORD: 'real',
  PGOPTIONS: '-c x=y',
  XDG_CONFIG_HOME: '/somewhere/.config',
  KUBECONFIG: '/somewhere/kube',
  BROWSER: 'firefox',
  HTTPS_PROXY: 'http://proxy.example:3128',
  NO_PROXY: 'intranet.example',
});
const run = (args: readonly string[], options: RunOptions = {}) =>
  runProgram(
    process.execPath,
    [binary, 'sandbox', 'run', ...args],
    { ...outside(), ...options.env },
    options,
  );
const node = (script: string) => ['--', process.execPath, '-e', script];

describe('forge sandbox run', () => {
  it('gives the environment of the sandbox and takes away what leads out of it', async () => {
    const { stdout, code } = await run(node('console.log(JSON.stringify(process.env))'));
    expect(code).toBe(0);
    const env = JSON.parse(stdout) as Record<string, string>;
    const { folder, url } = sandbox.state;
    expect(env).toMatchObject({
      HOME: join(folder, 'homes', 'dana'),
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      FORGE_CONFIG: join(folder, 'forge.yaml'),
      FORGE_SANDBOX: folder,
      PGHOSTADDR: '127.0.0.1',
      PGSSLROOTCERT: join(folder, 'ca.pem'),
      PGSSLMODE: 'verify-full',
      NO_PROXY: 'intranet.example,127.0.0.1,localhost',
      BROWSER: 'firefox',
    });
    expect(env.PATH?.split(':')[0]).toBe(join(folder, 'bin'));
    const names = Object.keys(env).filter((name) => /^(AWS_|PG|FORGE_|XDG_|KUBE)/.test(name));
    expect(names.sort()).toEqual([
      'AWS_DEFAULT_REGION',
      'AWS_EC2_METADATA_DISABLED',
      'AWS_ENDPOINT_URL',
      'AWS_REGION',
      'FORGE_CONFIG',
      'FORGE_SANDBOX',
      'FORGE_SLACK_WEBHOOK',
      'PGHOSTADDR',
      'PGSSLMODE',
      'PGSSLROOTCERT',
    ]);
  });

  it('passes argv, stdin and the exit code through', async () => {
    const script = 'process.stdin.pipe(process.stdout); process.exitCode = 7; console.error(process.argv[1])';
    const { code, stdout, stderr } = await run([...node(script), 'a b"c\'$d'], { stdin: 'input\n' });
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: 'input\n', stderr: 'a b"c\'$d\n' });
  });

  it('answers 128 + n for a signal, and hands SIGTERM on', async () => {
    expect((await run(node(`process.kill(process.pid, 'SIGUSR2')`))).code).toBe(140);
    const script = `process.on('SIGTERM', () => { console.log('told'); process.exit(0) }); setInterval(() => {}, 1000)`;
    const told = await run(node(script), { signal: { name: 'SIGTERM', afterMs: 1_000 } });
    expect(told.stdout).toBe('told\n');
    expect(told.code).toBe(143);
  });

  it('has forge in PATH, this very one', async () => {
    const { stdout } = await run(['--', 'forge', '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('--as is a person of the sandbox', async () => {
    const { stdout } = await run(['--as', 'sam@tapp.example', ...node('console.log(process.env.HOME)')]);
    expect(stdout.trim()).toBe(join(sandbox.state.folder, 'homes', 'sam'));
    expect(await run(['--as', 'sma', '--', 'true'])).toMatchObject({
      code: 2,
      stderr: 'Error: There is no sma in the sandbox.\nDid you mean: --as sam\n',
    });
  });

  it('without a command, or with one that is not there, says so', async () => {
    expect((await run([])).code).toBe(2);
    const missing = await run(['--', 'no-such-program']);
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^Error: There is no program no-such-program\./);
  });

  it('without a sandbox has one of its own and leaves nothing of it', async () => {
    const state = join(home, 'alone', 'sandbox');
    const script = `console.log(process.env.FORGE_SANDBOX); process.exitCode = 3`;
    const { code, stdout, stderr } = await run(node(script), { env: { FORGE_SANDBOX_DIR: state } });
    expect(stderr).toBe('');
    expect(code).toBe(3);
    expect(stdout).toContain(`${state}-run-`);
    expect(await readdir(join(home, 'alone'))).toEqual([]);
  });

  it('in a terminal leaves Ctrl-C to the program', async () => {
    const script = `process.on('SIGINT', () => { console.log('mine'); process.exit(5) }); setInterval(() => {}, 1000); console.log('ready')`;
    using terminal = openTerminal(process.execPath, [binary, 'sandbox', 'run', ...node(script)], {
      env: outside(),
    });
    await terminal.waitFor(/ready/);
    terminal.write(keys.ctrlC);
    await terminal.waitFor(/mine/);
    expect(await terminal.exit).toBe(5);
  });
});

describe('forge sandbox shell', () => {
  it.each(['/bin/bash', '/bin/sh'])(
    '%s says in its prompt where one is, and exits with the shell’s code',
    async (shell) => {
      using terminal = openTerminal(process.execPath, [binary, 'sandbox', 'shell', '--as', 'casey'], {
        env: { ...outside(), SHELL: shell },
      });
      await terminal.waitFor(/SANDBOX: you are casey@tapp\.example/);
      await terminal.waitFor(/\(sandbox:casey\)/);
      terminal.write(`echo "endpoint=$AWS_ENDPOINT_URL profile=$AWS_PROFILE"${keys.enter}`);
      await terminal.waitFor(new RegExp(`endpoint=${sandbox.state.url} profile=\\r`));
      terminal.write(`command -v forge${keys.enter}`);
      await terminal.waitFor(/sandbox\/bin\/forge/);
      terminal.write(`exit 4${keys.enter}`);
      expect(await terminal.exit).toBe(4);
    },
  );
});

describe('in the sandbox', () => {
  it('the main job really happens: sign in on the page, role, token, TLS, SQL', async () => {
    const person = { person: 'quinn', home: await sandbox.newHome() };
    expect((await sandbox.forge(['db', 'query', 'dev', 'select 1'], person)).code).toBe(4);
    await sandbox.signIn('dana', person);
    const query = await sandbox.forge(
      ['db', 'query', 'dev', 'select current_user, count(*) from orders', '--output', 'csv'],
      person,
    );
    expect(query.stderr).toBe('');
    expect(query.stdout.trim().split(/\r?\n/)).toEqual(['current_user,count', 'developer,3000']);
    expect(await sandbox.admin.calls()).toMatchObject({ 'sts:AssumeRole': 1, 'rds-db:connect': 1 });
  });
});
