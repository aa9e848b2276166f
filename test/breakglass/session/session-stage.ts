import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { bundleScript } from '../../support/bundle-script.ts';
import { openTerminal, type Terminal } from '../../support/pty.ts';
import { type Run, type RunOptions, runProgram } from '../../support/sandbox.ts';
import type { SessionOrder, SessionReport } from './session-worker.ts';

/** A home, and active sessions in processes of their own in it. */
export interface SessionStage extends Disposable {
  readonly home: string;
  /** In the home. */
  write(name: string, text: string): string;
  /** Moves the clocks of the sessions, milliseconds. */
  shiftClock(wall: number, monotonic?: number): void;
  revoke(words: string): void;
  /** The grant lasts so long from the start now, milliseconds. */
  prolong(lastsMs: number): void;
  terminal(order?: Partial<SessionOrder>, env?: NodeJS.ProcessEnv): Terminal;
  run(order: Partial<SessionOrder>, options?: RunOptions): Promise<Run>;
  /** Node, the worker, and its order, for a shell to start. */
  commandLine(order?: Partial<SessionOrder>): readonly string[];
  report(): SessionReport;
  readonly ended: () => boolean;
  /** Path of a worker beside this file, bundled. */
  script(name: string): Promise<string>;
  readonly env: NodeJS.ProcessEnv;
}

export const someKeys = {
  accessKeyId: 'ASIAEXAMPLEEXAMPLE77',
  secretAccessKey: 'secret-of-the-session-for-tests',
  sessionToken: 'token-of-the-session-for-tests',
};

/** Bundled once for a test file. */
const scripts = mkdtempSync(join(tmpdir(), 'forge-bg-scripts-'));
const bundled = new Map<string, Promise<string>>();
afterAll(() => rmSync(scripts, { recursive: true, force: true }));

function script(name: string): Promise<string> {
  const known = bundled.get(name) ?? bundleScript(join(import.meta.dirname, name), scripts);
  bundled.set(name, known);
  return known;
}

export async function startSessionStage(): Promise<SessionStage> {
  const home = mkdtempSync(join(tmpdir(), 'forge-bg-'));
  // Without it fish makes them in the background, for the first time that it starts.
  mkdirSync(join(home, '.local/share/fish/generated_completions'), { recursive: true });
  const worker = await script('session-worker.ts');
  const file = (name: string) => join(home, name);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text);
    return file(name);
  };
  let orders = 0;
  const commandLine: SessionStage['commandLine'] = (order = {}) => {
    rmSync(file('result'), { force: true });
    const whole: SessionOrder = {
      environment: 'prod-wealth',
      lastsMs: 47.5 * 60_000,
      keys: someKeys,
      keysLastMs: 3_600_000,
      shiftFile: file('shift'),
      revokedFile: file('revoked'),
      laterFile: file('later'),
      resultFile: file('result'),
      ...order,
    };
    return [process.execPath, worker, write(`order-${orders++}.json`, JSON.stringify(whole))];
  };
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, USER: 'tester', LANG: 'C.UTF-8' };
  return {
    home,
    env,
    write,
    script,
    commandLine,
    shiftClock(wall, monotonic = 0) {
      // At once: it is read all the time.
      renameSync(write('shift.new', `${wall} ${monotonic}`), file('shift'));
    },
    revoke: (words) => void write('revoked', words),
    prolong: (lastsMs) => renameSync(write('later.new', String(lastsMs)), file('later')),
    terminal(order, more = {}) {
      const [command = '', ...args] = commandLine(order);
      return openTerminal(command, args, { env: { ...env, ...more }, cwd: home });
    },
    run(order, options = {}) {
      const [command = '', ...args] = commandLine(order);
      return runProgram(command, args, { ...env, ...options.env }, { cwd: home, ...options });
    },
    ended: () => existsSync(file('result')),
    report: () => JSON.parse(readFileSync(file('result'), 'utf8')) as SessionReport,
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  };
}

/** Whether it does; one that only waits to be asked how it ended does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return !stdout.trim().startsWith('Z') && stdout.trim() !== '';
}
