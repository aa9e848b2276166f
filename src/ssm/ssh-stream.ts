import { setTimeout as sleep } from 'node:timers/promises';
import type { Access, AccessParts } from '../access/with-access.ts';
import { ForgeError, interruption } from '../errors.ts';
import type { Host, TerminationSignal } from '../host.ts';
import { durationText } from '../lib/duration-text.ts';
import type { Output } from '../terminal/output.ts';
import { limitSession } from '../terminal/session-limit.ts';
import type { ChannelEnd, DataChannel } from './data-channel.ts';
import { sessionEnding } from './session-ending.ts';
import type { SessionRequest } from './start-session.ts';
import { PayloadType } from './wire/payload.ts';

/** AWS's own document: one connection to a port of the instance, which ends with it. */
export function sshRequest(
  instance: string,
  port: number,
): Pick<SessionRequest, 'target'> & {
  readonly documentName: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
} {
  return {
    target: instance,
    documentName: 'AWS-StartSSHSession',
    parameters: { portNumber: [String(port)] },
  };
}

/** Throws what starting a session throws, and NOT_A_PORT_SESSION. */
export async function openSshChannel(
  parts: AccessParts,
  access: Access,
  instance: string,
  port: number,
): Promise<DataChannel> {
  const { startSession } = await import('./start-session.ts');
  const channel = await startSession(parts, access, { ...sshRequest(instance, port), reason: access.reason });
  if (channel.sessionType === 'Port') return channel;
  await channel[Symbol.asyncDispose]();
  throw new ForgeError('failed', `The session to ${instance} carries no port (${channel.sessionType}).`, {
    code: 'NOT_A_PORT_SESSION',
    hint: 'Whoever runs the account may have changed the session document.',
  });
}

export interface SshStreamOptions {
  /** For people: `dev/web-1`. */
  readonly label: string;
  /** The longest it may last, milliseconds; undefined: as long as AWS lets it. */
  readonly maximumMs: number | undefined;
  /** How long what was sent last may take to reach the instance after stdin has ended, milliseconds. */
  readonly lastWordsMs?: number;
}

interface StreamParts {
  readonly host: Pick<Host, 'stdin' | 'signal' | 'now' | 'monotonic' | 'holdInterrupts'>;
  readonly output: Pick<Output, 'raw' | 'warn'>;
}

/** The agent can't be told that only one half is closed: the other's last answer is what comes until it pauses. */
const answerPauseMs = 500;

/**
 * stdin and stdout as the two directions of the connection, byte for byte, each no faster than the other end takes
 * it. Answers 0 when the server or stdin has ended. Throws unreachable when the connection could not be kept,
 * time-up at a limit, failed with what the service says.
 */
export async function carrySsh(
  { host, output }: StreamParts,
  channel: DataChannel,
  { label, maximumMs, lastWordsMs = 10_000 }: SshStreamOptions,
): Promise<number> {
  const { stdin, signal } = host;
  const done = new AbortController();
  let finish: (end: ChannelEnd | 'hung-up') => void = () => {};
  let fail: (reason: unknown) => void = () => {};
  const ended = new Promise<ChannelEnd | 'hung-up'>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const onAbort = () => fail(signal.reason);
  const onTermination = (name: TerminationSignal) => {
    // That is how ssh ends its proxy, each time.
    if (name === 'SIGHUP') finish('hung-up');
    else fail(interruption(name));
  };
  // Ctrl-C is for ssh, which ends this by closing stdin; a shared connection in the background outlives it.
  using _held = stdin.isTTY === true ? undefined : host.holdInterrupts(onTermination);
  signal.addEventListener('abort', onAbort, { once: true });
  let heard = 0;
  try {
    signal.throwIfAborted();
    using _limit =
      maximumMs === undefined
        ? undefined
        : limitSession({
            host,
            maximumMs,
            warn: (left) => output.warn(`The connection to ${label} ends in ${durationText(left)}.`),
            end: () => fail(timeUp(label, maximumMs)),
          });
    channel.onData((type, payload) => {
      if (type !== PayloadType.output) return;
      heard++;
      return output.raw(payload);
    });
    void channel.closed.then(finish);
    void sendAll().then(finish, fail);
    const end = await ended;
    return end === 'hung-up' ? 0 : sessionEnding(end, label);
  } finally {
    done.abort();
    signal.removeEventListener('abort', onAbort);
    stdin.pause();
  }

  /** Until stdin has ended, and what it said has arrived. */
  async function sendAll(): Promise<ChannelEnd> {
    await sendInput(stdin, channel, done.signal);
    const arrived = channel.drained().then(() => true);
    const inTime = await Promise.race([arrived, pause(lastWordsMs)]);
    if (inTime !== true && !done.signal.aborted) {
      throw new ForgeError('unreachable', `What was sent last did not reach ${label}.`, {
        code: 'SESSION_LOST',
        hint: 'Check the network.',
      });
    }
    for (let before = -1; before !== heard && !done.signal.aborted; ) {
      before = heard;
      await pause(answerPauseMs);
    }
    return { reason: 'local', output: '' };
  }

  function pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: done.signal }).catch(() => {});
  }
}

/** Sends what stdin gives until it ends or `signal` is aborted. Rejects when it can't be read. */
function sendInput(
  stdin: Host['stdin'],
  channel: Pick<DataChannel, 'send'>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sending: Promise<void> = Promise.resolve();
    const onData = (chunk: Buffer | string) => {
      stdin.pause();
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      sending = channel.send(PayloadType.output, bytes).then(
        () => {
          if (!signal.aborted) stdin.resume();
        },
        // A closed channel takes no more, and says why itself.
        () => {},
      );
    };
    const onEnd = () => void sending.then(resolve);
    const onError = (error: Error) =>
      reject(
        new ForgeError('failed', `Failed to read stdin: ${error.message}`, {
          code: 'STDIN_FAILED',
          cause: error,
        }),
      );
    signal.addEventListener(
      'abort',
      () => {
        stdin.removeListener('data', onData);
        stdin.removeListener('end', onEnd);
        resolve();
      },
      { once: true },
    );
    stdin.on('data', onData);
    stdin.once('end', onEnd);
    stdin.once('error', onError);
    stdin.resume();
  });
}

function timeUp(label: string, maximumMs: number): ForgeError {
  return new ForgeError('time-up', `The connection to ${label} has lasted ${durationText(maximumMs)}.`, {
    code: 'SESSION_TIME_UP',
    hint: 'Open another; --max-duration says how long one may last.',
  });
}
