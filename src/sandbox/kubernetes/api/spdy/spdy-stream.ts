import { Duplex } from 'node:stream';

/** What a stream needs of its session. */
export interface SpdyStreamSender {
  data(id: number, bytes: Buffer, last: boolean, sent: () => void): void;
  reset(id: number): void;
}

/** One stream of a session, opened by the client. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #sender: SpdyStreamSender;
  #wanted: (() => void) | undefined;

  constructor(id: number, headers: ReadonlyMap<string, string>, sender: SpdyStreamSender) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#sender = sender;
  }

  /** Bytes of the client; settles when more may come. */
  async receive(bytes: Buffer): Promise<void> {
    if (this.destroyed || this.readableEnded || bytes.length === 0 || this.push(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#wanted = resolve;
      this.once('close', resolve);
    });
  }

  override _read(): void {
    this.#wanted?.();
    this.#wanted = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#sender.data(this.id, chunk, false, done);
  }

  override _final(done: () => void): void {
    this.#sender.data(this.id, Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished) this.#sender.reset(this.id);
    done(error);
  }
}
