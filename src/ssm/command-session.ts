import { ForgeError } from '../errors.ts';
import { durationText } from '../lib/duration-text.ts';
import { limitSession, type SessionLimit } from '../terminal/session-limit.ts';
import type { DataChannel } from './data-channel.ts';
import { sessionEnding } from './session-ending.ts';
import type { SessionDocument } from './terminal-session.ts';
import { PayloadType } from './wire/payload.ts';

/** A document for one command, told to keep stdout and stderr apart and to say the exit code; AWS's own where none is named. */
export function commandDocument(
  command: string,
  name: string = 'AWS-StartNonInteractiveCommand',
): SessionDocument {
  return {
    name,
    parameters: { command: [command], separateOutputStream: ['true'] },
  };
}

export interface CommandSinks {
  readonly stdout: (bytes: Buffer) => void | Promise<void>;
  readonly stderr: (bytes: Buffer) => void | Promise<void>;
}

/** How long a command may run, and where its warnings go. */
export interface CommandLimit extends Pick<SessionLimit, 'host'> {
  /** Milliseconds; undefined: as long as AWS lets it. */
  readonly maximumMs: number | undefined;
  readonly warn: (text: string) => void;
}

/**
 * Hands on what the command writes until it has ended; answers its exit code. Throws what sessionEnding throws,
 * time-up at the limit, and the signal's reason: the caller's disposing of the channel then ends the command too.
 */
export async function followCommand(
  channel: DataChannel,
  label: string,
  sinks: CommandSinks,
  signal: AbortSignal,
  limit?: CommandLimit,
): Promise<number> {
  signal.throwIfAborted();
  channel.onData((type, payload) => {
    if (type === PayloadType.output) return sinks.stdout(payload);
    if (type === PayloadType.stdErr) return sinks.stderr(payload);
  });
  let stop: (reason: unknown) => void = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const onAbort = () => stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  using _limit = limit && limitCommand(limit, label, (failure) => stop(failure));
  try {
    const end = await Promise.race([channel.closed, interrupted]);
    // The same signal closes the channel, and may have been heard there first.
    signal.throwIfAborted();
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

/** Calls `end` when it has run long enough, after the warnings. */
export function limitCommand(
  { host, maximumMs, warn }: CommandLimit,
  label: string,
  end: (failure: ForgeError) => void,
): Disposable | undefined {
  if (maximumMs === undefined) return undefined;
  return limitSession({
    host,
    maximumMs,
    warn: (left) => warn(`The command on ${label} is ended in ${durationText(left)}.`),
    end: () =>
      end(
        new ForgeError('time-up', `The command on ${label} has run for ${durationText(maximumMs)}: ended.`, {
          code: 'SESSION_TIME_UP',
          hint: 'max_session in forge.yaml says how long a session may last.',
        }),
      ),
  });
}
