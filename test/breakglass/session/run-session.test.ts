import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOpenSessions, listOpenSessions } from '../../../src/breakglass/session/open-sessions.ts';
import { eventually } from '../../support/processes.ts';
import { keys, openTerminal, type Terminal } from '../../support/pty.ts';
import { createTestHost } from '../../support/test-host.ts';
import { runs, type SessionStage, someKeys, startSessionStage } from './session-stage.ts';

interface Line {
  readonly at: number;
  readonly pid: number;
  readonly started?: number;
  readonly status?: number;
  readonly said?: string;
  readonly message?: string;
  readonly after?: string;
  readonly accessKeyId?: string;
  readonly endsAt?: number;
}

let stage: SessionStage;
let asker: string;
let watcher: string;
beforeEach(async () => {
  stage = await startSessionStage();
  [asker, watcher] = await Promise.all([
    stage.script('asking-worker.ts'),
    stage.script('watching-worker.ts'),
  ]);
});
afterEach(() => stage[Symbol.dispose]());

const record = (name: string) => join(stage.home, name);
function lines(name: string): readonly Line[] {
  try {
    const text = readFileSync(record(name), 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  } catch {
    return [];
  }
}

/** A session's shell in which three programs keep asking, one in a job, one past nohup and setsid, one on the socket. */
async function openBusy(): Promise<Terminal> {
  const terminal = stage.terminal({}, { SHELL: '/bin/bash' });
  await terminal.waitFor(/\[BREAK-GLASS [^\]]*\]/);
  const node = process.execPath;
  for (const line of [
    `${node} ${asker} ${record('job')} &`,
    `nohup setsid ${node} ${asker} ${record('daemon')} >/dev/null 2>&1 &`,
    `${node} ${watcher} ${record('watch')} &`,
  ])
    terminal.write(`${line}${keys.enter}`);
  await eventually(async () => ['job', 'daemon', 'watch'].every((name) => lines(name).length > 0));
  expect(lines('watch')[0]).toMatchObject({ accessKeyId: someKeys.accessKeyId, environment: 'prod-wealth' });
  expect(lines('job')[0]).toMatchObject({ status: 200 });
  expect(lines('daemon')[0]).toMatchObject({ status: 200 });
  return terminal;
}

/** Nobody was given anything later than a second after the limit; all is gone; who held on heard of it. */
async function expectOver(limit: number, why: string): Promise<void> {
  await eventually(async () => stage.ended());
  expect(stage.report().ending.why).toBe(why);
  const asked = [...lines('job'), ...lines('daemon')];
  const lateness = asked.filter(({ status }) => status === 200).map(({ at }) => at - limit);
  expect(Math.max(...lateness)).toBeLessThan(1000);
  const refused = asked.filter(({ status }) => status === 403);
  expect(refused[0]?.said).toContain(
    'The break-glass session BG-01K9ZZZZZZZZZZZZZZZZZZ7F3K on prod-wealth has ended',
  );
  const [, heard] = lines('watch');
  expect(heard).toMatchObject({ code: 'BREAKGLASS_OVER', kind: 'denied', aborted: true });
  expect((heard?.at ?? 0) - limit).toBeLessThan(1000);
  expect(new Set(asked.map(({ pid }) => pid)).size).toBe(2);
  for (const { pid } of [...asked, ...lines('watch')]) expect(runs(pid)).toBe(false);
  for (const folder of ['breakglass', 'breakglass-socket'])
    expect(readdirSync(join(stage.home, '.cache/forge', folder))).toEqual([]);
}

