import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AccessParts } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { ConnectRefused, SessionOver } from './port-channel.ts';
import { relay, reset, type Traffic } from './relay.ts';

/** What goes through all forwards of a command. */
export interface ForwardCounters extends Traffic {
  open: number;
  total: number;
}

export type ForwardParts = Pick<AccessParts, 'host' | 'output'> & { readonly counters: ForwardCounters };

/** The same sentence again is not news before this has passed. */
const repeatMs = 5_000;
/** For a program to read what it has been answered. */
const lastWordsMs = 2_000;

/** Carries one local connection to its end. `connect` may still have to start a session. Never rejects. */
export async function carry(
  parts: ForwardParts,
  socket: Socket,
  destination: string,
  connect: (signal: AbortSignal) => Promise<Duplex>,
): Promise<void> {
  const { counters, output } = parts;
  const gone = new AbortController();
  const onClose = () => gone.abort(new SessionOver('the local program has closed'));
  socket.once('close', onClose);
  // Until it is relayed; an error without a listener would end the process.
  socket.on('error', () => {});
  counters.open++;
  counters.total++;
  try {
    const stream = await connect(gone.signal);
    const failure = await relay(socket, stream, counters);
    if (failure instanceof ConnectRefused) warnOnce(parts, refusedText(destination));
    else if (failure !== undefined) output.debug(`a connection to ${destination} broke: ${failure.message}`);
  } catch (error) {
    if (socket.writableEnded) setTimeout(() => socket.destroy(), lastWordsMs).unref();
    else reset(socket);
    if (gone.signal.aborted || parts.host.signal.aborted) return;
    const why = error instanceof Error ? error.message : String(error);
    const hint = error instanceof ForgeError && error.hint !== undefined ? ` ${error.hint}` : '';
    warnOnce(parts, `A connection to ${destination} failed: ${why}${hint}`);
  } finally {
    counters.open--;
    socket.removeListener('close', onClose);
  }
}

export function refusedText(destination: string): string {
  return `The instance can't connect to ${destination}: nothing listens there, its name is not known to the instance, or a security group is in between.`;
}

const lastSaid = new WeakMap<ForwardCounters, Map<string, number>>();

/** A program that tries again and again does not fill the screen. */
function warnOnce({ host, output, counters }: ForwardParts, text: string): void {
  const said = lastSaid.get(counters) ?? new Map<string, number>();
  lastSaid.set(counters, said);
  const now = host.monotonic();
  const before = said.get(text);
  if (before !== undefined && now - before < repeatMs) return;
  said.set(text, now);
  output.warn(text);
}
