import type { ForgeError } from '../errors.ts';
import type { ChannelLimits } from './channel-limits.ts';
import type { ChannelEnd, ChannelState, DataChannel, DataListener, SessionType } from './data-channel.ts';
import type { HandshakeParts } from './handshake.ts';
import { Inbox } from './inbox.ts';
import { MessageStream } from './message-stream.ts';
import { Opening } from './opening.ts';
import { Outbox } from './outbox.ts';
import { agentSilent, channelClosed, endedEarly, toFailure } from './session-failure.ts';
import type { MessageSocket } from './web-socket.ts';
import { encodeFlag, Flag, PayloadType, parseChannelClosed, parseExitCode } from './wire/payload.ts';
import { within } from './within.ts';

export interface ChannelParts {
  readonly host: ConstructorParameters<typeof MessageStream>[0];
  readonly handshake: HandshakeParts;
  readonly limits: ChannelLimits;
  /** Ends the socket; called once, when the channel ends. */
  readonly disconnect: () => Promise<void>;
  readonly reconnects: () => number;
  /** ssm:TerminateSession. */
  readonly terminate: (() => Promise<void>) | undefined;
}

/** Milliseconds that ssm:TerminateSession may take when a session is closed. */
const terminateWithin = 2_000;
const encrypted: ReadonlySet<number> = new Set([
  PayloadType.output,
  PayloadType.stdErr,
  PayloadType.exitCode,
]);

