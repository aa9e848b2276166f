import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { writeSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ReadStream, WriteStream } from 'node:tty';

/**
 * All that forge takes from the machine, in one value, so that everything below main can be run with another
 * clock, home, terminal or environment. Nothing but this file says `process`.
 */
export interface Host {
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /**
   * Writes a short text to stdout at once, without making a stream, which costs an eighth of starting Node. Throws
   * the signal's reason when nobody reads. Absent where stdout is no file of this process.
   */
  readonly writeOut?: (text: string) => void;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  /** Runs `make`, which awaits nothing: what it makes is for this person alone from its first moment. umask(2). */
  ownOnly<Value>(make: () => Value): Value;
  /** Who started forge; another once that one is gone. */
  parentPid(): number;
  /** Whether a process with this id exists on this machine. */
  isRunning(pid: number): boolean;
  readonly userName: string;
  /** Effective user id; undefined on Windows. */
  readonly userId: number | undefined;
  readonly directories: Directories;
  /** How to run this very forge again: credential_process lines, the sandbox's own process. */
  readonly program: { readonly node: string; readonly script: string };
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Monotonic clock, milliseconds. */
  monotonic(): number;
  /**
   * Aborted by SIGINT, SIGTERM or SIGHUP (its reason is that name), when stdout's reader went away (EPIPE), or by
   * `abort` (its reason is the failure).
   */
  readonly signal: AbortSignal;
  /** Ends what runs as an interruption would, also what holds interrupts: `reason` is the failure that is then reported. */
  abort(reason: Error): void;
  /**
   * While held, Ctrl-C belongs to the child in the foreground and does not abort `signal`. With `onTermination`
   * SIGTERM and SIGHUP don't either: they go there, to be handed on. `onInterrupt` hears of each SIGINT, for a child that
   * tells one that is handed on from a second Ctrl-C (`interruptsVariable`); no other child may be handed any.
   */
  holdInterrupts(onTermination?: (name: TerminationSignal) => void, onInterrupt?: () => void): Disposable;
  /** argv arrays only; never a shell. NODE_OPTIONS is never handed on. */
  spawn(command: string, args: readonly string[], options?: HostSpawnOptions): ChildProcess;
}

/**
 * Names the process that hands SIGINT on to its child, in the environment of that child. Whoever interrupts one process alone,
 * as supervisors do, is heard so; a Ctrl-C goes to the child by itself, too, and is not to count as two.
 */
export const interruptsVariable = 'FORGE_INTERRUPTS_FROM';
/** What is handed on comes as soon as its sender gets to run. */
const handedOnWithinMs = 1_000;

export type TerminationSignal = 'SIGTERM' | 'SIGHUP';
export type Environment = Readonly<Record<string, string | undefined>>;
export type OutputStream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;

export interface Directories {
  readonly working: string;
  readonly home: string;
  /** forge.yaml of the person. */
  readonly config: string;
  /** May be deleted at any time. */
  readonly cache: string;
  /** Journal and sandbox; not for caches. */
  readonly state: string;
  readonly temporary: string;
}

export interface HostSpawnOptions {
  /** Replaces the environment; without it the child gets forge's own. */
  readonly env?: Environment;
  readonly stdio?: SpawnOptions['stdio'];
  readonly detached?: boolean;
  readonly cwd?: string;
  /** Only root can become somebody else. */
  readonly uid?: number;
  readonly gid?: number;
}

