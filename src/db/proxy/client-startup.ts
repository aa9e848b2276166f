import type { Duplex } from 'node:stream';
import { isSameSecret } from '../../lib/same-secret.ts';
import type { Secret } from '../../lib/secret.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { cleartextPassword, errorResponse } from './server-messages.ts';
import { parseStartup } from './startup-parameters.ts';

/** What a client wants that has just connected. */
export type Greeting =
  | { readonly kind: 'start'; readonly version: number; readonly parameters: ReadonlyMap<string, string> }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secret: Buffer };

const [major, sslRequest, gssRequest, cancelRequest] = [3, 80_877_103, 80_877_104, 80_877_102];
/** MAX_STARTUP_PACKET_LENGTH. */
const longestStartup = 10_000;
const longestPassword = 4_096;
/** A wrong password costs a moment. */
const wrongPasswordMs = 300;

/** Reads what comes before the first statement, message by message, and leaves the rest in the stream. */
export class ClientStartup {
  readonly #client: Duplex;
  #held: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #ended = false;
  readonly #onData = (chunk: Buffer) => {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    // Nobody has that much to say before it is let in.
    if (this.#held.length > 2 * longestStartup) this.#client.pause();
    this.#wake();
  };
  readonly #onEnd = () => {
    this.#ended = true;
    this.#wake();
  };

  constructor(client: Duplex) {
    this.#client = client;
    client.on('data', this.#onData);
    client.on('end', this.#onEnd);
    client.on('close', this.#onEnd);
  }

  /** SSLRequest and GSSENCRequest are answered with no: it is a private socket, or loopback. Throws a ProtocolViolation. */
  async greeting(): Promise<Greeting> {
    // libpq asks for each kind of encryption at most once.
    for (let asked = 0; asked < 3; asked++) {
      const length = (await this.#bytes(4)).readUInt32BE(0);
      if (length < 8 || length > longestStartup)
        throw new ProtocolViolation('invalid length of startup packet');
      const packet = await this.#take(length);
      const code = packet.readUInt32BE(4);
      if (code === sslRequest || code === gssRequest) {
        this.#client.write('N');
        continue;
      }
      if (code === cancelRequest) {
        if (length < 16) throw new ProtocolViolation('invalid length of cancel request');
        return { kind: 'cancel', processId: packet.readInt32BE(8), secret: packet.subarray(12) };
      }
      if (code >>> 16 !== major)
        throw new ProtocolViolation(`unsupported frontend protocol ${code >>> 16}.${code & 0xffff}`);
      const parameters = parseStartup(packet.subarray(8));
      if (parameters === undefined) throw new ProtocolViolation('invalid startup packet layout');
      return { kind: 'start', version: code, parameters };
    }
    throw new ProtocolViolation('this connection is not encrypted');
  }

  /** Asks for the password in clear, which goes no further than this machine. False: it is wrong, and was answered. */
  async showsPassword(password: Secret, user: string): Promise<boolean> {
    this.#client.write(cleartextPassword);
    const head = await this.#bytes(5);
    const length = head.readUInt32BE(1);
    if (head[0] !== 0x70 || length < 5 || length > longestPassword)
      throw new ProtocolViolation('expected password response');
    const message = await this.#take(1 + length);
    const given = message.toString('utf8', 5, message.length - 1);
    if (message.at(-1) === 0 && isSameSecret(given, password)) return true;
    await new Promise((resolve) => setTimeout(resolve, wrongPasswordMs));
    const refusal = { sqlState: '28P01', message: `password authentication failed for user "${user}"` };
    const hint = 'forge made a password for this connection alone, and printed it when it started.';
    this.#client.end(errorResponse('FATAL', { ...refusal, hint }));
    return false;
  }

  /** Leaves the stream paused, with what was not read put back. */
  release(): void {
    this.#client.pause();
    this.#client.off('data', this.#onData);
    this.#client.off('end', this.#onEnd);
    this.#client.off('close', this.#onEnd);
    if (this.#held.length > 0 && !this.#client.readableEnded && !this.#client.destroyed)
      this.#client.unshift(this.#held);
    this.#held = Buffer.alloc(0);
  }

  async #bytes(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      if (this.#ended) throw new ClientGone();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#held;
  }

  async #take(count: number): Promise<Buffer> {
    const bytes = (await this.#bytes(count)).subarray(0, count);
    this.#held = this.#held.subarray(count);
    this.#client.resume();
    return bytes;
  }
}

/** Went away before it said what it wants: pg_isready, a port scan, psql that asks for a password first. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}
