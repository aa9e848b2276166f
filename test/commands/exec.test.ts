import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { journalFolder } from '../../src/audit/journal.ts';
import { verifyJournal } from '../../src/audit/verify-journal.ts';
import { type ForgeStage, filesBelow, startForgeStage } from '../identity/forge-stage.ts';
import { builtForge } from '../support/built-forge.ts';

let stage: ForgeStage;
let binary: string;
beforeAll(async () => {
  [stage, binary] = await Promise.all([startForgeStage(), builtForge()]);
}, 120_000);
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  stage.newHome();
  await stage.signIn('dana');
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const cwd = stage.host().directories.home;
  return spawn(process.execPath, [binary, ...args], { env: { ...stage.host().env, ...env }, cwd });
}

function ended(child: ChildProcess, input: string | Buffer = ''): Promise<Ended> {
  const seen: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  child.stdout?.on('data', (chunk: Buffer) => seen.out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => seen.err.push(chunk));
  child.stdin?.end(input);
  return new Promise((resolve) =>
    child.on('close', (code, signal) =>
      resolve({
        code,
        signal,
        out: Buffer.concat(seen.out).toString('latin1'),
        err: Buffer.concat(seen.err).toString(),
      }),
    ),
  );
}

const run = (args: readonly string[], env?: Record<string, string>, input?: string | Buffer) =>
  ended(start(args, env), input);
const node = (script: string) => ['--', process.execPath, '-e', script];
const untilThere = async (path: string) => {
  for (let waited = 0; !existsSync(path); waited += 20) {
    if (waited > 20_000) throw new Error(`${path} did not come`);
    await sleep(20);
  }
};
const mark = (name: string) => join(stage.host().directories.home, name);