export function systemHost(): Host {
  const { env, platform } = process;
  const controller = new AbortController();
  const holds: Hold[] = [];
  const isSame = sameInterrupt(env);
  const onSignal = (name: 'SIGINT' | TerminationSignal) => {
    const holder = holds.at(-1);
    if (name === 'SIGINT' && holder !== undefined) return holder.onInterrupt?.();
    if (name === 'SIGINT' && isSame()) return;
    const heir = holds.findLast(({ onTermination }) => onTermination !== undefined)?.onTermination;
    if (name !== 'SIGINT' && heir !== undefined) return heir(name);
    // The second Ctrl-C does not wait for anybody.
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    controller.abort(name);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  const lost = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') controller.abort('EPIPE');
    // The terminal is closed. SIGHUP says so too, and may come later.
    else if (error.code === 'EIO') controller.abort('SIGHUP');
    else throw error;
  };
  const { stdout, stderr } = lateStreams(lost);
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return stdout();
    },
    get stderr() {
      return stderr();
    },
    writeOut(text) {
      try {
        writeWhole(text, stdout);
      } catch (error) {
        lost(error as NodeJS.ErrnoException);
        throw controller.signal.reason;
      }
    },
    env,
    platform,
    pid: process.pid,
    ownOnly(make) {
      const before = process.umask(0o177);
      try {
        return make();
      } finally {
        process.umask(before);
      }
    },
    parentPid: () => process.ppid,
    isRunning(pid) {
      try {
        return process.kill(pid, 0);
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
    get userName() {
      return env.USER ?? env.USERNAME ?? userInfo().username;
    },
    userId: process.geteuid?.(),
    directories: systemDirectories(env, platform, process.cwd()),
    program: { node: process.execPath, script: process.argv[1] ?? '' },
    now: Date.now,
    // performance.now() would load a dozen of Node's modules.
    monotonic: () => performance.now(),
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    holdInterrupts(onTermination, onInterrupt) {
      const hold = { onTermination, onInterrupt };
      holds.push(hold);
      return { [Symbol.dispose]: () => void holds.splice(holds.indexOf(hold), 1) };
    },
    spawn(command, args, options = {}) {
      const inherited = { ...(options.env ?? env) };
      delete inherited.NODE_OPTIONS;
      // Set in bin/forge.cjs, for forge alone.
      delete inherited.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED;
      // Loading it costs a fifth of starting Node, and most commands start no child.
      const { spawn } = process.getBuiltinModule('node:child_process');
      return spawn(command, [...args], { ...options, env: inherited, shell: false, windowsHide: true });
    },
  };
}

interface Hold {
  readonly onTermination: ((name: TerminationSignal) => void) | undefined;
  readonly onInterrupt: (() => void) | undefined;
}

/** Whether a SIGINT is the one before it once more, handed on by the parent: each comes twice at most. */
function sameInterrupt(env: Environment): () => boolean {
  const from = env[interruptsVariable];
  let last: number | undefined;
  return () => {
    const now = performance.now();
    if (last !== undefined && now - last < handedOnWithinMs) {
      last = undefined;
      return true;
    }
    // Inherited also by what the child starts, whose parent is another.
    last = from === String(process.ppid) ? now : undefined;
    return false;
  };
}

/** Made when they are first asked for: making them loads Node's network code. */
const made = new Set<NodeJS.WriteStream>();

function lateStreams(lost: (error: NodeJS.ErrnoException) => void) {
  const once = (name: 'stdout' | 'stderr', failed: (error: NodeJS.ErrnoException) => void) => {
    let stream: NodeJS.WriteStream | undefined;
    return () => {
      if (stream === undefined) {
        stream = process[name];
        stream.on('error', failed);
        made.add(stream);
      }
      return stream;
    };
  };
  return { stdout: once('stdout', lost), stderr: once('stderr', () => {}) };
}

/** A pipe that is full and that somebody made non-blocking takes the rest as a stream does. */
function writeWhole(text: string, stream: () => NodeJS.WriteStream): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      stream().write(bytes.subarray(written));
      return;
    }
  }
}

function systemDirectories(env: Environment, platform: NodeJS.Platform, working: string): Directories {
  const home = (platform === 'win32' ? env.USERPROFILE : env.HOME) || homedir();
  const temporary = tmpdir();
  if (platform === 'win32') {
    const local = join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'forge');
    const config = join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'forge');
    return { working, home, config, cache: join(local, 'cache'), state: join(local, 'state'), temporary };
  }
  return {
    working,
    home,
    config: join(env.XDG_CONFIG_HOME || join(home, '.config'), 'forge'),
    cache: join(env.XDG_CACHE_HOME || join(home, '.cache'), 'forge'),
    state: join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'forge'),
    temporary,
  };
}

/** What nobody awaited or caught is a defect: it must end the process as every failure does, not as Node would. */
export function onDefect(report: (error: unknown) => Promise<number>): void {
  let reported = false;
  const once = (error: unknown) => {
    if (reported) return;
    reported = true;
    void report(error).then(exitWith);
  };
  process.on('uncaughtException', once);
  process.on('unhandledRejection', once);
}

/** Ends the process once everything written has left it: a pipe's reader gets the whole result. */
export function exitWith(code: number): void {
  const flush = (stream: NodeJS.WriteStream) =>
    new Promise<void>((resolve) => {
      if (stream.destroyed || stream.writableEnded) resolve();
      else stream.write('', () => resolve());
    });
  if (made.size === 0) process.exit(code);
  void Promise.all([...made].map(flush)).then(() => process.exit(code));
}
