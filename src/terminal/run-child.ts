import { constants } from 'node:os';
import { ForgeError } from '../errors.ts';
import type { Environment, Host } from '../host.ts';
import { isForeground } from './is-foreground.ts';
import { restoreTerminal } from './restore-terminal.ts';
import { watchParent } from './watch-parent.ts';

const killAfterMs = 3_000;

/**
 * Runs a program in the foreground with forge's own terminal and answers its exit code as a shell would: 128 + n when
 * signal n ended it. Ctrl-C goes to the program; SIGTERM and SIGHUP are handed on to it, and in the
 * foreground of a terminal the end of the shell that started forge. Throws failed
 * PROGRAM_NOT_FOUND (exit code 127) and PROGRAM_FAILED (126). Once `over` is, it is ended as if its terminal were closed.
 */
export async function runChild(
  { host }: { readonly host: Host },
  command: string,
  args: readonly string[],
  env: Environment,
  over?: Promise<unknown>,
): Promise<number> {
  host.signal.throwIfAborted();
  let child: ReturnType<Host['spawn']> | undefined;
  using _held = host.holdInterrupts((name) => child?.kill(name));
  // A shell that is killed with -9 hands on no SIGHUP.
  using _parent = (await isForeground(host)) ? watchParent(host, () => child?.kill('SIGHUP')) : undefined;
  host.signal.throwIfAborted();
  try {
    child = host.spawn(command, args, { env, stdio: 'inherit' });
    const running = child;
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      running.kill('SIGHUP');
      timer = setTimeout(() => running.kill('SIGKILL'), killAfterMs).unref();
    };
    over?.then(end);
    // Not Ctrl-C, which is the program's own while interrupts are held: the access that it lives on is over.
    host.signal.addEventListener('abort', end, { once: true });
    const code = await ended(child).finally(() => {
      clearTimeout(timer);
      host.signal.removeEventListener('abort', end);
    });
    if (timer !== undefined && host.stdin.isTTY === true) await restoreTerminal(host);
    return code;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    const sentence = missing
      ? `There is no command ${command}.`
      : `Failed to run ${command}: ${code ?? message}.`;
    throw new ForgeError('failed', sentence, {
      code: missing ? 'PROGRAM_NOT_FOUND' : 'PROGRAM_FAILED',
      hint: missing ? 'Check its name and your PATH.' : undefined,
      exitCode: missing ? 127 : 126,
      cause: error,
    });
  }
}

function ended(child: ReturnType<Host['spawn']>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, name) => resolve(name === null ? (code ?? 1) : 128 + constants.signals[name]));
  });
}
