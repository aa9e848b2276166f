import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys, openTerminal } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** The built binary in a terminal, on an instance of the sandbox: what goes through is real shells on real ptys. */
let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const prompt = /[$#] $/;
const onPosix = describe.skipIf(process.platform === 'win32');

onPosix('forge ssm', () => {
  it('opens a shell that has the size of the terminal from its first byte, and follows it', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1'], { columns: 101 });
    await terminal.waitFor(prompt);
    terminal.write(`stty size${keys.enter}`);
    await terminal.waitFor(/40 101/);
    terminal.resize(77, 33);
    await sleep(300);
    terminal.write(`stty size${keys.enter}`);
    await terminal.waitFor(/33 77/);
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
  });

  it('--record keeps what is shown and its size, and never what is typed without echo', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1', '--record'], { columns: 101 });
    await terminal.waitFor(prompt);
    terminal.write(`stty -echo; read word; stty echo; echo "read:"${'$'}{#word} grüße${keys.enter}`);
    await terminal.waitFor(/grüße\r\n/);
    await sleep(200);
    terminal.write(`hunter2-typed${keys.enter}`);
    await terminal.waitFor(/read:13 grüße/);
    terminal.resize(77, 33);
    await terminal.waitFor(prompt);
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
    const [last] = JSON.parse(
      (await sandbox.forge(['audit', 'list', '--limit', '1', '--output', 'json'])).stdout,
    );
    const raw = (await sandbox.forge(['audit', 'replay', last.id, '--raw'])).stdout;
    expect(JSON.parse(raw.split('\n')[0] ?? '')).toMatchObject({ version: 2, width: 101, height: 40 });
    expect(raw).toContain('"r","77x33"');
    expect(raw).not.toContain('hunter2');
    const text = (await sandbox.forge(['audit', 'replay', last.id])).stdout;
    expect(text).toContain('read:13 grüße\n');
    const plugin = await sandbox.forge(['ssm', 'dev/web-1', '--record', '--transport', 'plugin']);
    expect(plugin).toMatchObject({ code: 2, stderr: expect.stringContaining('session-manager-plugin') });
  });

  it('hands Ctrl-C, Ctrl-Y, Ctrl-Z and Ctrl-\\ to the instance', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    terminal.write(`sleep 60; echo "code:$?"${keys.enter}`);
    await sleep(300);
    terminal.write(keys.ctrlC);
    await terminal.waitFor(/\^C[\s\S]*\$ $/);
    terminal.write(`echo "still":here${keys.enter}`);
    await terminal.waitFor(/still:here/);
    terminal.write(`cat${keys.enter}`);
    await sleep(200);
    // A terminal throws away what is typed ahead of these keys, so each is waited for.
    terminal.write('\x1c');
    await terminal.waitFor(/Quit[\s\S]*\$ $/);
    terminal.write(`cat${keys.enter}`);
    await sleep(200);
    terminal.write('\x1a');
    await terminal.waitFor(/Stopped[\s\S]*\$ $/);
    terminal.write(`kill %1${keys.enter}`);
    // A key that suspends what reads it, on BSD and macOS.
    terminal.write(`cat -v${keys.enter}`);
    await sleep(200);
    terminal.write(`\x19key${keys.enter}`);
    await terminal.waitFor(/\^Ykey\r\n\^Ykey\r\n/);
    terminal.write(keys.ctrlD);
    terminal.write(`grüße=ok; echo "x-äöü-$((6*7))"${keys.enter}`);
    await terminal.waitFor(/x-äöü-42/);
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
  });

  it('shows what the instance sends as it is: a bare line feed only goes down', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    terminal.write(`stty -onlcr; echo "be":low; echo "be":low; stty onlcr${keys.enter}`);
    await terminal.waitFor(/be:low\nbe:low\n/);
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
  });

  it('is left by ~., and the sandbox sees the session ended', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    terminal.write(keys.enter);
    await sleep(100);
    for (const key of ['~', '?']) {
      terminal.write(key);
      await sleep(50);
    }
    await terminal.waitFor(/leave the session/);
    for (const key of ['~', '.']) {
      terminal.write(key);
      await sleep(50);
    }
    await terminal.waitFor(/left the session/);
    expect(await terminal.exit).toBe(130);
    expect((await sandbox.admin.calls())['ssm:TerminateSession']).toBeGreaterThan(0);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGKILL', 137],
  ] as const)('leaves a sane terminal to the shell that started it after %s', async (signal, code) => {
    const binary = await builtForge();
    const { NO_COLOR: _, ...env } = sandbox.environment();
    using terminal = openTerminal('bash', ['--norc', '-i'], { env: { ...env, PS1: 'outer> ' } });
    await terminal.waitFor(/outer> /);
    terminal.write(`${process.execPath} ${binary} ssm dev/web-1${keys.enter}`);
    await terminal.waitFor(prompt);
    const pid = execFileSync('pgrep', ['-P', String(terminal.pid), '-f', 'ssm dev/web-1'], {
      encoding: 'utf8',
    });
    process.kill(Number(pid.trim().split('\n')[0]), signal);
    await terminal.waitFor(/outer> /);
    terminal.write(`echo "code=$?"; stty -a${keys.enter}`);
    await terminal.waitFor(new RegExp(`code=${code}`));
    const modes = await terminal.waitFor(/isig[\s\S]*outer> /);
    for (const mode of ['icanon', 'echo', 'isig'])
      expect(modes[0]).toMatch(new RegExp(`(?<!-)\\b${mode}\\b`));
    expect(terminal.text()).not.toMatch(/-opost[\s\S]*outer> $/);
  });

  it('ends when the terminal is closed', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    terminal.kill('SIGHUP');
    expect(await terminal.exit).toBe(143);
  });

  it('runs commands from a pipe and ends with them', async () => {
    const run = await sandbox.forge(['ssm', 'dev/web-1'], {
      stdin: 'echo "sum:$((20+22))"\ncat\n',
      timeoutMs: 20_000,
    });
    expect(run.stdout).toContain('sum:42');
    expect(run.code).toBe(0);
  });

  it('ends with a stdin that is empty, and without a terminal', async () => {
    const ended = async () => (await sandbox.admin.calls())['ssm:TerminateSession'] ?? 0;
    const before = await ended();
    const run = await sandbox.forge(['ssm', 'dev/web-1'], { stdin: '', timeoutMs: 20_000 });
    expect(run.code).toBe(0);
    // The shell itself has ended at the end of its input.
    expect(await ended()).toBe(before);
  });

  it('takes 600 pasted lines whole', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    terminal.write(`stty -echo; cat > /dev/null; cat | sha256sum${keys.enter}`);
    await sleep(300);
    terminal.write('\x04');
    await sleep(300);
    const lines = Array.from({ length: 600 }, (_, index) => `line ${index} of a pasted text, äöü ~.`);
    terminal.write(`${lines.join('\r')}\r\x04`);
    const { createHash } = await import('node:crypto');
    const digest = createHash('sha256')
      .update(`${lines.join('\n')}\n`)
      .digest('hex');
    await terminal.waitFor(new RegExp(digest), { timeoutMs: 15_000 });
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
  });

  it('ends when its time is up, with exit code 7', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1', '--max-duration', '2s']);
    await terminal.waitFor(/has lasted 2 s/, { timeoutMs: 15_000 });
    expect(await terminal.exit).toBe(7);
  });

  it('lets one pick from those that are online, the used one first', async () => {
    using terminal = await sandbox.pty(['ssm', '--env', 'dev']);
    await terminal.waitFor(/> web-1/);
    expect(terminal.text()).not.toContain('report');
    terminal.write('wrk');
    await terminal.waitFor(/> worker/);
    terminal.write(keys.enter);
    await terminal.waitFor(prompt);
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
  });

  it('says what to check for an instance that is offline, by name and by id', async () => {
    const listed = await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json']);
    const rows = JSON.parse(listed.stdout) as { readonly id: string; readonly name: string }[];
    const id = rows.find(({ name }) => name === 'report')?.id ?? '';
    for (const word of ['report', id]) {
      const run = await sandbox.forge(['ssm', `dev/${word}`]);
      expect(run.stderr).toContain(word);
      expect(run.stderr).toMatch(/Check that .*agent/);
      expect(run.code).toBe(6);
    }
  });

  it('goes on over sockets that are cut, without losing a byte', async () => {
    await sandbox.admin.lever('ssm-faults', { cutAfterBytes: 20_000, cuts: 3 });
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    terminal.write(`seq 1 20000; echo "all":there${keys.enter}`);
    await terminal.waitFor(/all:there/, { timeoutMs: 30_000 });
    await sandbox.admin.lever('ssm-faults', {});
    expect((await sandbox.admin.calls())['ssm:ResumeSession']).toBeGreaterThan(0);
    const seen = [...terminal.text().matchAll(/^(\d+)\r$/gm)].map(([, number]) => Number(number));
    expect(seen).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
  }, 60_000);

  it('says why the service ended it', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1']);
    await terminal.waitFor(prompt);
    await sandbox.admin.lever('ssm-sessions', {
      action: 'end',
      output: 'Session timed out due to inactivity.',
    });
    // On a line of its own, not behind the prompt.
    await terminal.waitFor(/\n(?:\x1b\[[\d;]*m)*Error:[^\n]*was ended: Session timed out due to inactivity/);
    expect(await terminal.exit).toBe(7);
  });
});
