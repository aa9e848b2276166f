import { constants } from 'node:os';
import type { Environment, Host } from '../host.ts';
import type { Output } from './output.ts';

/**
 * Runs a program in the foreground with forge's own terminal and answers its exit code as a shell would: 127 when
 * there is none, 126 when it can't be run, 128 + n when signal n ended it. Ctrl-C goes to the program; SIGTERM and
 * SIGHUP are handed on to it.
 */
export async function runChild(
  { host, output }: { readonly host: Host; readonly output: Pick<Output, 'warn'> },
  command: string,
  args: readonly string[],
  env: Environment,
): Promise<number> {
  host.signal.throwIfAborted();
  let child: ReturnType<Host['spawn']> | undefined;
  using _held = host.holdInterrupts((name) => child?.kill(name));
  try {
    child = host.spawn(command, args, { env, stdio: 'inherit' });
    return await ended(child);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    output.warn(
      missing ? `There is no command ${command}.` : `Failed to run ${command}: ${code ?? message}.`,
    );
    return missing ? 127 : 126;
  }
}

function ended(child: ReturnType<Host['spawn']>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, name) => resolve(name === null ? (code ?? 1) : 128 + constants.signals[name]));
  });
}
