import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { journalFolder } from '../../src/audit/journal.ts';
import { verifyJournal } from '../../src/audit/verify-journal.ts';
import { filesBelow } from '../identity/forge-stage.ts';
import { ended, useProcessStage } from './process-stage.ts';

const at = useProcessStage();
const node = (script: string) => ['--', process.execPath, '-e', script];
const untilThere = async (path: string) => {
  for (let waited = 0; !existsSync(path); waited += 20) {
    if (waited > 20_000) throw new Error(`${path} did not come`);
    await sleep(20);
  }
};

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
    const { code, out, err } = await at.run(
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
    for (const { path, text } of filesBelow(journalFolder(at.stage.host())))
      expect(text.includes(env.AWS_SECRET_ACCESS_KEY ?? '?'), path).toBe(false);
  });

  it('passes arguments and stdin through, byte for byte', async () => {
    const words = ['a b', '', "'", '"', '$HOME', '--', '--plan', '-h', '*', 'é😀', '\\', 'x=y', 'line\nfeed'];
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
    const { out } = await at.run(['exec', 'dev', '--', process.execPath, '-e', script, '--', ...words]);
    expect(JSON.parse(Buffer.from(out, 'latin1').toString())).toEqual(words);
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index & 255));
    const piped = await at.run(['exec', 'dev', '--', 'cat'], {}, bytes);
    expect(Buffer.from(piped.out, 'latin1')).toEqual(bytes);
  });

  it.each([0, 1, 2, 3, 42, 127, 255])('ends with %i when the command does', async (status) => {
    expect(await at.run(['exec', 'dev', ...node(`process.exit(${status})`)])).toMatchObject({
      code: status,
      err: '',
    });
  });

  it('ends as a shell does when the command is not there, or can not be run, or was killed', async () => {
    writeFileSync(at.inHome('plain'), 'just text');
    chmodSync(at.inHome('plain'), 0o644);
    mkdirSync(at.inHome('folder'));
    expect(await at.run(['exec', 'dev', '--', 'no-such-command-here'])).toMatchObject({
      code: 127,
      out: '',
      err: 'Error: There is no command no-such-command-here.\nCheck its name and your PATH.\n',
    });
    expect((await at.run(['exec', 'dev', '--', at.inHome('plain')])).code).toBe(126);
    expect((await at.run(['exec', 'dev', '--', at.inHome('folder')])).code).toBe(126);
    expect((await at.run(['exec', 'dev', ...node('process.kill(process.pid, "SIGKILL")')])).code).toBe(137);
    expect((await at.run(['exec', 'dev', ...node('process.kill(process.pid, "SIGSEGV")')])).code).toBe(139);
  }, 30_000);

  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'hands %s on, and ends as the command does',
    async (name) => {
      const script = `require('fs').writeFileSync(${JSON.stringify(at.inHome('up'))}, '');
process.on('${name}', () => { process.stdout.write('got it'); process.exit(7); }); setInterval(() => {}, 1000);`;
      const child = at.start(['exec', 'dev', ...node(script)]);
      const end = ended(child);
      await untilThere(at.inHome('up'));
      child.kill(name);
      expect(await end).toMatchObject({ code: 7, out: 'got it', err: '' });
      const silent = `require('fs').writeFileSync(${JSON.stringify(at.inHome('up2'))}, ''); setInterval(() => {}, 1000);`;
      const other = at.start(['exec', 'dev', ...node(silent)]);
      const otherEnd = ended(other);
      await untilThere(at.inHome('up2'));
      other.kill(name);
      expect(await otherEnd).toMatchObject({ code: name === 'SIGTERM' ? 143 : 129, err: '' });
      expect((await verifyJournal(at.stage.host())).problem).toBeUndefined();
    },
    30_000,
  );

  it('leaves Ctrl-C to the command', async () => {
    const script = `require('fs').writeFileSync(${JSON.stringify(at.inHome('up'))}, '');
process.on('SIGINT', () => { process.stdout.write('asked first'); process.exit(0); }); setInterval(() => {}, 1000);`;
    const cwd = at.stage.host().directories.home;
    const args = [at.binary, 'exec', 'dev', ...node(script)];
    // A group of its own, which gets the signal as a terminal's foreground group does.
    const child = spawn(process.execPath, args, { env: at.stage.host().env, cwd, detached: true });
    const end = ended(child);
    await untilThere(at.inHome('up'));
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await end).toMatchObject({ code: 0, out: 'asked first', err: '' });
  });

  it('starts nothing without a command, an environment, a sign-in, access, or a reason where one is due', async () => {
    const command = [
      '--',
      process.execPath,
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(at.inHome('ran'))}, '')`,
    ];
    const cases: [string[], number, string][] = [
      [['exec', 'dev'], 2, 'Put it after two dashes'],
      [['exec', 'dev', 'ls'], 2, 'USAGE'],
      [['exec', 'nowhere', ...command], 2, 'UNKNOWN_ENVIRONMENT'],
      [['exec', 'prod-cash', ...command], 5, 'BREAK_GLASS_NEEDED'],
      [['exec', 'prod-wealth', ...command], 5, 'ACCESS_DENIED'],
      [['exec', 'prod-wealth', '--reason', 'INC-1', ...command], 5, 'ACCESS_DENIED'],
    ];
    for (const [args, code, text] of cases) {
      const seen = await at.run(['--output', 'json', ...args]);
      expect(seen.err, args.join(' ')).toContain(text);
      expect(seen).toMatchObject({ code, out: '' });
    }
    at.stage.newHome();
    expect(await at.run(['exec', 'dev', ...command])).toMatchObject({ code: 4, out: '' });
    expect(existsSync(at.inHome('ran'))).toBe(false);
  }, 60_000);

  it('lets 50 at once ask AWS for keys once', async () => {
    const before = at.stage.calls('GetRoleCredentials');
    const script = 'process.stdout.write(process.env.AWS_ACCESS_KEY_ID)';
    const all = await Promise.all(Array.from({ length: 50 }, () => at.run(['exec', 'dev', ...node(script)])));
    expect(all.map(({ code }) => code)).toEqual(all.map(() => 0));
    expect(new Set(all.map(({ out }) => out)).size).toBe(1);
    expect(at.stage.calls('GetRoleCredentials') - before).toBe(1);
    expect(await verifyJournal(at.stage.host())).toMatchObject({ records: 100, problem: undefined });
  }, 120_000);

  it('runs the real thing: whoami inside is who exec said', async () => {
    const { out } = await at.run([
      'exec',
      'dev-chain',
      '--',
      process.execPath,
      at.binary,
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
    at.inHome('empty.yaml'),
    'version: 1\nenvironments: { dev-chain: { account: "111111111111", region: us-east-1 } }\n',
  );
  return at.inHome('empty.yaml');
}
