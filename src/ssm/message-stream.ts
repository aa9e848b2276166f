import { randomUUID } from 'node:crypto';
import type { Host } from '../host.ts';
import { ReliableReceiver } from './reliable-receiver.ts';
import { ReliableSender, type SenderLimits } from './reliable-sender.ts';
import type { MessageSocket } from './web-socket.ts';
import {
  type AgentMessage,
  decodeAgentMessage,
  encodeAgentMessage,
  MessageFlag,
  MessageType,
} from './wire/agent-message.ts';
import { encodeAcknowledge, parseAcknowledge } from './wire/payload.ts';

export interface StreamHandlers {
  /** Whether another payload can be taken in. */
  hasRoom(): boolean;
  /** In order, each once. False: not now; it is not acknowledged, so that the agent repeats it. */
  onPayload(payloadType: number, payload: Buffer): boolean;
  /** Messages may be sent that could not before, or all are acknowledged. */
  onRoom(): void;
  /** The service says that the agent is away, or it leaves everything unanswered; and that it is back. */
  onPaused(paused: boolean): void;
  onChannelClosed(payload: Uint8Array): void;
  /** The agent has left one message unanswered for too long. */
  onGiveUp(): void;
}

const tick = 50;
/** Bytes that the socket may hold back: further messages wait in the outbox, acknowledgements are left out. */
const mostWaiting = { messages: 1024 * 1024, acknowledgements: 4 * 1024 * 1024 } as const;

