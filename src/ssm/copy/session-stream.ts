import type { Access, AccessParts } from '../../access/with-access.ts';
import type { DataChannel } from '../data-channel.ts';
import type { LocatedInstance } from '../locate-instance.ts';
import { documentsOf } from '../logged-documents.ts';
import { sessionEnding } from '../session-ending.ts';
import { openSession, type SessionDocument } from '../terminal-session.ts';
import { encodeSize, PayloadType } from '../wire/payload.ts';
import { bootstrap } from './remote-program.ts';
import { cutEarly, type RemoteStream } from './remote-stream.ts';

/**
 * A command that has an input: AWS gives one to none but those in a terminal. The terminal is told to leave the bytes
 * alone, and base64 keeps out of its and the agent's way, who cuts text between characters.
 */
export function copyDocument(name: string = 'AWS-StartInteractiveCommand'): SessionDocument {
  return { name, parameters: { command: [bootstrap] } };
}

/** A download sends nothing, and AWS ends what seems idle: telling the terminal's size counts as use. */
const everyMs = 60_000;
const terminalSize = encodeSize({ columns: 80, rows: 24 });

/** Throws what openSession throws. */
export async function openCopySession(
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
): Promise<RemoteStream> {
  const document = copyDocument(documentsOf(parts.config, access)?.copy);
  const channel = await openSession(parts, access, instance, document);
  return sessionStream(channel, instance.label, everyMs);
}

export function sessionStream(channel: DataChannel, label: string, sizeEveryMs: number): RemoteStream {
  const lost = channel.closed.then((end) => {
    sessionEnding(end, label);
    throw cutEarly(label);
  });
  lost.catch(() => {});
  const timer = setInterval(() => {
    channel.send(PayloadType.size, terminalSize).catch(() => {});
  }, sizeEveryMs);
  return {
    lost,
    // A closed channel takes nothing; why it closed is what the person shall read.
    send: (bytes) => channel.send(PayloadType.output, bytes).catch(() => lost),
    onData: (listener) =>
      channel.onData((type, payload) => (type === PayloadType.output ? listener(payload) : undefined)),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await channel[Symbol.asyncDispose]();
    },
  };
}
