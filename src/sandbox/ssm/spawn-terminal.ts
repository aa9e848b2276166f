import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { killGroup } from './machine.ts';

/** A program and the terminal it runs in. */
export interface SpawnedTerminal {
  onData(listener: (bytes: Buffer) => void): void;
  /** After its last output; 128 + n where a signal ended it. */
  onExit(listener: (code: number) => void): void;
  write(bytes: Buffer): void;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
  kill(): void;
}

export interface TerminalEnvironment {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

/** A real terminal where the optional package is there; otherwise pipes, in which programs see no terminal. */
export async function spawnTerminal(
  argv: readonly [string, ...string[]],
  environment: TerminalEnvironment,
): Promise<SpawnedTerminal> {
  const library = await import('@lydell/node-pty').catch(() => undefined);
  return library === undefined
    ? spawnInPipes(argv, environment)
    : spawnInTerminal(library, argv, environment);
}

function spawnInTerminal(
  library: typeof import('@lydell/node-pty'),
  [file, ...args]: readonly [string, ...string[]],
  { cwd, env }: TerminalEnvironment,
): SpawnedTerminal {
  const pty = library.spawn(file, args, {
    name: 'xterm-256color',
    cols: 80,
    rows: 24,
    cwd,
    env,
    encoding: null,
  });
  let over = false;
  let heard = performance.now();
  const listeners: ((bytes: Buffer) => void)[] = [];
  // Its types know of text alone; with `encoding: null` it gives bytes.
  pty.onData((chunk: string | Buffer) => {
    heard = performance.now();
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (const listener of listeners) listener(bytes);
  });
  return {
    onData: (listener) => void listeners.push(listener),
    onExit(listener) {
      pty.onExit(({ exitCode, signal }) => {
        over = true;
        const code = signal ? 128 + signal : exitCode;
        // The last words can still be on their way through the terminal.
        const settle = () => {
          if (performance.now() - heard >= 20) listener(code);
          else setTimeout(settle, 20);
        };
        heard = performance.now();
        setTimeout(settle, 20);
      });
    },
    write: (bytes) => {
      if (!over) pty.write(bytes as Buffer & string);
    },
    resize: (columns, rows) => {
      if (!over) pty.resize(columns, rows);
    },
    pause: () => {
      if (!over) pty.pause();
    },
    resume: () => {
      if (!over) pty.resume();
    },
    // Also when the program itself is over: what it left behind in its group is not.
    kill: () => {
      killGroup(pty.pid, 'SIGHUP');
      killGroup(pty.pid, 'SIGKILL');
    },
  };
}

function spawnInPipes(
  [file, ...args]: readonly [string, ...string[]],
  { cwd, env }: TerminalEnvironment,
): SpawnedTerminal {
  const child: ChildProcess = spawn(file, args, { cwd, env, stdio: 'pipe', detached: true });
  child.stdin?.on('error', () => {});
  return {
    onData(listener) {
      child.stdout?.on('data', listener);
      child.stderr?.on('data', listener);
    },
    onExit(listener) {
      child.on('close', (code, signal) =>
        listener(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
      child.on('error', () => listener(126));
    },
    // Without a terminal nobody makes a line of what Enter sends.
    write: (bytes) =>
      void child.stdin?.write(Buffer.from(bytes.toString('latin1').replaceAll('\r', '\n'), 'latin1')),
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