/** Both numbered streams of a session over whatever socket there is: numbers, acknowledgements, repetition. */
export class MessageStream {
  readonly #host: Pick<Host, 'now' | 'monotonic'>;
  readonly #handlers: StreamHandlers;
  readonly #sender: ReliableSender;
  readonly #receiver = new ReliableReceiver<AgentMessage>();
  #socket: MessageSocket | undefined;
  #paused = false;
  /** Pings are answered by the service: that the agent is gone, only its own silence tells. */
  #silent = false;
  #heardAt: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #counts = {
    sentMessages: 0,
    sentBytes: 0,
    receivedMessages: 0,
    receivedBytes: 0,
    droppedFrames: 0,
  };

  constructor(host: Pick<Host, 'now' | 'monotonic'>, handlers: StreamHandlers, limits?: SenderLimits) {
    this.#host = host;
    this.#handlers = handlers;
    this.#sender = new ReliableSender(limits);
    this.#heardAt = host.monotonic();
  }

  get canSend(): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#paused) return false;
    return this.#sender.hasRoom && socket.waiting < mostWaiting.messages;
  }

  get inFlight(): number {
    return this.#sender.inFlight;
  }

  stats() {
    const { resent: resentMessages, roundTrip, window } = this.#sender;
    const silence = this.#host.monotonic() - this.#heardAt;
    return { ...this.#counts, resentMessages, roundTrip, window, silence };
  }

  /** Only when `canSend`. Payloads are never empty: the original can't read such a message. */
  send(payloadType: number, payload: Uint8Array): void {
    const bytes = encodeAgentMessage({
      type: MessageType.input,
      sequenceNumber: this.#sender.next,
      flags: MessageFlag.none,
      messageId: randomUUID(),
      createdAt: this.#host.now(),
      payloadType,
      payload,
    });
    this.#sender.sent(bytes, this.#host.monotonic());
    this.#counts.sentMessages++;
    this.#counts.sentBytes += payload.length;
    this.#socket?.send(bytes);
    this.#arm();
  }

  /** A socket on which the channel has just been opened: numbers go on, and nothing that was sent counts as arrived. */
  attach(socket: MessageSocket): void {
    this.#socket = socket;
    const now = this.#host.monotonic();
    this.#heardAt = now;
    this.#setPaused(false, false);
    this.#sender.resume(now);
    for (const bytes of this.#sender.everything(now)) socket.send(bytes);
    this.#arm();
    this.#handlers.onRoom();
  }

  detach(): void {
    this.#socket = undefined;
    this.#sender.suspend(this.#host.monotonic());
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  receive(bytes: Uint8Array): void {
    const message = decodeAgentMessage(bytes);
    if (message === undefined) {
      this.#counts.droppedFrames++;
      return;
    }
    switch (message.type) {
      case MessageType.output:
        this.#goOn();
        this.#receiveNumbered(message);
        return;
      case MessageType.acknowledge:
        this.#goOn();
        this.#receiveAcknowledgement(message.payload);
        return;
      case MessageType.channelClosed:
        this.#handlers.onChannelClosed(message.payload);
        return;
      case MessageType.startPublication:
        this.#goOn();
        return;
      case MessageType.pausePublication:
        this.#sender.suspend(this.#host.monotonic());
        this.#setPaused(true, this.#silent);
        return;
      default:
        // Of a later version, or meant for others.
        return;
    }
  }

  #receiveNumbered(message: AgentMessage): void {
    const verdict = this.#receiver.receive(message.sequenceNumber, message);
    if (verdict === 'early' || verdict === 'old') this.#acknowledge(message);
    if (verdict !== 'next') return;
    if (!this.#handlers.hasRoom() || !this.#take(message)) return;
    this.#acknowledge(message);
    // What follows was acknowledged when it came; there is no way back for it.
    let following = this.#receiver.advance();
    while (following !== undefined) {
      this.#take(following);
      following = this.#receiver.advance();
    }
  }

  #take({ payloadType, payload }: AgentMessage): boolean {
    const taken = this.#handlers.onPayload(payloadType, payload as Buffer);
    if (taken) {
      this.#counts.receivedMessages++;
      this.#counts.receivedBytes += payload.length;
    }
    return taken;
  }

  #acknowledge({ messageId, sequenceNumber }: AgentMessage): void {
    const socket = this.#socket;
    // A peer that sends and does not read: it repeats, and is answered once it reads.
    if (socket === undefined || socket.waiting > mostWaiting.acknowledgements) return;
    socket.send(
      encodeAgentMessage({
        type: MessageType.acknowledge,
        sequenceNumber: 0,
        flags: MessageFlag.control,
        messageId: randomUUID(),
        createdAt: this.#host.now(),
        payloadType: 0,
        payload: encodeAcknowledge({ messageType: MessageType.output, messageId, sequenceNumber }),
      }),
    );
  }

  #receiveAcknowledgement(payload: Uint8Array): void {
    const content = parseAcknowledge(payload);
    if (content === undefined) {
      this.#counts.droppedFrames++;
      return;
    }
    if (content.messageType !== MessageType.input) return;
    if (!this.#sender.acknowledge(content.sequenceNumber, this.#host.monotonic())) return;
    if (this.#sender.knowsLoss) this.#repeat();
    this.#handlers.onRoom();
  }

  /** Whatever the agent says, it is there. */
  #goOn(): void {
    const now = this.#host.monotonic();
    this.#heardAt = now;
    const wasPaused = this.#paused;
    this.#setPaused(false, false);
    if (!wasPaused) return;
    this.#sender.resume(now);
    for (const bytes of this.#sender.oldest(now)) this.#socket?.send(bytes);
    this.#arm();
    this.#handlers.onRoom();
  }

  #setPaused(paused: boolean, silent: boolean): void {
    const before = this.#paused || this.#silent;
    this.#paused = paused;
    this.#silent = silent;
    if (before !== (paused || silent)) this.#handlers.onPaused(paused || silent);
  }

  #repeat(): void {
    const socket = this.#socket;
    if (socket === undefined || socket.waiting >= mostWaiting.messages) return;
    for (const bytes of this.#sender.due(this.#host.monotonic())) socket.send(bytes);
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#sender.inFlight === 0 || this.#socket === undefined) return;
    this.#timer = setTimeout(() => {
      // After a busy moment acknowledgements may lie unread in the socket: they are read before anything is repeated.
      setImmediate(() => {
        this.#timer = undefined;
        this.#check();
      });
    }, tick);
  }

  #check(): void {
    if (this.#socket === undefined) return;
    const now = this.#host.monotonic();
    if (this.#sender.hasGivenUp(now)) {
      this.#handlers.onGiveUp();
    } else {
      if (this.#sender.isUnanswered(now, this.#heardAt)) this.#setPaused(this.#paused, true);
      this.#repeat();
      this.#arm();
    }
  }
}
