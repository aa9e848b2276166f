import { randomUUID } from 'node:crypto';
import { type AgentMessage, encodeAgentMessage } from '../../ssm/wire/agent-message.ts';
import { controlFlags, MessageType, Payload } from './payloads.ts';
import { SendQueue } from './send-queue.ts';

/** What the agent made of a message: done; not now, say it again; kept, ask me again with `retry`. */
export type Taken = 'taken' | 'refused' | 'later';

export interface LinkParts {
  /** AWS's clock, for the messages' dates. */
  now(): number;
  /** Hands bytes to the socket, which may lose them. */
  transmit(frame: Buffer): void;
  /** Encrypts what a payload type wants encrypted. */
  seal(payloadType: number, bytes: Buffer): Buffer;
  receive(message: AgentMessage): Taken;
  readonly options: LinkOptions;
}

export interface LinkOptions {
  /** The agent sends one message in so many milliseconds; 0: as fast as it can. */
  readonly paceMs: number;
  /** AWS's agent repeats only its oldest message. True: all that are due, so that a lossy test ends sooner. */
  readonly resendAll: boolean;
}

interface Sent {
  readonly frame: Buffer;
  sentAt: number;
  resent: boolean;
}

/** More than AWS's own keep for sending before they stop reading; bounds memory at about 2 MiB a session. */
const windowMessages = 2_048;
const aheadMessages = 10_000;
const aheadBytes = 8 * 1024 * 1024;

/** An agent that woke up late sends what was due meanwhile: each has a processor of its own, and all share this one. */
const mostLateMs = 50;

