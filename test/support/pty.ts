import { type IPty, spawn } from '@lydell/node-pty';

/** A program in a terminal, driven as by hand. */
export interface Terminal extends Disposable {
  /** All it has written so far. */
  readonly text: () => string;
  write(keys: string): void;
  /** Waits until what it wrote since the last match matches, and answers the match. */
  waitFor(pattern: RegExp, options?: { readonly timeoutMs?: number }): Promise<RegExpExecArray>;
  resize(columns: number, rows: number): void;
  kill(signal?: string): void;
  /** Its exit code (128 + n for a signal), once it has ended. */
  readonly exit: Promise<number>;
  readonly pid: number;
}

export const keys = { enter: '\r', ctrlC: '\x03', ctrlD: '\x04', up: '\x1b[A', tab: '\t' } as const;

export interface TerminalOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
}

export function openTerminal(command: string, args: readonly string[], options: TerminalOptions): Terminal {
  const env = Object.fromEntries(
    Object.entries({ TERM: 'xterm-256color', ...options.env }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
  const pty: IPty = spawn(command, [...args], {
    name: 'xterm-256color',
    cols: options.columns ?? 120,
    rows: options.rows ?? 40,
    env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let text = '';
  let seen = 0;
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of [...waiting]) check();
  };
  let lastData = 0;
  pty.onData((chunk) => {
    text += chunk;
    lastData = performance.now();
    wake();
  });
  const exit = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      // What it wrote last can still be on its way through the terminal: it has ended when that is quiet.
      const left = performance.now();
      const settle = () => {
        if (performance.now() - Math.max(left, lastData) < 150) return void setTimeout(settle, 25);
        ended = true;
        wake();
        resolve(signal ? 128 + signal : exitCode);
      };
      settle();
    });
  });
  return {
    text: () => text,
    write: (characters) => pty.write(characters),
    resize: (columns, rows) => pty.resize(columns, rows),
    kill: (signal) => pty.kill(signal),
    exit,
    pid: pty.pid,
    waitFor(pattern, { timeoutMs = 20_000 } = {}) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          waiting.delete(check);
          act();
        };
        const give = (why: string) => () =>
          reject(new Error(`${why} before ${pattern} in:\n${JSON.stringify(text.slice(seen))}`));
        const check = () => {
          const rest = text.slice(seen);
          const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(rest);
          if (match !== null) {
            seen += match.index + match[0].length;
            settle(() => resolve(match));
          } else if (ended) settle(give('The program ended'));
        };
        const timer = setTimeout(() => settle(give(`${timeoutMs} ms passed`)), timeoutMs);
        waiting.add(check);
        check();
      });
    },
    [Symbol.dispose]() {
      if (!ended) pty.kill('SIGKILL');
    },
  };
}
