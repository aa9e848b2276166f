import type { Access, AccessParts } from '../../access/with-access.ts';
import { ForgeError } from '../../errors.ts';
import type { DataChannel } from '../data-channel.ts';
import type { LocatedInstance } from '../locate-instance.ts';
import { sessionEnding } from '../session-ending.ts';
import { openSession, type SessionDocument } from '../terminal-session.ts';
import { PayloadType } from '../wire/payload.ts';
import { type RemoteStream, remoteCommand } from './remote-shell.ts';

/**
 * A command that has an input: AWS gives one to none but those in a terminal. The terminal is told to leave the bytes
 * alone, and base64 keeps out of its and the agent's way, who cuts text between characters.
 */
export const copyDocument: SessionDocument = {
  name: 'AWS-StartInteractiveCommand',
  parameters: { command: [remoteCommand] },
};

/** Throws what openSession throws. */
export async function openCopySession(
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
): Promise<RemoteStream> {
  const channel = await openSession(parts, access, instance, copyDocument);
  return sessionStream(channel, instance.label, parts.host.signal);
}

function sessionStream(channel: DataChannel, label: string, signal: AbortSignal): RemoteStream {
  let onAbort = () => {};
  const lost = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    void channel.closed.then((end) => {
      try {
        sessionEnding(end, label);
        reject(endedEarly(label));
      } catch (error) {
        reject(error);
      }
    });
  });
  lost.catch(() => {});
  return {
    lost,
    send: (bytes) => channel.send(PayloadType.output, bytes),
    onData: (listener) =>
      channel.onData((type, payload) => (type === PayloadType.output ? listener(payload) : undefined)),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort);
      await channel[Symbol.asyncDispose]();
    },
  };
}

export function endedEarly(label: string): ForgeError {
  return new ForgeError('unreachable', `The connection to ${label} ended before the copy did.`, {
    code: 'COPY_CUT',
    hint: 'Run it again: it goes on from what has arrived.',
  });
}
