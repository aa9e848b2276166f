import { ForgeError } from '../../errors.ts';

/** Two directions of bytes to a shell on the instance, which runs `bootstrap`: a session, or ssh. */
export interface RemoteStream extends AsyncDisposable {
  /** Resolves when there is room for more. */
  send(bytes: Uint8Array): Promise<void>;
  /** The one receiver; what it returns holds the following bytes back. What it throws ends the stream. */
  onData(listener: (bytes: Buffer) => void | Promise<void>): void;
  /** Rejects when it ends, however it does, with what the person shall read. Never resolves. */
  readonly lost: Promise<never>;
}

/** It ended in an ordinary way, but not at the end. */
export function cutEarly(label: string): ForgeError {
  return new ForgeError('unreachable', `The connection to ${label} ended before the copy did.`, {
    code: 'COPY_CUT',
    hint: 'Run it again: it goes on from what has arrived.',
  });
}

/** As the stream, but lost as well when `signal` is aborted: with its reason, whatever else comes of that. */
export function interruptible(stream: RemoteStream, signal: AbortSignal): RemoteStream {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  const explain = (error: unknown): never => {
    throw signal.aborted ? signal.reason : error;
  };
  const lost = Promise.race([aborted, stream.lost]).catch(explain);
  lost.catch(() => {});
  return {
    lost,
    send: (bytes) => stream.send(bytes).catch(explain),
    onData: (listener) => stream.onData(listener),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort);
      await stream[Symbol.asyncDispose]();
    },
  };
}
