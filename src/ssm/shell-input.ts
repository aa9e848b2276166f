import { interruption } from '../errors.ts';
import type { Host } from '../host.ts';
import type { DataChannel } from './data-channel.ts';
import { PayloadType } from './wire/payload.ts';

const endOfInput = Uint8Array.of(0x04);
const lineFeed = Uint8Array.of(0x0a);

/** What may wait here. A terminal is read on while nothing goes out: `~.` must be heard. */
const mostWaiting = { terminal: 16 * 1024 * 1024, pipe: 256 * 1024 };

/** Silence after which a shell is taken to wait for input, and how far it grows. Milliseconds. */
const firstSilence = 250;
const longestSilence = 5_000;

/**
 * Sends what stdin gives, in order and no faster than the channel takes it. A pipe that ends is told to the shell as
 * Ctrl-D: not once, for a program that runs just then would swallow it, but whenever the instance has fallen
 * silent. Never resolves by itself: the end of the session or `signal` ends it. Rejects when stdin can't be read, and
 * with the failure for SIGHUP when it was a terminal that is gone.
 */
export function sendInput(
  stdin: Host['stdin'],
  channel: Pick<DataChannel, 'send' | 'stats'>,
  signal: AbortSignal,
  filter: (bytes: Uint8Array) => Uint8Array,
): Promise<never> {
  return new Promise((_, reject) => {
    let sending: Promise<void> = Promise.resolve();
    const most = stdin.isTTY === true ? mostWaiting.terminal : mostWaiting.pipe;
    let waiting = 0;
    let last = 0x0a;
    let timer: NodeJS.Timeout | undefined;
    const send = (bytes: Uint8Array) => {
      if (bytes.length === 0) return sending;
      last = bytes.at(-1) ?? last;
      // A closed channel takes no more, and says why itself.
      sending = sending.then(() => channel.send(PayloadType.output, bytes)).catch(() => {});
      return sending;
    };
    const onData = (chunk: Buffer | string) => {
      const bytes = filter(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      if (bytes.length === 0 || signal.aborted) return;
      waiting += bytes.length;
      if (waiting > most) stdin.pause();
      void send(bytes).then(() => {
        waiting -= bytes.length;
        if (waiting <= most && !signal.aborted) stdin.resume();
      });
    };
    const onEnd = () => {
      if (stdin.isTTY === true) return reject(interruption('SIGHUP'));
      void (last === 0x0a || last === 0x0d ? sending : send(lineFeed)).then(() => sayEnd(firstSilence));
    };
    const sayEnd = (silence: number) => {
      if (signal.aborted) return;
      const heard = channel.stats().receivedBytes;
      timer = setTimeout(() => {
        if (channel.stats().receivedBytes !== heard) return sayEnd(silence);
        void send(endOfInput).then(() => sayEnd(Math.min(silence * 2, longestSilence)));
      }, silence);
    };
    const leave = () => {
      clearTimeout(timer);
      stdin.removeListener('data', onData);
      stdin.removeListener('end', onEnd);
      stdin.pause();
    };
    if (signal.aborted) return;
    signal.addEventListener('abort', leave, { once: true });
    stdin.on('data', onData);
    stdin.once('end', onEnd);
    stdin.once('error', (error: NodeJS.ErrnoException) => {
      // The terminal is closed, or was taken back when the shell that started forge was killed: then no SIGHUP comes.
      reject(error.code === 'EIO' ? interruption('SIGHUP') : error);
    });
    stdin.resume();
  });
}