/** The client's side of one session, from the agent's first word to the end, over sockets that come and go. */
export class SessionChannel implements DataChannel {
  readonly closed: Promise<ChannelEnd>;
  /** Rejects when the session ends before it is ready. */
  readonly opened: Promise<void>;
  readonly #parts: ChannelParts;
  readonly #opening: Opening;
  readonly #stream: MessageStream;
  readonly #outbox = new Outbox();
  readonly #inbox: Inbox;
  readonly #stateListeners = new Set<(state: ChannelState) => void>();
  #settleOpened: (failure?: ForgeError) => void = () => {};
  #settleClosed: (end: ChannelEnd) => void = () => {};
  #socket: MessageSocket | undefined;
  #paused = false;
  #state: ChannelState = 'suspended';
  #exitCode: number | undefined;
  #end: ChannelEnd | undefined;
  #drains: (() => void)[] = [];
  #disposal: Promise<void> | undefined;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.opened = new Promise((resolve, reject) => {
      this.#settleOpened = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    // Whoever opens the channel awaits it; it may fail before that.
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#opening = new Opening(parts.handshake, {
      answer: (payloadType, payload) => {
        if (this.#end === undefined) this.#stream.send(payloadType, payload);
      },
      onReady: () => {
        this.#settleOpened();
        this.#pump();
      },
      onFailure: (error) => this.fail(error),
    });
    this.#inbox = new Inbox(
      () => this.#regulate(),
      (error) => this.fail(toFailure(error)),
    );
    this.#stream = new MessageStream(
      parts.host,
      {
        hasRoom: () => this.#inbox.bytes < parts.limits.inbox.hard,
        onPayload: (payloadType, payload) => this.#onPayload(payloadType, payload),
        onRoom: () => this.#pump(),
        onPaused: (paused) => {
          this.#paused = paused;
          this.#tellState();
        },
        onChannelClosed: (payload) =>
          this.#finish({ reason: 'remote', output: parseChannelClosed(payload).output }),
        onGiveUp: () => this.fail(agentSilent()),
      },
      parts.limits.sender,
    );
  }

  get sessionId(): string {
    return this.#parts.handshake.sessionId;
  }

  get sessionType(): SessionType {
    return this.#opening.sessionType;
  }

  get properties(): Readonly<Record<string, string>> {
    return this.#opening.properties;
  }

  get agentVersion(): string | undefined {
    return this.#opening.agentVersion;
  }

  get customerMessage(): string {
    return this.#opening.customerMessage;
  }

  get state(): ChannelState {
    return this.#state;
  }

  attach(socket: MessageSocket): void {
    this.#socket = socket;
    this.#stream.attach(socket);
    this.#tellState();
  }

  detach(): void {
    this.#socket = undefined;
    this.#stream.detach();
    this.#tellState();
  }

  receive(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#stream.receive(bytes);
    this.#regulate();
  }

  drain(): void {
    this.#pump();
  }

  fail(error: ForgeError): void {
    this.#finish({ reason: 'lost', output: '', error });
  }

  /** Ends it from this side; the session itself is ended by disposing. */
  abort(): void {
    this.#finish({ reason: 'local', output: '' });
  }

  async send(payloadType: number, bytes: Uint8Array): Promise<void> {
    if (this.#end !== undefined) throw channelClosed();
    if (bytes.length === 0) return;
    this.#outbox.add(payloadType, bytes);
    this.#pump();
    const room = this.#outbox.room();
    if (room !== undefined) await room;
  }

  sendFlag(flag: number): Promise<void> {
    return this.send(PayloadType.flag, encodeFlag(flag));
  }

  async drained(): Promise<void> {
    if (this.#end !== undefined || (this.#outbox.isEmpty && this.#stream.inFlight === 0)) return;
    await new Promise<void>((resolve) => {
      this.#drains.push(resolve);
    });
  }

  onData(listener: DataListener): void {
    this.#inbox.listen(listener);
    this.#regulate();
  }

  onState(listener: (state: ChannelState) => void): Disposable {
    this.#stateListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#stateListeners.delete(listener) };
  }

  stats() {
    return { ...this.#stream.stats(), reconnects: this.#parts.reconnects() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    const { terminate } = this.#parts;
    const over = this.#end?.reason === 'remote';
    this.abort();
    await this.#parts.disconnect();
    // A session that nobody ends goes on and is paid for until its idle time is up; a person does not wait for it.
    if (!over && terminate !== undefined) await within(terminateWithin, terminate()).catch(() => {});
  }

  /** Sends what the window has room for. */
  #pump(): void {
    if (this.#opening.isReady && this.#end === undefined) {
      while (this.#stream.canSend) {
        const next = this.#outbox.take(this.#parts.limits.payload);
        if (next === undefined) break;
        const hidden = this.#opening.cipher !== undefined && next.payloadType === PayloadType.output;
        this.#stream.send(next.payloadType, hidden ? this.#encrypt(next.bytes) : next.bytes);
      }
      this.#outbox.release();
    }
    if (this.#outbox.isEmpty && this.#stream.inFlight === 0) {
      for (const resolve of this.#drains.splice(0)) resolve();
    }
    this.#regulate();
  }

  #encrypt(bytes: Uint8Array): Uint8Array {
    return this.#opening.cipher?.encrypt(bytes) ?? bytes;
  }

  #onPayload(payloadType: number, payload: Buffer): boolean {
    const taken = this.#opening.take(payloadType, payload);
    return taken === 'data' ? this.#deliver(payloadType, payload) : taken === 'consumed';
  }

  #deliver(payloadType: number, payload: Buffer): boolean {
    if (this.#end !== undefined) return false;
    let plain = payload;
    if (this.#opening.cipher !== undefined && encrypted.has(payloadType)) {
      try {
        plain = this.#opening.cipher.decrypt(payload);
      } catch (error) {
        this.fail(toFailure(error));
        return false;
      }
    }
    if (payloadType === PayloadType.exitCode) this.#exitCode = parseExitCode(plain) ?? this.#exitCode;
    this.#inbox.add(payloadType, plain);
    return true;
  }

  /** Reads the socket only while its messages have a place, or acknowledgements are waited for on it. */
  #regulate(): void {
    const { soft } = this.#parts.limits.inbox;
    const { bytes } = this.#inbox;
    if (bytes > soft && this.#stream.inFlight === 0) this.#socket?.pause();
    else if (bytes < soft / 2 || this.#stream.inFlight > 0) this.#socket?.resume();
  }

  #tellState(): void {
    const state = this.#currentState();
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }

  #currentState(): ChannelState {
    if (this.#end !== undefined) return 'closed';
    if (this.#socket === undefined) return 'suspended';
    return this.#paused ? 'paused' : 'ready';
  }

  #finish(end: ChannelEnd): void {
    if (this.#end !== undefined) return;
    if (
      end.reason === 'local' &&
      this.#opening.isReady &&
      this.sessionType === 'Port' &&
      this.#socket !== undefined
    ) {
      // Never acknowledged by the agent: nothing waits for that.
      this.#stream.send(PayloadType.flag, encodeFlag(Flag.terminateSession));
    }
    this.#end = end;
    this.#settleOpened(end.error ?? (end.reason === 'remote' ? endedEarly(end.output) : channelClosed()));
    this.#outbox.close(channelClosed());
    for (const resolve of this.#drains.splice(0)) resolve();
    this.#stream.detach();
    this.#tellState();
    void this.#parts.disconnect();
    const settle = () =>
      this.#settleClosed(this.#exitCode === undefined ? end : { ...end, exitCode: this.#exitCode });
    if (end.reason === 'remote') {
      this.#inbox.whenEmpty(settle);
    } else {
      this.#inbox.discard();
      settle();
    }
  }
}
