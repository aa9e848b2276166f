import { setTimeout as delay } from 'node:timers/promises';
import type { Recording, TerminalSize } from '../audit/recording.ts';
import { ForgeError, interruption } from '../errors.ts';
import type { Host } from '../host.ts';
import { durationText } from '../lib/duration-text.ts';
import { escapeForTerminal } from '../lib/escape-for-terminal.ts';
import type { Output } from '../terminal/output.ts';
import { enterRawMode, passOutputUnchanged } from '../terminal/raw-mode.ts';
import { limitSession } from '../terminal/session-limit.ts';
import { watchParent } from '../terminal/watch-parent.ts';
import type { ChannelEnd, ChannelState, DataChannel } from './data-channel.ts';
import { EscapeSequence, escapeHelp } from './escape-sequence.ts';
import { sessionEnding } from './session-ending.ts';
import { sendInput } from './shell-input.ts';
import { encodeSize, PayloadType } from './wire/payload.ts';

export interface ShellParts {
  readonly host: Host;
  readonly output: Pick<Output, 'raw' | 'debug'>;
}

export interface ShellOptions {
  /** For people: `dev/bastion`. */
  readonly label: string;
  /** The longest it may last; undefined: as long as AWS lets it. */
  readonly maximumMs: number | undefined;
  /** The caller's to dispose. */
  readonly recording?: Pick<Recording, 'output' | 'resize' | 'mark'> | undefined;
}

/** Of a terminal that has no size: wide, so that nothing is wrapped in a file. */
const noTerminal: TerminalSize = { columns: 300, rows: 100 };

export function terminalSize({ columns, rows }: Host['stdout']): TerminalSize {
  return columns && rows ? { columns, rows } : noTerminal;
}

/**
 * The person's terminal on an open session, until one of the two ends it. Answers the exit code; throws time-up when
 * a limit ended it, unreachable when the connection could not be kept. The channel is the caller's to dispose.
 */
export async function runShell(
  { host, output }: ShellParts,
  channel: DataChannel,
  { label, maximumMs, recording }: ShellOptions,
): Promise<number> {
  const terminal = host.stdin.isTTY === true;
  const stop = new AbortController();
  let left: 'typed' | 'limit' | 'orphaned' | undefined;
  let midLine = false;
  const leave = (why: NonNullable<typeof left>) => {
    left ??= why;
    stop.abort();
  };
  // In raw mode a line feed alone only moves down.
  const say = (text: string) => {
    recording?.mark(text);
    host.stderr.write(
      terminal
        ? `\r\n${escapeForTerminal(text).replaceAll('\n', '\r\n')}\r\n`
        : `${escapeForTerminal(text)}\n`,
    );
  };
  const onSignal = () => stop.abort();
  host.signal.addEventListener('abort', onSignal, { once: true });
  try {
    host.signal.throwIfAborted();
    using _raw = enterRawMode(host);
    using _parent = terminal ? watchParent(host, () => leave('orphaned')) : undefined;
    using _limit =
      maximumMs === undefined
        ? undefined
        : limitSession({
            host,
            maximumMs,
            warn: (rest) => say(`forge: this session ends in ${durationText(rest)}.`),
            end: () => leave('limit'),
          });
    using _state = channel.onState(reportState(say, terminal));
    await passOutputUnchanged(host);
    // The size goes first: whatever the instance draws has it right from the start.
    using _size = await followSize(host, channel, (size) => recording?.resize(size));
    channel.onData((type, payload) => {
      midLine = payload.at(-1) !== 0x0a;
      if (type === PayloadType.output) return both(output.raw(payload), recording?.output(payload));
      if (type !== PayloadType.stdErr) return;
      host.stderr.write(payload);
      return recording?.output(payload, 'stderr');
    });
    const escapes = terminal ? new EscapeSequence() : undefined;
    const input = sendInput(host.stdin, channel, stop.signal, (bytes) => {
      if (escapes === undefined) return bytes;
      const typed = escapes.push(bytes);
      if (typed.action === 'leave') leave('typed');
      if (typed.action === 'help') say(escapeHelp);
      return typed.bytes;
    });
    const end = await Promise.race([channel.closed, aborted(stop.signal), input]);
    stop.abort();
    if (host.signal.aborted) throw host.signal.reason;
    return finish(end);
  } catch (error) {
    // Why it failed is not to stand behind the prompt of the instance.
    if (terminal && midLine) host.stderr.write('\r\n');
    throw error;
  } finally {
    stop.abort();
    host.signal.removeEventListener('abort', onSignal);
  }

  function finish(end: ChannelEnd | undefined): number {
    if (left === 'orphaned') throw interruption('SIGHUP');
    if (left === 'limit') {
      throw new ForgeError('time-up', `The session on ${label} has lasted ${durationText(maximumMs ?? 0)}.`, {
        code: 'SESSION_TIME_UP',
        hint: 'Open another; --max-duration says how long one may last.',
      });
    }
    if (left === 'typed' || end === undefined) {
      say(`forge: left the session on ${label}.`);
      return 130;
    }
    return sessionEnding(end, label);
  }
}

async function both(shown: Promise<void>, recorded: Promise<void> | undefined): Promise<void> {
  await Promise.all([shown, recorded]);
}

/** Sends the size now and at each change; while one is on its way, only the latest of the rest. */
async function followSize(
  host: Pick<Host, 'stdout'>,
  channel: DataChannel,
  changed: (size: TerminalSize) => void,
): Promise<Disposable> {
  const { stdout } = host;
  let wanted = false;
  let sending = false;
  const send = async () => {
    wanted = true;
    if (sending) return;
    sending = true;
    while (wanted) {
      wanted = false;
      // A channel that has closed tells so itself.
      await channel.send(PayloadType.size, encodeSize(terminalSize(stdout))).catch(() => {});
    }
    sending = false;
  };
  const onResize = () => {
    changed(terminalSize(stdout));
    void send();
  };
  stdout.on('resize', onResize);
  await send();
  return { [Symbol.dispose]: () => void stdout.removeListener('resize', onResize) };
}

/** A connection that comes back within a second is not worth a word. */
function reportState(say: (text: string) => void, terminal: boolean): (state: ChannelState) => void {
  let since: AbortController | undefined;
  let told = false;
  return (state) => {
    since?.abort();
    since = undefined;
    if (state === 'suspended' || state === 'paused') {
      const waiting = new AbortController();
      since = waiting;
      void delay(1_000, undefined, { signal: waiting.signal, ref: false }).then(
        () => {
          told = true;
          const why = state === 'paused' ? 'the instance does not answer' : 'connection lost, trying again';
          say(`forge: ${why}.${terminal ? ' ~. leaves the session.' : ''}`);
        },
        () => {},
      );
    } else if (state === 'ready' && told) {
      told = false;
      say('forge: connected again.');
    }
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