describe('the end of an active session', () => {
  /** What is left until a second and a half from now, by the clock that the grant is in. */
  const nearlyAll = () => (lines('watch')[0]?.endsAt ?? 0) - Date.now() - 1_500;

  it('comes within a second of its limit', async () => {
    using terminal = await openBusy();
    const limit = Date.now() + 1_500;
    const passed = nearlyAll();
    stage.shiftClock(passed, passed);
    await terminal.waitFor(/Break-glass on prod-wealth ends in 1 s|Break-glass on prod-wealth ends in 2 s/);
    await terminal.exit;
    await expectOver(limit, 'expired');
    expect(lines('job').some(({ status, at }) => status === 200 && at > limit - 500)).toBe(true);
  });

  it('is not put off by a clock that is set back an hour', async () => {
    using terminal = await openBusy();
    const limit = Date.now() + 1_500;
    stage.shiftClock(-3_600_000, nearlyAll());
    await terminal.exit;
    await expectOver(limit, 'expired');
  });

  it.each([
    ['set forward by an hour', 3_600_000],
    ['as it is after a night of sleep, in which timers stood still', 12 * 3_600_000],
  ])('comes within a second where the clock is %s', async (_, shift) => {
    using terminal = await openBusy();
    const limit = Date.now();
    stage.shiftClock(shift);
    await terminal.exit;
    await expectOver(limit, 'expired');
  });

  it('comes later where the grant is prolonged: prompt, programs and clock follow, and not a second longer', async () => {
    const hour = 3_600_000;
    using terminal = await openBusy();
    stage.prolong(3 * hour);
    await terminal.waitFor(/Break-glass on prod-wealth goes on until \d\d:\d\d \((?:3 h|2 h 59 min)\)/);
    terminal.write(keys.enter);
    await terminal.waitFor(/\[BREAK-GLASS tier 1 prod-wealth 1[78]\d min\]/);
    // Past the first end; the clock set back does not add to the second.
    stage.shiftClock(-hour, 2 * hour);
    const asked = lines('job').length;
    await eventually(async () => lines('job').length > asked + 3);
    expect(lines('job').at(-1)?.status).toBe(200);
    expect(stage.ended()).toBe(false);
    const limit = Date.now() + 1_500;
    stage.shiftClock(-hour, (lines('watch')[0]?.endsAt ?? 0) - 47.5 * 60_000 + 3 * hour - limit);
    await terminal.exit;
    await expectOver(limit, 'expired');
  });

  it('comes at once when the grant is revoked, and says who did it', async () => {
    using terminal = await openBusy();
    const limit = Date.now();
    stage.revoke('by mia');
    await terminal.waitFor(/has ended: it was revoked \(by mia\)\./);
    await terminal.exit;
    await expectOver(limit, 'revoked');
    expect(stage.report().sentences[1]).toMatch(
      /Whatever they copied elsewhere AWS would accept until \d\d:\d\d \(5\d min\)/,
    );
  });

  it.each(['ended', 'signed-out'] as const)(
    'comes within a second when another terminal says %s',
    async (why) => {
      using terminal = await openBusy();
      const host = createTestHost();
      const outside = {
        ...host,
        directories: { ...host.directories, cache: join(stage.home, '.cache/forge') },
      };
      expect(await listOpenSessions(outside)).toMatchObject([{ tier: 1, environment: 'prod-wealth' }]);
      const limit = Date.now();
      expect(await endOpenSessions(outside, { why }, ({ environment }) => environment === 'dev')).toEqual([]);
      await endOpenSessions(outside, { why });
      await terminal.exit;
      await expectOver(limit, why);
      expect(await listOpenSessions(outside)).toEqual([]);
      host.dispose();
    },
  );

  it('comes with SIGTERM', async () => {
    using terminal = await openBusy();
    const limit = Date.now();
    process.kill(terminal.pid, 'SIGTERM');
    await terminal.exit;
    await expectOver(limit, 'terminated');
  });

  it('leaves no credentials and no shell when forge is killed with -9', async () => {
    using outer = openTerminal('/bin/bash', ['--norc', '-i'], {
      env: { ...stage.env, PS1: 'outer> ', SHELL: '/bin/bash' },
      cwd: stage.home,
    });
    await outer.waitFor(/outer> /);
    outer.write(`${stage.commandLine().join(' ')}${keys.enter}`);
    await outer.waitFor(/\[BREAK-GLASS/);
    outer.write(`echo "shell=$$"${keys.enter}`);
    const shell = Number((await outer.waitFor(/shell=(\d+)/))[1]);
    outer.write(`${process.execPath} ${asker} ${record('job')} &${keys.enter}`);
    outer.write(`${process.execPath} ${watcher} ${record('watch')} &${keys.enter}`);
    await eventually(async () => lines('job').length > 0 && lines('watch').length > 0);
    const { pid } = JSON.parse(
      readFileSync(
        join(
          stage.home,
          '.cache/forge/breakglass',
          readdirSync(join(stage.home, '.cache/forge/breakglass'))[0] ?? '',
          'session.json',
        ),
        'utf8',
      ),
    ) as { pid: number };
    const limit = Date.now();
    process.kill(pid, 'SIGKILL');
    await eventually(async () => lines('watch').some(({ after }) => after !== undefined));
    expect(lines('watch').at(-1)).toMatchObject({ after: 'BREAKGLASS_OVER' });
    await eventually(async () => lines('job').at(-1)?.status === 0);
    const given = lines('job').filter(({ status, at }) => status === 200 && at > limit + 1000);
    expect(given).toEqual([]);
    await outer.waitFor(/Killed[\s\S]*outer> /);
    // The terminal is the outer shell's again; the inner one ends when it is the one that finds something to read.
    await eventually(async () => {
      outer.write(keys.enter);
      return !runs(shell);
    });
    expect(runs(shell)).toBe(false);
    for (const worker of new Set(lines('job').map((line) => line.pid))) process.kill(worker, 'SIGKILL');
  });
});

describe('a program in an active session', () => {
  it('gets the end without a terminal, too', async () => {
    const run = stage.run({ lastsMs: 1_500, command: [process.execPath, asker, record('job')] });
    const { code, stderr } = await run;
    expect(stderr).toContain('has ended: its time is up.');
    expect(code).toBe(137);
    const { startedAt, ending } = stage.report();
    expect(ending.why).toBe('expired');
    const given = lines('job').filter(({ status }) => status === 200);
    expect(Math.max(...given.map(({ at }) => at)) - startedAt - 1_500).toBeLessThan(1000);
  });

  it('has its exit code given on, and takes what it started along', async () => {
    const script = `${process.execPath} ${asker} ${record('job')} & while ! [ -s ${record('job')} ]; do sleep 0.05; done; exit 42`;
    expect((await stage.run({ command: ['sh', '-c', script] })).code).toBe(42);
    expect(stage.report().ending.why).toBe('finished');
    expect(runs(lines('job')[0]?.pid ?? 0)).toBe(false);
  });

  it('is ended also where its environment names no session, and with what it has started', async () => {
    const script = `trap '' HUP TERM; ${process.execPath} -e 'setInterval(() => {}, 1000); console.log(process.pid)' & echo $$; while :; do sleep 1; done`;
    const run = stage.run({ lastsMs: 1_500, command: ['env', '-i', 'sh', '-c', script] });
    const { stdout, code } = await run;
    expect(code).toBe(137);
    const pids = stdout.trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(runs(pid)).toBe(false);
  });
});
