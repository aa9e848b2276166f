import { connect, type Socket } from 'node:net';
import { frame } from '../../../src/db/proxy/server-messages.ts';
import { stageTarget } from './proxy-stage.ts';

export interface RawMessage {
  readonly type: string;
  readonly body: Buffer;
}

/** A client that sends the bytes that it is told and keeps all messages that come. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly messages: RawMessage[] = [];
  closed = false;
  #held = Buffer.alloc(0);
  #read = 0;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#held = Buffer.concat([this.#held, chunk]);
      while (this.#held.length >= 5 && this.#held.length >= 1 + this.#held.readUInt32BE(1)) {
        const end = 1 + this.#held.readUInt32BE(1);
        this.messages.push({
          type: String.fromCharCode(this.#held[0] ?? 0),
          body: this.#held.subarray(5, end),
        });
        this.#held = this.#held.subarray(end);
      }
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Logged in: what came with it is in `messages`, and read. */
  static async open(
    folder: string,
    parameters: Record<string, string> = {},
    version = 0x30000,
  ): Promise<RawClient> {
    const client = new RawClient(connect(`${folder}/.s.PGSQL.5432`));
    client.send(startup({ ...stageTarget, ...parameters }, version));
    await client.until('Z');
    return client;
  }

  send(...pieces: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(pieces));
  }

  /** What came up to the last of `types`, each awaited in order; or up to the end of the connection. */
  async until(types: string): Promise<RawMessage[]> {
    const from = this.#read;
    for (const type of types) {
      for (;;) {
        const found = this.messages.findIndex(
          (message, index) => index >= this.#read && message.type === type,
        );
        if (found >= 0) {
          this.#read = found + 1;
          break;
        }
        if (this.closed) {
          this.#read = this.messages.length;
          break;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    return this.messages.slice(from, this.#read);
  }

  async end(): Promise<void> {
    while (!this.closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export function startup(parameters: Record<string, string>, version = 0x30000): Buffer {
  const texts = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${texts.join('')}\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.writeUInt32BE(version, 4);
  return Buffer.concat([head, body]);
}

export const query = (sql: string | Buffer) =>
  frame('Q', Buffer.concat([Buffer.from(sql as string), Buffer.from([0])]));
export const parse = (sql: string, name = '') => frame('P', Buffer.from(`${name}\0${sql}\0\0\0`));
export const describe = (of: 'S' | 'P', name = '') => frame('D', `${of}${name}\0`);
export const close = (of: 'S' | 'P', name = '') => frame('C', `${of}${name}\0`);
export const sync = frame('S', '');
export const flush = frame('H', '');

export function execute(portal = '', rows = 0): Buffer {
  const body = Buffer.from(`${portal}\0\0\0\0\0`);
  body.writeInt32BE(rows, body.length - 4);
  return frame('E', body);
}

export interface BindOptions {
  readonly portal?: string;
  readonly statement?: string;
  readonly values?: readonly (string | Buffer | null)[];
  readonly binary?: boolean;
  readonly binaryResult?: boolean;
}

export function bind(options: BindOptions = {}): Buffer {
  const { portal = '', statement = '', values = [], binary = false, binaryResult = false } = options;
  const parts = [
    Buffer.from(`${portal}\0${statement}\0`),
    int16(1),
    int16(binary ? 1 : 0),
    int16(values.length),
  ];
  for (const value of values) {
    const bytes = value === null ? undefined : Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes?.length ?? -1);
    parts.push(length, bytes ?? Buffer.alloc(0));
  }
  return frame('B', Buffer.concat([...parts, int16(1), int16(binaryResult ? 1 : 0)]));
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

/** Field of an ErrorResponse. */
export function errorField(message: RawMessage | undefined, field: string): string | undefined {
  const texts = message?.body.toString().split('\0') ?? [];
  return texts.find((text) => text.startsWith(field))?.slice(1);
}

export const typesOf = (messages: readonly RawMessage[]) => messages.map(({ type }) => type).join('');

/** Without what is another on each connection: keys, who notifies, numbers of what was made for it alone. */
export function comparable(messages: readonly RawMessage[]): string[] {
  return messages.map(({ type, body }) => {
    const bytes = type === 'K' ? Buffer.alloc(0) : type === 'A' ? body.subarray(4) : body;
    const text = (type === 'T' ? withoutTables(bytes) : bytes).toString('latin1');
    return `${type}:${type === 'E' || type === 'N' ? text.replace(/pg_temp_\d+/g, 'pg_temp') : text}`;
  });
}

/** Severity and SQLSTATE: where the proxy answers by itself it says the same in its own words. */
export function essence(messages: readonly RawMessage[]): string[] {
  return messages.map((message) =>
    message.type === 'E' ? `${errorField(message, 'S')} ${errorField(message, 'C')}` : message.type,
  );
}

/** The tables' object ids: a temporary table is another each time. */
function withoutTables(description: Buffer): Buffer {
  const bytes = Buffer.from(description);
  let offset = 2;
  for (let index = 0; index < bytes.readUInt16BE(0); index++) {
    offset = bytes.indexOf(0, offset) + 1;
    if (bytes.readUInt32BE(offset) >= 16_384) bytes.writeUInt32BE(0, offset);
    offset += 18;
  }
  return bytes;
}
