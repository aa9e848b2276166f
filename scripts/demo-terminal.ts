import { setTimeout as sleep } from 'node:timers/promises';

export interface Typed {
  /** Waits until the terminal shows this, then types what follows and Enter. */
  readonly after: RegExp;
  readonly line: string;
}

/**
 * Runs a program in a terminal of its own, typing as a person would; what it shows goes to `show` as it comes.
 * Undefined where this machine has no package for terminals (it is an optional one); else the exit code.
 */
export async function typeInTerminal(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  lines: readonly Typed[],
  show: (text: string) => void,
): Promise<number | undefined> {
  const pty = await import('@lydell/node-pty').catch(() => undefined);
  if (pty === undefined) return undefined;
  const [program, ...args] = command;
  const variables = Object.fromEntries(
    Object.entries({ ...env, TERM: 'xterm-256color' }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const terminal = pty.spawn(program, args, { cols: 100, rows: 30, env: variables });
  let seen = '';
  terminal.onData((text) => {
    seen += text;
    show(text);
  });
  const exit = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  let ended = false;
  void exit.then(() => {
    ended = true;
  });
  for (const { after, line } of lines) {
    for (let waited = 0; !after.test(seen) && !ended; waited += 10) {
      if (waited > 20_000) {
        terminal.kill();
        throw new Error(`${after} did not appear within 20 s in:\n${seen}`);
      }
      await sleep(10);
    }
    seen = '';
    if (!ended) terminal.write(`${line}\r`);
  }
  return exit;
}
