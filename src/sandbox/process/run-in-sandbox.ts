import { constants } from 'node:os';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';

/**
 * Runs a program in the foreground with the terminal as its own and answers its exit code (128 + n for a signal).
 * Ctrl-C reaches it from the terminal; SIGTERM and SIGHUP to forge are handed on.
 */
export async function runInSandbox(
  host: Host,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  using _interrupts = host.holdInterrupts();
  return await new Promise<number>((resolve, reject) => {
    const child = host.spawn(command, args, { env, stdio: 'inherit' });
    const pass = () => child.kill(host.signal.reason === 'SIGHUP' ? 'SIGHUP' : 'SIGTERM');
    host.signal.addEventListener('abort', pass, { once: true });
    child.on('error', (error: NodeJS.ErrnoException) => {
      host.signal.removeEventListener('abort', pass);
      reject(notStarted(command, error));
    });
    child.on('exit', (code, signal) => {
      host.signal.removeEventListener('abort', pass);
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
    if (host.signal.aborted) pass();
  });
}

function notStarted(command: string, error: NodeJS.ErrnoException): ForgeError {
  const missing = error.code === 'ENOENT';
  return new ForgeError(
    'failed',
    missing ? `There is no program ${command}.` : `Failed to run ${command}: ${error.message}.`,
    {
      code: missing ? 'PROGRAM_NOT_FOUND' : 'PROGRAM_FAILED',
      hint: missing ? 'Check its name and your PATH.' : undefined,
      cause: error,
    },
  );
}
