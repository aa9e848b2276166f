import { createInterface } from 'node:readline';
import type { Host } from '../../host.ts';

/** Lines from a person, one at a time. */
export interface TypedLines extends Disposable {
  /** Shows the prompt and waits for a line; undefined when there are no more (Ctrl-D). Rejects when `fail` was called. */
  next(prompt: string): Promise<string | undefined>;
  /** Ctrl-C was pressed. Called at any time, also while nobody waits for a line. */
  onInterrupt: () => void;
  /** Throws away what is typed and not entered, and shows this prompt. */
  clear(prompt: string): void;
  /** Something was printed over the prompt: show it and what is typed again. */
  redraw(): void;
  /** Takes the newest `count` lines out of the arrow-key history. */
  forget(count: number): void;
  /** Makes the waiting, and every later, `next` reject. */
  fail(error: unknown): void;
}

export function readTypedLines(host: Host, history: readonly string[]): TypedLines {
  let recalled: string[] = [];
  const output = host.stdout.isTTY ? host.stdout : host.stderr;
  const readline = createInterface({
    input: host.stdin,
    output,
    terminal: true,
    history: [...history],
    historySize: 1_000,
    // A tab is white space in SQL; there is nothing to complete.
    tabSize: 4,
  });
  const queue: string[] = [];
  let waiting: { resolve: (line: string | undefined) => void; reject: (error: unknown) => void } | undefined;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const settle = () => {
    if (waiting === undefined) return;
    const { resolve, reject } = waiting;
    const line = queue.shift();
    if (failure !== undefined) reject(failure.error);
    else if (line !== undefined) resolve(line);
    else if (ended) resolve(undefined);
    else return;
    waiting = undefined;
  };
  readline.on('history', (lines) => {
    recalled = lines;
  });
  // Lines typed while a statement runs wait here for their turn.
  readline.on('line', (line) => {
    queue.push(line);
    settle();
  });
  readline.on('close', () => {
    ended = true;
    settle();
  });
  const lines: TypedLines = {
    next(prompt) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (queue.length === 0 && !ended && failure === undefined) {
          readline.setPrompt(prompt);
          readline.prompt();
        }
        settle();
      });
    },
    onInterrupt: () => {},
    clear(prompt) {
      output.write('^C\n');
      queue.length = 0;
      readline.setPrompt(prompt);
      // The way readline documents to empty the line: end of line, then delete to its start.
      readline.write(null, { ctrl: true, name: 'e' });
      readline.write(null, { ctrl: true, name: 'u' });
    },
    redraw() {
      if (waiting !== undefined && !ended) readline.prompt(true);
    },
    forget(count) {
      recalled.splice(0, count);
    },
    fail(error) {
      failure ??= { error };
      settle();
    },
    [Symbol.dispose]() {
      readline.close();
    },
  };
  readline.on('SIGINT', () => lines.onInterrupt());
  return lines;
}
