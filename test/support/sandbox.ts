import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { findPerson, sandboxEnvironment } from '../../src/sandbox/process/sandbox-environment.ts';
import type { SandboxState } from '../../src/sandbox/process/sandbox-state.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/process/start-sandbox.ts';
import { builtForge } from './built-forge.ts';
import { openTerminal, type Terminal } from './pty.ts';
import { signInByPage } from './sign-in-page.ts';
import { createTestHost } from './test-host.ts';

export interface RunOptions {
  /** Who runs it: their HOME in the sandbox. Default: dana. */
  readonly person?: string;
  /** Another HOME. */
  readonly home?: string;
  /** On top of the sandbox's; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array | Readable;
  readonly cwd?: string;
  /** Sends a signal after so many milliseconds. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly afterMs: number };
  /** Sends SIGINT when it is aborted. */
  readonly interrupt?: AbortSignal;
  /** In a process group of its own, all of which `interrupt` goes to, as Ctrl-C does. */
  readonly ownGroup?: boolean;
  readonly timeoutMs?: number;
}

export interface Run {
  /** 128 + n when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface FaultOrder {
  /** sts, rds, sso (the portal), sso-oidc; * for any. */
  readonly service: string;
  readonly operation: string;
  readonly status?: number;
  readonly error?: string;
  readonly message?: string;
  readonly delayMs?: number;
  readonly drop?: boolean;
  readonly times?: number;
}

/** The levers of /_sandbox/, over HTTP as anybody else would pull them. */
export interface SandboxAdmin {
  /** Any lever of docs/sandbox-spec.md: `ssm-faults`, `ssm-sessions`, `network`, … */
  lever(path: string, fields: object): Promise<void>;
  fault(order: FaultOrder): Promise<void>;
  clearFaults(): Promise<void>;
  setClock(offsetMs: number): Promise<void>;
  revoke(person: string, account: string, permissionSet: string): Promise<void>;
  assign(person: string, account: string, permissionSet: string): Promise<void>;
  bulk(person: string, accounts: number, rolesEach: number): Promise<void>;
  rotateRefreshTokens(on: boolean): Promise<void>;
  /** How often each operation was called: `sts:AssumeRole` → 3. */
  calls(): Promise<Readonly<Record<string, number>>>;
}

export interface TestSandbox extends AsyncDisposable {
  readonly state: SandboxState;
  readonly world: Sandbox['world'];
  readonly postgres: Sandbox['postgres'];
  readonly admin: SandboxAdmin;
  /** A new, empty HOME. */
  newHome(): Promise<string>;
  /** The environment of a program in the sandbox. */
  environment(options?: Pick<RunOptions, 'person' | 'home' | 'env'>): NodeJS.ProcessEnv;
  /** The built binary, its streams in pipes. */
  forge(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Any program in the sandbox's environment. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Run>;
  /** The built binary in a terminal. */
  pty(
    args: readonly string[],
    options?: Pick<RunOptions, 'person' | 'home' | 'env' | 'cwd'> & { readonly columns?: number },
  ): Promise<Terminal>;
  /** `forge login --device-code`, confirmed on the real page. */
  signIn(person?: string, options?: Pick<RunOptions, 'home' | 'env'>): Promise<void>;
}

/**
 * A whole sandbox for one test file, in the test's own process: ready in a second, alone with its clock and
 * faults, and PostgreSQL's guard ends with the worker, even one that is killed. What is tested in it is the built
 * binary, as processes of their own.
 */
export async function startTestSandbox(): Promise<TestSandbox> {
  const host = createTestHost();
  // The launcher in PATH is the built forge too.
  const [sandbox, binary] = await Promise.all([
    builtForge().then((script) =>
      startSandbox(
        { ...host, program: { node: process.execPath, script } },
        join(host.directories.home, 'sandbox'),
      ),
    ),
    builtForge(),
  ]);
  const { state } = sandbox;
  let homes = 0;
  const environment: TestSandbox['environment'] = ({ person, home, env } = {}) => {
    const found = findPerson(state, person);
    const outer = { PATH: process.env.PATH, NO_COLOR: '1', TMPDIR: process.env.TMPDIR };
    const inside = sandboxEnvironment(state, found, outer, process.platform);
    return { ...inside, ...(home === undefined ? {} : { HOME: home, USERPROFILE: home }), ...env };
  };
  const run: TestSandbox['run'] = (command, args, options = {}) =>
    runProgram(command, args, environment(options), options);
  return {
    state,
    world: sandbox.world,
    postgres: sandbox.postgres,
    admin: adminOf(state),
    environment,
    run,
    forge: (args, options) => run(process.execPath, [binary, ...args], options),
    async newHome() {
      homes++;
      const home = join(host.directories.home, 'homes', String(homes));
      await mkdir(home, { recursive: true, mode: 0o700 });
      return home;
    },
    async pty(args, options = {}) {
      const { NO_COLOR: _, ...env } = environment(options);
      return openTerminal(process.execPath, [binary, ...args], {
        env,
        cwd: options.cwd ?? host.directories.home,
        ...(options.columns === undefined ? {} : { columns: options.columns }),
      });
    },
    async signIn(person = 'dana', options = {}) {
      await signInByPage([process.execPath, binary], environment({ person, ...options }), person);
    },
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]();
      host.dispose();
    },
  };
}

/** Runs a program to its end, streams in pipes. */
export function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: RunOptions = {},
): Promise<Run> {
  const started = performance.now();
  const child = spawn(command, [...args], {
    env,
    stdio: 'pipe',
    detached: options.ownGroup === true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const { stdin, signal, timeoutMs = 60_000 } = options;
  child.stdin.on('error', () => {});
  if (stdin === undefined || typeof stdin === 'string' || stdin instanceof Uint8Array) child.stdin.end(stdin);
  else stdin.pipe(child.stdin);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const timers = [setTimeout(() => child.kill('SIGKILL'), timeoutMs)];
  const interrupt = () => {
    if (options.ownGroup === true) process.kill(-(child.pid ?? 0), 'SIGINT');
    else child.kill('SIGINT');
  };
  options.interrupt?.addEventListener('abort', interrupt, { once: true });
  if (signal !== undefined) timers.push(setTimeout(() => child.kill(signal.name), signal.afterMs));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, name) => {
      for (const timer of timers) clearTimeout(timer);
      resolve({
        code: code ?? 128 + (name === null ? 0 : (signalNumbers[name] ?? 0)),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
        durationMs: performance.now() - started,
      });
    });
  });
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};

function adminOf(state: SandboxState): SandboxAdmin {
  const ask = async (method: string, path: string, fields?: object) => {
    const response = await fetch(`${state.url}/_sandbox/${path}`, {
      method,
      headers: { 'x-forge-sandbox-admin': state.adminToken, 'content-type': 'application/json' },
      ...(fields === undefined ? {} : { body: JSON.stringify(fields) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as unknown;
  };
  const post = async (path: string, fields: object) => void (await ask('POST', path, fields));
  return {
    lever: post,
    fault: (order) => post('faults', order),
    clearFaults: async () => void (await ask('DELETE', 'faults')),
    setClock: (offsetMs) => post('clock', { offsetMs }),
    revoke: (person, account, permissionSet) => post('revoke', { person, account, permissionSet }),
    assign: (person, account, permissionSet) => post('assign', { person, account, permissionSet }),
    bulk: (person, accounts, rolesEach) => post('bulk', { person, accounts, rolesEach }),
    rotateRefreshTokens: (on) => post('refresh-rotation', { on }),
    calls: async () => (await ask('GET', 'calls')) as Readonly<Record<string, number>>,
  };
}
