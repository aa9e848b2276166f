import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { BackendFramer } from './backend-framer.ts';
import { WireFailure } from './wire-failure.ts';

/**
 * The stream that `pg` is given in place of a socket: already connected, and every message of the server checked
 * before pg's parser sees it. What breaks the protocol destroys the connection with a WireFailure; so does an
 * exception in whoever reads, which would otherwise end the process.
 */
export class GuardedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #framer = new BackendFramer();

  constructor(socket: Socket) {
    super({ allowHalfOpen: false, readableHighWaterMark: 256 * 1024 });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  #receive(chunk: Buffer): void {
    try {
      const messages = this.#framer.push(chunk);
      if (messages !== undefined && !this.push(messages)) this.#socket.pause();
    } catch (error) {
      this.destroy(WireFailure.from('protocol', error));
    }
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== 'data') return super.emit(event, ...values);
    try {
      return super.emit(event, ...values);
    } catch (error) {
      this.destroy(WireFailure.from('protocol', error));
      return true;
    }
  }

  /** pg calls this on its stream; the connection is there already. */
  connect(): this {
    setImmediate(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    this.#socket.setNoDelay(true);
    return this;
  }

  setKeepAlive(on: boolean, initialDelay?: number): this {
    this.#socket.setKeepAlive(on, initialDelay);
    return this;
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
