import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { spawnGuarded } from '../../spawn-guarded.ts';
import { killGroup } from '../../ssm/machine.ts';
import { spawnTerminal } from '../../ssm/spawn-terminal.ts';
import type { OpenContainer } from './containers.ts';

/** A program in a container and what goes in and out of it. */
export interface RemoteProgram {
  /** False: enough for now; `whenDrained` says when more may come. */
  write(bytes: Buffer): boolean;
  whenDrained(listener: () => void): void;
  /** End of input. */
  end(): void;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
  kill(): void;
}

export interface RemoteProgramWish {
  readonly argv: readonly [string, ...string[]];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface RemoteProgramListener {
  output(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  /** After its last output. */
  exit(code: number): void;
}

export async function startRemoteProgram(
  container: OpenContainer,
  wish: RemoteProgramWish,
  listener: RemoteProgramListener,
): Promise<RemoteProgram> {
  return wish.tty ? startInTerminal(container, wish, listener) : startInPipes(container, wish, listener);
}

async function startInTerminal(
  { home, env }: OpenContainer,
  { argv }: RemoteProgramWish,
  listener: RemoteProgramListener,
): Promise<RemoteProgram> {
  const terminal = await spawnTerminal(argv, { cwd: home, env });
  // A terminal is one stream.
  terminal.onData((bytes) => listener.output('stdout', bytes));
  terminal.onExit((code) => listener.exit(code));
  return {
    write(bytes) {
      terminal.write(bytes);
      return true;
    },
    whenDrained: (drained) => drained(),
    // Ctrl-D: all that says so in a terminal.
    end: () => terminal.write(Buffer.of(4)),
    resize: (columns, rows) => terminal.resize(columns, rows),
    pause: () => terminal.pause(),
    resume: () => terminal.resume(),
    kill: () => terminal.kill(),
  };
}

function startInPipes(
  { home, env }: OpenContainer,
  { argv, stdin }: RemoteProgramWish,
  listener: RemoteProgramListener,
): RemoteProgram {
  const child: ChildProcess = spawnGuarded(argv, { cwd: home, env, stdin: stdin ? 'pipe' : 'ignore' });
  let over = false;
  const finish = (code: number) => {
    if (over) return;
    over = true;
    listener.exit(code);
  };
  child.stdout?.on('data', (bytes: Buffer) => listener.output('stdout', bytes));
  child.stderr?.on('data', (bytes: Buffer) => listener.output('stderr', bytes));
  child.on('error', () => finish(126));
  child.on('close', (code, signal) =>
    finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
  return {
    write: (bytes) => child.stdin?.writable !== true || child.stdin.write(bytes),
    whenDrained(drained) {
      child.stdin?.once('drain', drained);
      child.stdin?.once('close', drained);
    },
    end: () => void child.stdin?.end(),
    resize: () => {},
    pause() {
      child.stdout?.pause();
      child.stderr?.pause();
    },
    resume() {
      child.stdout?.resume();
      child.stderr?.resume();
    },
    kill: () => killGroup(child.pid, 'SIGKILL'),
  };
}
