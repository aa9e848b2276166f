import { ForgeError } from '../errors.ts';
import type { DataChannel } from './data-channel.ts';
import { sessionEnding } from './session-ending.ts';
import type { SessionDocument } from './terminal-session.ts';
import { PayloadType } from './wire/payload.ts';

/** AWS's document for one command, told to keep stdout and stderr apart and to say the exit code. */
export function commandDocument(command: string): SessionDocument {
  return {
    name: 'AWS-StartNonInteractiveCommand',
    parameters: { command: [command], separateOutputStream: ['true'] },
  };
}

export interface CommandSinks {
  readonly stdout: (bytes: Buffer) => void | Promise<void>;
  readonly stderr: (bytes: Buffer) => void | Promise<void>;
}

/**
 * Hands on what the command writes until it has ended; answers its exit code. Throws what sessionEnding throws, and
 * the signal's reason: the caller's disposing of the channel then ends the command too.
 */
export async function followCommand(
  channel: DataChannel,
  label: string,
  sinks: CommandSinks,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  channel.onData((type, payload) => {
    if (type === PayloadType.output) return sinks.stdout(payload);
    if (type === PayloadType.stdErr) return sinks.stderr(payload);
  });
  let onAbort = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const end = await Promise.race([channel.closed, interrupted]);
    const exitCode = sessionEnding(end, label);
    if (end.exitCode === undefined) throw noExitCode(label);
    return exitCode;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Somebody ended the session, or the agent knows no separate streams: either way it would be wrong to say 0. */
function noExitCode(label: string): ForgeError {
  return new ForgeError('failed', `The session on ${label} ended, and nobody said how the command did.`, {
    code: 'NO_EXIT_CODE',
    hint: 'The session was ended from elsewhere, or the SSM agent there is too old: see forge ssm list.',
  });
}
