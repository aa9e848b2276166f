import type { Access, AccessParts } from '../access/with-access.ts';
import { ForgeError, interruption } from '../errors.ts';
import type { Host, TerminationSignal } from '../host.ts';
import { durationText } from '../lib/duration-text.ts';
import { restoreTerminal } from '../terminal/restore-terminal.ts';
import { limitSession } from '../terminal/session-limit.ts';
import { type PluginOrder, startPluginSession } from './plugin-session.ts';

export interface ForegroundOrder extends Omit<PluginOrder, 'stdio'> {
  /** The longest that it may last, milliseconds; undefined: as long as AWS lets it. */
  readonly maximumMs: number | undefined;
  /** SIGHUP is how it is ended each time, as by ssh. */
  readonly hangUpEnds?: boolean;
}

/**
 * The plugin with this terminal, or this ProxyCommand's streams, until it has ended. Ctrl-C is the plugin's, which
 * hands it to the instance. Answers the plugin's own exit code; throws time-up at the limit and what starting throws.
 */
export async function runPluginInForeground(
  parts: AccessParts,
  access: Access,
  { maximumMs, hangUpEnds, ...order }: ForegroundOrder,
): Promise<number> {
  const { host, output } = parts;
  const { label } = order.instance;
  let terminated: TerminationSignal | undefined;
  let stop: (outcome: 'limit' | 'stopped') => void = () => {};
  const stopped = new Promise<'limit' | 'stopped'>((resolve) => {
    stop = resolve;
  });
  const onAbort = () => stop('stopped');
  let code: number | 'limit' | 'stopped';
  try {
    await using session = await startPluginSession(parts, access, { ...order, stdio: 'inherit' });
    using _held = host.holdInterrupts((name) => {
      terminated ??= name;
      stop('stopped');
    });
    // Until here Ctrl-C was forge's.
    if (host.signal.aborted) stop('stopped');
    host.signal.addEventListener('abort', onAbort, { once: true });
    using _limit =
      maximumMs === undefined
        ? undefined
        : limitSession({
            host,
            maximumMs,
            warn: (left) => output.warn(`The session on ${label} ends in ${durationText(left)}.`),
            end: () => stop('limit'),
          });
    code = await Promise.race([session.ended, stopped]);
  } finally {
    host.signal.removeEventListener('abort', onAbort);
  }
  if (typeof code === 'number' && code <= 128) return code;
  await leaveTerminalSane(host);
  if (code === 'limit') {
    throw new ForgeError('time-up', `The session on ${label} has lasted ${durationText(maximumMs ?? 0)}.`, {
      code: 'SESSION_TIME_UP',
      hint: 'Open another; --max-duration says how long one may last.',
    });
  }
  if (typeof code === 'number') return code;
  if (terminated === 'SIGHUP' && hangUpEnds === true) return 0;
  throw terminated === undefined ? host.signal.reason : interruption(terminated);
}

async function leaveTerminalSane(host: Pick<Host, 'stdin' | 'platform' | 'spawn'>): Promise<void> {
  if (host.stdin.isTTY === true) await restoreTerminal(host);
}
