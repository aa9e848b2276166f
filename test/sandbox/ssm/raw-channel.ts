import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  type AgentMessage,
  decodeAgentMessage,
  encodeAgentMessage,
} from '../../../src/ssm/wire/agent-message.ts';

/** A data channel by hand: says exactly what a test wants said, and acknowledges unless told otherwise. */
export interface RawChannel {
  readonly received: readonly AgentMessage[];
  /** How often each number of output came. */
  readonly copies: ReadonlyMap<number, number>;
  /** Joined payloads of one type, each number once, in order. */
  bytes(payloadType: number): Buffer;
  text(payloadType?: number): string;
  /** The next number's message of input. */
  send(payloadType: number, payload: Buffer | string | object): AgentMessage;
  sendMessage(message: AgentMessage): void;
  sendRaw(bytes: Buffer | string): void;
  waitFor<T>(find: () => T | undefined | false, what: string, milliseconds?: number): Promise<T>;
  message(payloadType: number): Promise<AgentMessage>;
  /** channel_closed's Output. */
  readonly closedBy: Promise<string>;
  readonly gone: Promise<{ code: number; reason: string }>;
  acknowledging: boolean;
  acknowledgedNumbers(): readonly number[];
  /** The handshake with success for all that is asked. */
  handshake(): Promise<void>;
  /** For a channel that comes back: numbers go on. */
  nextNumber: number;
  close(): void;
  pause(): void;
  resume(): void;
}

export async function openRawChannel(url: string, token: string, previous?: RawChannel): Promise<RawChannel> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const received: AgentMessage[] = previous === undefined ? [] : [...previous.received];
  const seen = new Set(
    received.filter(({ type }) => type === 'output_stream_data').map((entry) => entry.sequenceNumber),
  );
  const copies = new Map<number, number>();
  const waiting = new Set<() => void>();
  let closedBy = (_output: string) => {};
  const channel: RawChannel = {
    received,
    copies,
    acknowledging: true,
    nextNumber: previous?.nextNumber ?? 0,
    bytes(payloadType) {
      const messages = received
        .filter((entry) => entry.type === 'output_stream_data' && entry.payloadType === payloadType)
        .sort((a, b) => a.sequenceNumber - b.sequenceNumber);
      return Buffer.concat(messages.map((entry) => entry.payload));
    },
    text: (payloadType = 1) => channel.bytes(payloadType).toString(),
    send(payloadType, payload) {
      const bytes =
        typeof payload === 'string' || Buffer.isBuffer(payload)
          ? Buffer.from(payload as string)
          : Buffer.from(JSON.stringify(payload));
      const message: AgentMessage = {
        type: 'input_stream_data',
        sequenceNumber: channel.nextNumber++,
        flags: 0,
        messageId: randomUUID(),
        createdAt: Date.now(),
        payloadType,
        payload: bytes,
      };
      channel.sendMessage(message);
      return message;
    },
    sendMessage: (message) => socket.send(encodeAgentMessage(message)),
    sendRaw: (bytes) => socket.send(bytes),
    waitFor: (find, what, milliseconds = 5_000) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = find();
          if (found === undefined || found === false) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(found);
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`waited in vain for ${what}; output so far: ${channel.text().slice(-500)}`));
        }, milliseconds);
        waiting.add(check);
        check();
      }),
    message: (payloadType) =>
      channel.waitFor(
        () =>
          received.find((entry) => entry.payloadType === payloadType && entry.type === 'output_stream_data'),
        `payload type ${payloadType}`,
      ),
    closedBy: new Promise((resolve) => {
      closedBy = resolve;
    }),
    gone: new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    }),
    acknowledgedNumbers: () =>
      received
        .filter(({ type }) => type === 'acknowledge')
        .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()).AcknowledgedMessageSequenceNumber),
    async handshake() {
      const request = JSON.parse(Buffer.from((await channel.message(5)).payload).toString());
      channel.send(6, {
        ClientVersion: '1.2.650.0',
        ProcessedClientActions: request.RequestedClientActions.map(
          ({ ActionType }: { ActionType: string }) => ({
            ActionType,
            ActionStatus: 1,
            ActionResult: null,
            Error: '',
          }),
        ),
        Errors: null,
      });
      await channel.message(7);
    },
    close: () => socket.close(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    const message = decodeAgentMessage(data);
    if (message === undefined) throw new Error('the agent sent something that is no message');
    if (message.type === 'output_stream_data') {
      copies.set(message.sequenceNumber, (copies.get(message.sequenceNumber) ?? 0) + 1);
      if (channel.acknowledging) acknowledge(channel, message);
      if (!seen.has(message.sequenceNumber)) received.push(message);
      seen.add(message.sequenceNumber);
    } else received.push(message);
    if (message.type === 'channel_closed')
      closedBy(JSON.parse(Buffer.from(message.payload).toString()).Output);
    for (const check of [...waiting]) check();
  });
  socket.send(
    JSON.stringify({
      MessageSchemaVersion: '1.0',
      RequestId: randomUUID(),
      TokenValue: token,
      ClientId: randomUUID(),
      ClientVersion: '1.2.650.0',
    }),
  );
  return channel;
}

export function acknowledge(channel: RawChannel, message: AgentMessage): void {
  channel.sendMessage({
    type: 'acknowledge',
    sequenceNumber: 0,
    flags: 3,
    messageId: randomUUID(),
    createdAt: Date.now(),
    payloadType: 0,
    payload: Buffer.from(
      JSON.stringify({
        AcknowledgedMessageType: message.type,
        AcknowledgedMessageId: message.messageId,
        AcknowledgedMessageSequenceNumber: message.sequenceNumber,
        IsSequentialMessage: true,
      }),
    ),
  });
}
