import { Duplex } from 'node:stream';
import { ownBytes } from '../lib/own-bytes.ts';

/** What a stream asks of the session that carries it. */
export interface PortLink {
  /** Resolves when there is room for more. Rejects when the session is over. */
  send(data: Buffer): Promise<void>;
  /** Nothing more goes either way: the far end is told. Called once. */
  close(): void;
  /** What was received has been read: there is room again. */
  drained(): void;
}

const usualLingerMs = 5_000;
/** Received and not read yet. Above it the whole session waits, for smux version 1 can't hold back one stream. */
const receiveLimitBytes = 1024 * 1024;

/** A buffer of its own costs more than so few bytes. */
const smallBytes = 512;

/**
 * One TCP connection made by the instance. Ending the writable side does not end the connection at once: the agent
 * closes its connection to the server on FIN, and an answer that is still to come would be lost. So the FIN waits
 * until the server has ended too, or has been silent for a while (five seconds). Destroying ends it at once.
 */
export class PortStream extends Duplex {
  readonly #link: PortLink;
  readonly #lingerMs: number;
  #closed = false;
  #remoteEnded = false;
  #linger: NodeJS.Timeout | undefined;
  #received = 0;
  /** Small pieces of this turn of the event loop, behind others that wait to be read: they wait as one. */
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  constructor(link: PortLink, lingerMs: number = usualLingerMs) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: receiveLimitBytes / 4,
      writableHighWaterMark: 64 * 1024,
    });
    this.#link = link;
    this.#lingerMs = lingerMs;
  }

  /** Bytes that came from the far end, read or not. */
  get received(): number {
    return this.#received;
  }

  /** Data from the far end. False: more than enough waits to be read, and `drained` tells when it no longer does. */
  receive(data: Buffer): boolean {
    if (this.#closed || this.#remoteEnded || this.destroyed || data.length === 0) return true;
    this.#received += data.length;
    this.#linger?.refresh();
    const waits = this.readableLength > 0;
    if (waits && data.length < smallBytes) this.#gather(data);
    else {
      this.#flush();
      this.push(waits ? ownBytes(data) : data);
    }
    return this.readableLength + this.#gatheredBytes < receiveLimitBytes;
  }

  /** The far end has closed: what has been received can still be read, what is written from now on goes nowhere. */
  endRemote(): void {
    if (this.#remoteEnded || this.destroyed) return;
    this.#remoteEnded = true;
    this.#close();
    this.#flush();
    this.push(null);
  }

  override _read(): void {
    this.#link.drained();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#closed) done();
    else this.#link.send(chunk).then(() => done(), done);
  }

  override _writev(
    chunks: { readonly chunk: Buffer; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _final(done: () => void): void {
    if (!this.#closed) {
      this.#linger = setTimeout(() => {
        this.#close();
        this.#flush();
        this.push(null);
      }, this.#lingerMs);
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#close();
    this.#link.drained();
    done(error);
  }

  #gather(data: Buffer): void {
    if (this.#gatheredBytes === 0) setImmediate(() => this.#flush());
    this.#gathered.push(data);
    this.#gatheredBytes += data.length;
    if (this.#gatheredBytes >= receiveLimitBytes / 16) this.#flush();
  }

  #flush(): void {
    if (this.#gatheredBytes === 0) return;
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (!this.destroyed && !this.readableEnded) this.push(bytes);
  }

  #close(): void {
    clearTimeout(this.#linger);
    if (this.#closed) return;
    this.#closed = true;
    this.#link.close();
  }
}
