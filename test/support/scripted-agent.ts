import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Secret } from '../../src/lib/secret.ts';
import {
  type AgentMessage,
  decodeAgentMessage,
  encodeAgentMessage,
  MessageType,
} from '../../src/ssm/wire/agent-message.ts';
import {
  encodeHandshakeComplete,
  encodeHandshakeRequest,
  type RequestedAction,
} from '../../src/ssm/wire/handshake-payload.ts';
import {
  encodeAcknowledge,
  encodeChannelClosed,
  PayloadType,
  parseAcknowledge,
  parseOpenDataChannel,
} from '../../src/ssm/wire/payload.ts';

/** Chances from 0 to 1, each for every frame in both directions. */
export interface FrameFaults {
  readonly random: () => number;
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
}

export interface AgentScript {
  /** Undefined: no handshake. */
  readonly actions?: readonly RequestedAction[] | undefined;
  readonly customerMessage?: string;
  /** In place of answering the HandshakeResponse with HandshakeComplete. */
  readonly onHandshakeResponse?: (agent: ScriptedAgent, payload: Buffer) => void;
  /** User data, in order, once each. False: not taken, not acknowledged. */
  readonly onData?: (payloadType: number, payload: Buffer) => void | false;
  readonly faults?: FrameFaults;
  /** Milliseconds that it takes over each message. */
  readonly pace?: number;
  /** Messages it has under way without acknowledgement. */
  readonly window?: number;
  /** Never acknowledges, never answers. */
  readonly mute?: boolean;
}

export const portActions: readonly RequestedAction[] = [
  {
    type: 'SessionType',
    sessionType: 'Port',
    properties: { type: 'LocalPortForwarding', portNumber: '80', localPortNumber: '0' },
  },
];

/** A service and an agent in one, for one session: as little as the channel needs, and the levers to misbehave. */
export class ScriptedAgent implements AsyncDisposable {
  /** Every frame that came, before faults. */
  readonly frames: AgentMessage[] = [];
  readonly openings: NonNullable<ReturnType<typeof parseOpenDataChannel>>[] = [];
  script: AgentScript;
  socket: WebSocket | undefined;
  acknowledged = 0;
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  #port = 0;
  #next = 0;
  #expected = 0;
  readonly #early = new Map<number, AgentMessage>();
  readonly #unacknowledged = new Map<number, { bytes: Buffer; sentAt: number }>();
  readonly #queue: { payloadType: number; payload: Uint8Array }[] = [];
  readonly #work: (() => void)[] = [];
  #timers: NodeJS.Timeout[] = [];
  #late: Buffer | undefined;

  constructor(script: AgentScript) {
    this.script = script;
  }

