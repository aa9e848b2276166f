import type { Duplex } from 'node:stream';
import type { Secret } from '../../lib/secret.ts';
import { assertMessage, type FramePhase } from '../wire/backend-message.ts';
import { WireFailure } from '../wire/wire-failure.ts';
import { errorFields } from './error-fields.ts';
import { frame } from './server-messages.ts';
import { UpstreamRefused } from './upstream.ts';

export interface Login {
  /** `user`, `database`, and settings, as the startup message has them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Sent in clear, inside TLS, when the server asks: an IAM auth token. */
  readonly password: Secret;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** SQL that is run before anybody else's: settings, for servers that take none in the startup message; a question. */
  readonly setup?: string | undefined;
}

export interface LoggedIn {
  readonly greeting: Buffer;
  readonly processId: number;
  readonly secretKey: number;
  /** The last row of what `setup` selected, as text. */
  readonly answer: readonly (string | null)[] | undefined;
}

/** A server that talks more than this before its first ReadyForQuery is none. */
const longestLogin = 1024 * 1024;
const code = (character: string) => character.charCodeAt(0);

/**
 * Protocol 3.0 from the startup message to ReadyForQuery, on a connection that is encrypted already. Throws an
 * UpstreamRefused, or a WireFailure. Leaves the stream paused.
 */
export async function logIn(stream: Duplex, login: Login): Promise<LoggedIn> {
  const reader = new LoginReader(stream, login);
  try {
    return await reader.run();
  } finally {
    reader[Symbol.dispose]();
  }
}

class LoginReader implements Disposable {
  readonly #stream: Duplex;
  readonly #login: Login;
  readonly #phase: FramePhase = { ready: false, columns: undefined };
  readonly #greeting: Buffer[] = [];
  #held: Buffer = Buffer.alloc(0);
  #key: { readonly processId: number; readonly secretKey: number } = { processId: 0, secretKey: 0 };
  #setup: string | undefined;
  #answer: LoggedIn['answer'];
  #release: () => void = () => {};

  constructor(stream: Duplex, login: Login) {
    this.#stream = stream;
    this.#login = login;
    this.#setup = login.setup;
  }

  run(): Promise<LoggedIn> {
    const stream = this.#stream;
    const { signal, timeoutMs } = this.#login;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(WireFailure.from('authentication', error));
      const onData = (chunk: Buffer) => {
        try {
          this.#held = Buffer.concat([this.#held, chunk]);
          if (!this.#read()) return;
          resolve({ greeting: Buffer.concat(this.#greeting), ...this.#key, answer: this.#answer });
        } catch (error) {
          reject(error);
        }
      };
      const onClose = () =>
        fail(new WireFailure('authentication', 'CLOSED', 'the server closed the connection'));
      const onAbort = () => reject(signal.reason);
      const timer = setTimeout(
        () => fail(new WireFailure('authentication', 'TIMEOUT', `no answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      this.#release = () => {
        clearTimeout(timer);
        stream.pause();
        stream.off('data', onData);
        stream.off('error', fail);
        stream.off('close', onClose);
        signal.removeEventListener('abort', onAbort);
      };
      if (signal.aborted) return onAbort();
      stream.on('data', onData);
      stream.on('error', fail);
      stream.on('close', onClose);
      signal.addEventListener('abort', onAbort, { once: true });
      stream.write(startupMessage(this.#login.parameters));
    });
  }

  [Symbol.dispose](): void {
    this.#release();
  }

  /** True once the server is ready and nothing is left to set. */
  #read(): boolean {
    let offset = 0;
    const bytes = this.#held;
    while (bytes.length - offset >= 5) {
      const end = offset + 1 + bytes.readUInt32BE(offset + 1);
      if (end - offset > longestLogin)
        throw new WireFailure('protocol', 'LENGTH', 'a message of the login is too long');
      if (end > bytes.length) break;
      const type = bytes[offset] ?? 0;
      assertMessage(type, bytes, offset + 5, end, this.#phase);
      const done = this.#message(type, bytes.subarray(offset, end));
      offset = end;
      if (!done) continue;
      if (offset < bytes.length) this.#stream.unshift(bytes.subarray(offset));
      return true;
    }
    this.#held = bytes.subarray(offset);
    if (this.#held.length > longestLogin)
      throw new WireFailure('protocol', 'LENGTH', 'the server does not come to an end');
    return false;
  }

  #message(type: number, message: Buffer): boolean {
    switch (type) {
      case code('R'):
        if (message.readUInt32BE(5) === 3)
          this.#stream.write(frame('p', `${this.#login.password.reveal()}\0`));
        return false;
      case code('K'):
        this.#key = { processId: message.readInt32BE(5), secretKey: message.readInt32BE(9) };
        return false;
      case code('E'): {
        const { sqlState, message: text } = errorFields(message.subarray(5));
        throw new UpstreamRefused(Buffer.from(message), text || sqlState);
      }
      case code('S'):
      case code('N'):
        this.#greeting.push(Buffer.from(message));
        return false;
      case code('D'):
        this.#answer = columnsOf(message.subarray(5));
        return false;
      case code('Z'): {
        const setup = this.#setup;
        this.#setup = undefined;
        if (setup !== undefined) this.#stream.write(frame('Q', `${setup}\0`));
        return setup === undefined;
      }
      default:
        return false;
    }
  }
}

/** Of a DataRow whose lengths were looked at: assertMessage. */
function columnsOf(body: Buffer): readonly (string | null)[] {
  const columns: (string | null)[] = [];
  for (let at = 2; at < body.length; ) {
    const length = body.readInt32BE(at);
    at += 4;
    columns.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return columns;
}

function startupMessage(parameters: ReadonlyMap<string, string>): Buffer {
  const texts = [...parameters].map(([name, value]) => `${name}\0${value}\0`).join('');
  const body = Buffer.from(`${texts}\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.writeUInt32BE(0x0003_0000, 4);
  return Buffer.concat([head, body]);
}