/** The agent's end of the two numbered streams: order, acknowledgements, repetition. Knows no sockets. */
export class ReliableLink implements Disposable {
  readonly #parts: LinkParts;
  readonly #queue = new SendQueue();
  readonly #unacked = new Map<number, Sent>();
  readonly #ahead = new Map<number, { readonly message: AgentMessage; acknowledged: boolean }>();
  readonly #drained: (() => void)[] = [];
  #aheadBytes = 0;
  #nextToSend = 0;
  #expected = 0;
  #publishing = false;
  #held = false;
  #pacing: NodeJS.Timeout | undefined;
  /** When a paced agent may send again; undefined: it has nothing to send, and gathers no claim to send more later. */
  #due: number | undefined;
  #smoothed = 100;
  #variation = 0;
  #timeout = 200;
  readonly #ticker: NodeJS.Timeout;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#ticker = setInterval(() => this.#repeat(), 100);
  }

  /** Whoever produces data stops reading its source until `whenDrained`. */
  get congested(): boolean {
    return this.#queue.bytes >= 256 * 1024;
  }

  /** Nothing waits, nothing is unacknowledged. */
  get settled(): boolean {
    return this.#queue.bytes === 0 && this.#unacked.size === 0;
  }

  whenDrained(listener: () => void): void {
    this.#drained.push(listener);
  }

  /** Terminal output is cut between characters; the bytes of a port anywhere. */
  send(payloadType: number, bytes: Buffer, cut: 'characters' | 'anywhere' = 'anywhere'): void {
    this.#queue.push(payloadType, bytes, cut === 'characters');
    this.#pump();
  }

  /** The client is there (again): everything unacknowledged goes out anew, oldest first. */
  startPublication(): void {
    this.#publishing = true;
    for (const sent of this.#unacked.values()) this.#resend(sent);
    this.#pump();
  }

  pausePublication(): void {
    this.#publishing = false;
  }

  accept(message: AgentMessage): void {
    // Whatever the client says proves that it is there.
    if (!this.#publishing) this.startPublication();
    if (message.type === MessageType.acknowledge) this.#settle(message.payload);
    else if (message.type === MessageType.input) this.#order(message);
  }

  /** Tries again with the message that the agent wanted later. */
  retry(): void {
    this.#held = false;
    for (;;) {
      const next = this.#ahead.get(this.#expected);
      if (next === undefined || this.#held) return;
      if (!this.#deliver(next.message)) return;
      this.#ahead.delete(next.message.sequenceNumber);
      this.#aheadBytes -= next.message.payload.length;
      if (!next.acknowledged) this.#acknowledge(next.message);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#pacing);
    this.#publishing = false;
    this.#unacked.clear();
    this.#ahead.clear();
    this.#queue.clear();
  }

  #order(message: AgentMessage): void {
    const number = message.sequenceNumber;
    if (number < this.#expected) {
      this.#acknowledge(message);
      return;
    }
    const buffered = this.#ahead.get(number);
    if (buffered !== undefined) {
      if (buffered.acknowledged) this.#acknowledge(message);
      return;
    }
    if (number === this.#expected && !this.#held) {
      const taken = this.#parts.receive(message);
      if (taken === 'refused') return;
      if (taken === 'taken') {
        this.#expected++;
        this.#acknowledge(message);
        this.retry();
        return;
      }
      this.#held = true;
    }
    if (this.#ahead.size >= aheadMessages || this.#aheadBytes >= aheadBytes) return;
    // While the agent is behind, what it keeps stays unacknowledged: that is what slows the client down.
    const acknowledged = number > this.#expected && !this.#held;
    this.#ahead.set(number, { message, acknowledged });
    this.#aheadBytes += message.payload.length;
    if (acknowledged) this.#acknowledge(message);
  }

  #deliver(message: AgentMessage): boolean {
    const taken = this.#parts.receive(message);
    if (taken === 'taken') this.#expected++;
    else this.#held = taken === 'later';
    return taken === 'taken';
  }

  #acknowledge({ type, messageId, sequenceNumber }: AgentMessage): void {
    const content = `{"AcknowledgedMessageType":"${type}","AcknowledgedMessageId":"${messageId}","AcknowledgedMessageSequenceNumber":${sequenceNumber},"IsSequentialMessage":true}`;
    this.#parts.transmit(
      encodeAgentMessage({
        type: MessageType.acknowledge,
        sequenceNumber: 0,
        flags: controlFlags,
        messageId: randomUUID(),
        createdAt: this.#parts.now(),
        payloadType: Payload.none,
        payload: Buffer.from(content),
      }),
    );
  }

  #settle(payload: Uint8Array): void {
    const number = acknowledgedNumber(payload);
    const sent = number === undefined ? undefined : this.#unacked.get(number);
    if (number === undefined || sent === undefined) return;
    this.#unacked.delete(number);
    if (!sent.resent) this.#learn(performance.now() - sent.sentAt);
    this.#pump();
  }

  /** RFC 6298's estimate, with the agent's own bounds. */
  #learn(sample: number): void {
    this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - sample);
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * sample;
    this.#timeout = Math.min(1_000, this.#smoothed + Math.max(10, 4 * this.#variation));
  }

  #repeat(): void {
    if (!this.#publishing) return;
    const now = performance.now();
    for (const sent of this.#unacked.values()) {
      if (now - sent.sentAt >= this.#timeout) this.#resend(sent);
      if (!this.#parts.options.resendAll) return;
    }
  }

  #resend(sent: Sent): void {
    sent.sentAt = performance.now();
    sent.resent = true;
    this.#parts.transmit(sent.frame);
  }

  /** After a message: until the next is due, if it is not due already. */
  #rest(paceMs: number): void {
    const now = performance.now();
    this.#due = Math.max(this.#due ?? now, now - mostLateMs) + paceMs;
    if (this.#due <= now) return;
    this.#pacing = setTimeout(() => {
      this.#pacing = undefined;
      this.#pump();
    }, this.#due - now);
  }

  #pump(): void {
    const { paceMs } = this.#parts.options;
    while (this.#publishing && this.#pacing === undefined && this.#unacked.size < windowMessages) {
      const piece = this.#queue.take();
      if (piece === undefined) {
        this.#due = undefined;
        break;
      }
      const sequenceNumber = this.#nextToSend++;
      const frame = encodeAgentMessage({
        type: MessageType.output,
        sequenceNumber,
        flags: sequenceNumber === 0 ? 1 : 0,
        messageId: randomUUID(),
        createdAt: this.#parts.now(),
        payloadType: piece.payloadType,
        payload: this.#parts.seal(piece.payloadType, piece.bytes),
      });
      this.#unacked.set(sequenceNumber, { frame, sentAt: performance.now(), resent: false });
      this.#parts.transmit(frame);
      if (paceMs > 0) this.#rest(paceMs);
    }
    if (!this.congested && this.#drained.length > 0) {
      for (const listener of this.#drained.splice(0)) listener();
    }
  }
}

/** Undefined: no acknowledgement of an output message. */
function acknowledgedNumber(payload: Uint8Array): number | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(payload).toString());
    if (typeof content !== 'object' || content === null) return undefined;
    const { AcknowledgedMessageType: type, AcknowledgedMessageSequenceNumber: number } = content as Record<
      string,
      unknown
    >;
    return type === MessageType.output && typeof number === 'number' ? number : undefined;
  } catch {
    return undefined;
  }
}