describe('forge exec', () => {
  it('gives the child the keys and no others, all of them before it starts', async () => {
    const foreign = {
      AWS_PROFILE: 'other',
      AWS_DEFAULT_PROFILE: 'other',
      AWS_SECURITY_TOKEN: 'old',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.2/x',
      AWS_CREDENTIAL_EXPIRATION: '2000-01-01T00:00:00Z',
      AWS_DEFAULT_REGION: 'eu-west-1',
      FORGE_MFA_CODE: '123456',
      NODE_OPTIONS: '--no-warnings',
      KEPT: 'kept',
    };
    const { code, out, err } = await run(
      ['exec', 'dev', ...node('process.stdout.write(JSON.stringify(process.env))')],
      foreign,
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    const env = JSON.parse(out) as Record<string, string>;
    expect(env).toMatchObject({
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
      AWS_SECRET_ACCESS_KEY: expect.stringMatching(/^.{40}$/),
      AWS_SESSION_TOKEN: expect.stringMatching(/.{100}/),
      AWS_CREDENTIAL_EXPIRATION: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      FORGE_ENV: 'dev',
      KEPT: 'kept',
    });
    for (const name of [
      'AWS_PROFILE',
      'AWS_DEFAULT_PROFILE',
      'AWS_SECURITY_TOKEN',
      'AWS_ROLE_ARN',
      'FORGE_MFA_CODE',
    ])
      expect(env[name], name).toBeUndefined();
    expect(Date.parse(env.AWS_CREDENTIAL_EXPIRATION ?? '')).toBeGreaterThan(Date.now());
    for (const { path, text } of filesBelow(journalFolder(stage.host())))
      expect(text.includes(env.AWS_SECRET_ACCESS_KEY ?? '?'), path).toBe(false);
  });

  it('passes arguments and stdin through, byte for byte', async () => {
    const words = ['a b', '', "'", '"', '$HOME', '--', '--plan', '-h', '*', 'é😀', '\\', 'x=y', 'line\nfeed'];
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
    const { out } = await run(['exec', 'dev', '--', process.execPath, '-e', script, '--', ...words]);
    expect(JSON.parse(Buffer.from(out, 'latin1').toString())).toEqual(words);
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index & 255));
    const piped = await run(['exec', 'dev', '--', 'cat'], {}, bytes);
    expect(Buffer.from(piped.out, 'latin1')).toEqual(bytes);
  });

  it.each([0, 1, 2, 3, 42, 127, 255])('ends with %i when the command does', async (status) => {
    expect(await run(['exec', 'dev', ...node(`process.exit(${status})`)])).toMatchObject({
      code: status,
      err: '',
    });
  });

  it('ends as a shell does when the command is not there, or can not be run, or was killed', async () => {
    writeFileSync(mark('plain'), 'just text');
    chmodSync(mark('plain'), 0o644);
    mkdirSync(mark('folder'));
    expect(await run(['exec', 'dev', '--', 'no-such-command-here'])).toMatchObject({
      code: 127,
      out: '',
      err: 'Warning: There is no command no-such-command-here.\n',
    });
    expect((await run(['exec', 'dev', '--', mark('plain')])).code).toBe(126);
    expect((await run(['exec', 'dev', '--', mark('folder')])).code).toBe(126);
    expect((await run(['exec', 'dev', ...node('process.kill(process.pid, "SIGKILL")')])).code).toBe(137);
    expect((await run(['exec', 'dev', ...node('process.kill(process.pid, "SIGSEGV")')])).code).toBe(139);
  }, 30_000);

  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'hands %s on, and ends as the command does',
    async (name) => {
      const script = `require('fs').writeFileSync(${JSON.stringify(mark('up'))}, '');
process.on('${name}', () => { process.stdout.write('got it'); process.exit(7); }); setInterval(() => {}, 1000);`;
      const child = start(['exec', 'dev', ...node(script)]);
      const end = ended(child);
      await untilThere(mark('up'));
      child.kill(name);
      expect(await end).toMatchObject({ code: 7, out: 'got it', err: '' });
      const silent = `require('fs').writeFileSync(${JSON.stringify(mark('up2'))}, ''); setInterval(() => {}, 1000);`;
      const other = start(['exec', 'dev', ...node(silent)]);
      const otherEnd = ended(other);
      await untilThere(mark('up2'));
      other.kill(name);
      expect(await otherEnd).toMatchObject({ code: name === 'SIGTERM' ? 143 : 129, err: '' });
      expect((await verifyJournal(stage.host())).problem).toBeUndefined();
    },
    30_000,
  );

  it('leaves Ctrl-C to the command', async () => {
    const script = `require('fs').writeFileSync(${JSON.stringify(mark('up'))}, '');
process.on('SIGINT', () => { process.stdout.write('asked first'); process.exit(0); }); setInterval(() => {}, 1000);`;
    const cwd = stage.host().directories.home;
    const args = [binary, 'exec', 'dev', ...node(script)];
    // A group of its own, which gets the signal as a terminal's foreground group does.
    const child = spawn(process.execPath, args, { env: stage.host().env, cwd, detached: true });
    const end = ended(child);
    await untilThere(mark('up'));
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await end).toMatchObject({ code: 0, out: 'asked first', err: '' });
  });

  it('starts nothing without a command, an environment, a sign-in, access, or a reason where one is due', async () => {
    const command = [
      '--',
      process.execPath,
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(mark('ran'))}, '')`,
    ];
    const cases: [string[], number, string][] = [
      [['exec', 'dev'], 2, 'Put it after two dashes'],
      [['exec', 'dev', 'ls'], 2, 'USAGE'],
      [['exec', 'nowhere', ...command], 2, 'UNKNOWN_ENVIRONMENT'],
      [['exec', 'prod-cash', ...command], 5, 'BREAK_GLASS_NEEDED'],
      [['exec', 'prod-wealth', ...command], 2, 'REASON_NEEDED'],
      [['exec', 'prod-wealth', '--reason', 'INC-1', ...command], 5, 'ACCESS_DENIED'],
    ];
    for (const [args, code, text] of cases) {
      const seen = await run(['--output', 'json', ...args]);
      expect(seen.err, args.join(' ')).toContain(text);
      expect(seen).toMatchObject({ code, out: '' });
    }
    stage.newHome();
    expect(await run(['exec', 'dev', ...command])).toMatchObject({ code: 4, out: '' });
    expect(existsSync(mark('ran'))).toBe(false);
  }, 60_000);

  it('lets 50 at once ask AWS for keys once', async () => {
    const before = stage.calls('GetRoleCredentials');
    const script = 'process.stdout.write(process.env.AWS_ACCESS_KEY_ID)';
    const all = await Promise.all(Array.from({ length: 50 }, () => run(['exec', 'dev', ...node(script)])));
    expect(all.map(({ code }) => code)).toEqual(all.map(() => 0));
    expect(new Set(all.map(({ out }) => out)).size).toBe(1);
    expect(stage.calls('GetRoleCredentials') - before).toBe(1);
    expect(await verifyJournal(stage.host())).toMatchObject({ records: 100, problem: undefined });
  }, 120_000);

  it('runs the real thing: whoami inside is who exec said', async () => {
    const { out } = await run([
      'exec',
      'dev-chain',
      '--',
      process.execPath,
      binary,
      'whoami',
      '--output',
      'json',
      '--config',
      emptyConfig(),
    ]);
    expect(JSON.parse(out)).toMatchObject({
      person: 'dana@tapp.example',
      caller: { arn: 'arn:aws:sts::111111111111:assumed-role/developer-rds-access/dana@tapp.example' },
      signIn: null,
    });
  });
});

function emptyConfig(): string {
  writeFileSync(
    mark('empty.yaml'),
    'version: 1\nenvironments: { dev-chain: { account: "111111111111", region: us-east-1 } }\n',
  );
  return mark('empty.yaml');
}

describe('forge env', () => {
  it('is taken by bash as it is meant, and taken back', async () => {
    const { out } = await run(['env', 'dev']);
    const print = `${process.execPath} -p 'JSON.stringify(process.env)'`;
    const bash = (script: string) =>
      ended(
        spawn('bash', ['--norc', '-c', `set -eu\n${script}\n${print}`], {
          env: { PATH: process.env.PATH, AWS_PROFILE: 'other' },
        }),
      );
    const set = JSON.parse((await bash(out)).out) as Record<string, string>;
    expect(set).toMatchObject({ AWS_REGION: 'us-east-1', FORGE_ENV: 'dev' });
    expect(set.AWS_PROFILE).toBeUndefined();
    const gone = JSON.parse((await bash(out + (await run(['env', '--unset'])).out)).out) as Record<
      string,
      string
    >;
    expect(Object.keys(gone).filter((name) => /^(AWS|FORGE)_/.test(name))).toEqual([]);
  });

  it('speaks the shell of SHELL, else the one that is asked for', async () => {
    expect((await run(['env', 'dev'], { SHELL: '/usr/bin/fish' })).out).toContain(
      "set -gx AWS_REGION 'us-east-1'",
    );
    expect((await run(['env', 'dev'], { SHELL: '/bin/dash' })).out).toContain(
      "export AWS_REGION='us-east-1'",
    );
    expect((await run(['env', 'dev', '--shell', 'cmd'])).out).toContain('set "AWS_REGION=us-east-1"');
    expect((await run(['env', 'dev', '--shell', 'csh'])).code).toBe(2);
  });

  it('prints no key on a terminal, and neither does forge credentials', async () => {
    stage.newHome({ overrides: {} });
    await stage.signIn('dana');
    Object.assign(stage.host().stdout, { isTTY: true });
    for (const command of ['env', 'credentials']) {
      const { code, out, err } = await stage.run(command, 'dev');
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).toContain('Keys are not printed on a terminal.');
    }
    expect(existsSync(journalFolder(stage.host()))).toBe(false);
  });
});

describe('forge credentials', () => {
  it('is a credential_process that the SDK takes, and forge itself', async () => {
    const { out, code } = await run(['credentials', 'dev']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      Version: 1,
      AccessKeyId: expect.stringMatching(/^ASIA/),
      AccountId: '111111111111',
    });
    const home = stage.host().directories.home;
    writeFileSync(
      join(home, '.aws', 'config'),
      `[profile forge-dev]\ncredential_process = ${process.execPath} ${binary} credentials dev --config ${stage.host().env.FORGE_CONFIG}\n`,
    );
    const seen = await run(['whoami', '--profile', 'forge-dev', '--output', 'json']);
    expect(JSON.parse(seen.out)).toMatchObject({
      person: 'dana@tapp.example',
      caller: { source: 'profile forge-dev' },
    });
  });

  it('never asks a profile that may be the one that asks it', async () => {
    writeFileSync(
      mark('no-sign-in.yaml'),
      'version: 1\nenvironments: { dev: { account: "111111111111", region: us-east-1 } }\n',
    );
    const seen = await run(['credentials', 'dev', '--config', mark('no-sign-in.yaml')], {
      AWS_PROFILE: 'forge-dev',
    });
    expect(seen).toMatchObject({ code: 2, out: '' });
  });
});

describe('forge console', () => {
  it('prints a link without a secret, and opens nothing when nobody is there', async () => {
    const browser = join(stage.host().directories.home, 'opened');
    const { out, code } = await run(['console', 'dev'], { BROWSER: `touch ${browser}` });
    expect(code).toBe(0);
    expect(out).toBe(
      'https://d-9067f7c0de.awsapps.com/start/#/console?account_id=111111111111&role_name=Forge-Developer\n',
    );
    expect(existsSync(browser)).toBe(false);
    expect(readFileSync(stage.host().env.FORGE_CONFIG ?? '', 'utf8')).toContain('d-9067f7c0de');
  });

  it.each([
    ['https://us-east-1.console.aws.amazon.com/rds/home?region=us-east-1#databases:', 0],
    ['https://evil.example/?x=.aws.amazon.com', 2],
    ['https://aws.amazon.com.evil.example/', 2],
    ['https://notaws.amazon.com/', 2],
    ['http://console.aws.amazon.com/', 2],
    ['https://user@console.aws.amazon.com/', 2],
    ['javascript:alert(1)', 2],
    ['rds', 2],
  ])('takes %s as a destination: %i', async (destination, code) => {
    const seen = await stage.run('console', 'dev', '--print', '--destination', destination);
    expect(seen.code).toBe(code);
    if (code === 0)
      expect(new URLSearchParams(seen.out.trim().split('?').slice(1).join('?')).get('destination')).toBe(
        destination,
      );
  });

  it('is refused where nobody has standing access', async () => {
    expect((await stage.run('console', 'prod-cash')).code).toBe(5);
  });
});
