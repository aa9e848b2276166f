import type { RawData, WebSocket } from 'ws';
import { type AgentMessage, decodeAgentMessage } from '../../ssm/wire/agent-message.ts';
import { type ChannelFaults, FaultyPath } from './channel-faults.ts';

export interface ChannelSocketListener {
  message(message: AgentMessage): void;
  gone(): void;
}

/** One client's WebSocket, with whatever was ordered to go wrong on it. */
export class ChannelSocket {
  readonly #socket: WebSocket;
  readonly #faults: ChannelFaults;
  readonly #listener: ChannelSocketListener;
  readonly #outgoing: FaultyPath;
  readonly #incoming: FaultyPath;
  #passed = 0;

  constructor(socket: WebSocket, faults: ChannelFaults, number: number, listener: ChannelSocketListener) {
    this.#socket = socket;
    this.#faults = faults;
    this.#listener = listener;
    // Each socket and direction its own row of chances, all from the one seed.
    const seed = faults.seed * 1_000_003 + number * 2;
    this.#outgoing = new FaultyPath(faults, seed, (frame) => this.#write(frame));
    this.#incoming = new FaultyPath(faults, seed + 1, (frame) => this.#read(frame));
    socket.on('message', (data: RawData) => this.#receive(data));
    socket.on('close', () => {
      this.#outgoing[Symbol.dispose]();
      this.#incoming[Symbol.dispose]();
      listener.gone();
    });
  }

  send(frame: Buffer): void {
    this.#outgoing.send(frame);
  }

  /** The last message, which nothing may lose: nobody would say it again. Then the socket closes. */
  finish(frame: Buffer): void {
    const late = this.#faults.delayMs + (this.#faults.reorder > 0 ? 15 : 0);
    const say = () => {
      if (!this.#silent) this.#socket.send(frame, () => this.#closeSoon());
    };
    if (late > 0) setTimeout(say, late);
    else say();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#socket.terminate();
  }

  get #silent(): boolean {
    const { silentAfterBytes } = this.#faults;
    return silentAfterBytes > 0 && this.#passed >= silentAfterBytes;
  }

  /** The client goes by channel_closed; whoever does not is closed. */
  #closeSoon(): void {
    const timer = setTimeout(() => this.#socket.close(1000), 1_000);
    const end = setTimeout(() => this.#socket.terminate(), 3_000);
    this.#socket.once('close', () => {
      clearTimeout(timer);
      clearTimeout(end);
    });
  }

  #receive(data: RawData): void {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Array.isArray(data)
        ? Buffer.concat(data)
        : Buffer.from(data);
    if (this.#count(bytes.length)) this.#incoming.send(bytes);
  }

  #read(bytes: Buffer): void {
    const message = decodeAgentMessage(bytes);
    if (message !== undefined) this.#listener.message(message);
  }

  #write(frame: Buffer): void {
    if (this.#socket.readyState === this.#socket.OPEN && this.#count(frame.length)) this.#socket.send(frame);
  }

  /** False: it does not get through. */
  #count(length: number): boolean {
    const { cutAfterBytes } = this.#faults;
    this.#passed += length;
    if (cutAfterBytes > 0 && this.#passed > cutAfterBytes) {
      this.cut();
      return false;
    }
    if (!this.#silent) return true;
    // Not even pings are answered any more.
    this.#socket.pause();
    return false;
  }
}