  static async start(script: AgentScript): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(script);
    await agent.#listen();
    return agent;
  }

  get address() {
    return {
      streamUrl: new Secret(`ws://127.0.0.1:${this.#port}/v1/data-channel/s-1?role=publish_subscribe`),
      tokenValue: new Secret(`token-${randomUUID()}`),
    };
  }

  get session() {
    return { sessionId: 's-1', target: 'i-0123456789abcdef0', ...this.address };
  }

  get pending(): number {
    return this.#queue.length + this.#unacknowledged.size;
  }

  send(payloadType: number, payload: Uint8Array): void {
    this.#queue.push({ payloadType, payload });
    this.#flush();
  }

  /** Numbered, at once, past the window, with any flags. */
  sendNumbered(sequenceNumber: number, payloadType: number, payload: Uint8Array): void {
    this.raw(this.#encode(sequenceNumber, payloadType, payload));
  }

  control(type: string, payload: Uint8Array = Buffer.from('{}')): void {
    this.raw(
      encodeAgentMessage({
        type,
        sequenceNumber: 0,
        flags: 3,
        messageId: randomUUID(),
        createdAt: Date.now(),
        payloadType: 0,
        payload,
      }),
    );
  }

  closeChannel(output = ''): void {
    const closed = { messageId: randomUUID(), createdDate: '', destinationId: '', sessionId: 's-1', output };
    this.control(MessageType.channelClosed, encodeChannelClosed(closed));
  }

  raw(bytes: Uint8Array | string): void {
    this.socket?.send(bytes);
  }

  /** As a network does it. */
  cut(): void {
    this.socket?.terminate();
    this.socket = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #listen(): Promise<void> {
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#timers.push(setInterval(() => this.#repeat(), 50));
    const { pace } = this.script;
    if (pace !== undefined) this.#timers.push(setInterval(() => this.#work.shift()?.(), pace));
  }

  #accept(webSocket: WebSocket): void {
    webSocket.on('error', () => {});
    webSocket.on('message', (data, isBinary) => {
      const { pace } = this.script;
      if (!isBinary) this.#open(webSocket, data as Buffer);
      else if (pace === undefined) this.#faulty(data as Buffer, (bytes) => this.#receive(bytes));
      else this.#work.push(() => this.#receive(data as Buffer));
    });
  }

  #open(webSocket: WebSocket, text: Buffer): void {
    const opening = parseOpenDataChannel(text);
    if (opening === undefined) {
      webSocket.close(1008);
      return;
    }
    this.openings.push(opening);
    this.socket = webSocket;
    if (this.openings.length > 1) {
      for (const one of this.#unacknowledged.values()) one.sentAt = 0;
      this.#repeat();
      return;
    }
    const { actions, mute } = this.script;
    if (actions === undefined || mute) return;
    this.send(PayloadType.handshakeRequest, encodeHandshakeRequest({ agentVersion: '3.3.987.0', actions }));
  }

  #receive(bytes: Buffer): void {
    const message = decodeAgentMessage(bytes);
    if (message === undefined) throw new Error('the client sent a frame that can not be read');
    this.frames.push({ ...message, payload: Buffer.from(message.payload) });
    if (this.script.mute) return;
    if (message.type === MessageType.acknowledge) {
      const content = parseAcknowledge(message.payload);
      if (this.#unacknowledged.delete(content?.sequenceNumber ?? -1)) this.acknowledged++;
      this.#flush();
      return;
    }
    if (message.type !== MessageType.input) return;
    if (message.sequenceNumber > this.#expected) {
      this.#acknowledge(message);
      this.#early.set(message.sequenceNumber, message);
      return;
    }
    if (message.sequenceNumber < this.#expected) {
      this.#acknowledge(message);
      return;
    }
    if (this.#take(message) === false) return;
    this.#acknowledge(message);
    for (;;) {
      this.#expected++;
      const next = this.#early.get(this.#expected);
      if (next === undefined) return;
      this.#early.delete(this.#expected);
      this.#take(next);
    }
  }

  #take({ payloadType, payload }: AgentMessage): void | false {
    if (payloadType === PayloadType.handshakeResponse) {
      const { onHandshakeResponse, customerMessage = '' } = this.script;
      if (onHandshakeResponse !== undefined) return onHandshakeResponse(this, payload as Buffer);
      this.send(PayloadType.handshakeComplete, encodeHandshakeComplete({ nanoseconds: 1, customerMessage }));
      return;
    }
    return this.script.onData?.(payloadType, payload as Buffer);
  }

  #acknowledge({ messageId, sequenceNumber }: AgentMessage): void {
    const payload = encodeAcknowledge({ messageType: MessageType.input, messageId, sequenceNumber });
    const bytes = encodeAgentMessage({
      type: MessageType.acknowledge,
      sequenceNumber: 0,
      flags: 3,
      messageId: randomUUID(),
      createdAt: Date.now(),
      payloadType: 0,
      payload,
    });
    this.#faulty(bytes, (one) => this.raw(one));
  }

  #encode(sequenceNumber: number, payloadType: number, payload: Uint8Array): Buffer {
    return encodeAgentMessage({
      type: MessageType.output,
      sequenceNumber,
      flags: sequenceNumber === 0 ? 1 : 0,
      messageId: randomUUID(),
      createdAt: Date.now(),
      payloadType,
      payload,
    });
  }

  #flush(): void {
    const { window = 256 } = this.script;
    while (this.#unacknowledged.size < window) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const bytes = this.#encode(this.#next, next.payloadType, next.payload);
      this.#unacknowledged.set(this.#next++, { bytes, sentAt: performance.now() });
      this.#faulty(bytes, (one) => this.raw(one));
    }
  }

  #repeat(): void {
    // A socket that is full makes an agent wait: copies do not pile up in front of it.
    if (this.socket === undefined || this.socket.bufferedAmount > 1024 * 1024) return;
    const now = performance.now();
    for (const one of this.#unacknowledged.values()) {
      if (now - one.sentAt < 100) continue;
      one.sentAt = now;
      this.#faulty(one.bytes, (bytes) => this.raw(bytes));
    }
  }

  #faulty(bytes: Buffer, pass: (bytes: Buffer) => void): void {
    const { faults } = this.script;
    if (faults === undefined) {
      pass(bytes);
      return;
    }
    const { random, loss, duplicate, reorder } = faults;
    if (random() < loss) return;
    if (random() < duplicate) pass(bytes);
    if (this.#late === undefined && random() < reorder) {
      this.#late = bytes;
      setTimeout(() => {
        this.#late = undefined;
        pass(bytes);
      }, 2);
      return;
    }
    pass(bytes);
  }
}
