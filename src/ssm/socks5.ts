import { isIPv6 } from 'node:net';

/** SOCKS version 5 (RFC 1928), the server's side: what a client may say, and the answers. Pure. */

export const SocksReply = {
  succeeded: 0,
  failed: 1,
  forbidden: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  commandUnknown: 7,
  addressUnknown: 8,
} as const;
export type SocksReply = (typeof SocksReply)[keyof typeof SocksReply];

/** `more`: not all there yet. `bad`: no SOCKS at all, or what is not spoken here, with the answer to give. */
export type SocksRead<Value> =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly answer: Buffer }
  | { readonly kind: 'read'; readonly value: Value; readonly length: number };

export interface SocksDestination {
  /** A name is not looked up here: the instance does. */
  readonly host: string;
  readonly port: number;
}

const version = 5;
const noAuthentication = 0;
const more = { kind: 'more' } as const;

/** Version, number of methods, methods. Only a client that can do without authentication is served. */
export function readGreeting(bytes: Buffer): SocksRead<undefined> {
  if (bytes.length > 0 && bytes[0] !== version) return { kind: 'bad', answer: Buffer.alloc(0) };
  const count = bytes[1];
  if (count === undefined || bytes.length < 2 + count) return more;
  const methods = bytes.subarray(2, 2 + count);
  if (!methods.includes(noAuthentication)) return { kind: 'bad', answer: Buffer.from([version, 0xff]) };
  return { kind: 'read', value: undefined, length: 2 + count };
}

export const greetingAnswer: Buffer = Buffer.from([version, noAuthentication]);

/** Version, command, 0, type of address, address, port. Only CONNECT. */
export function readRequest(bytes: Buffer): SocksRead<SocksDestination> {
  const bad = (reply: SocksReply): SocksRead<never> => ({ kind: 'bad', answer: encodeReply(reply) });
  if (bytes.length > 0 && bytes[0] !== version) return bad(SocksReply.failed);
  if (bytes.length < 5) return more;
  const [, command, , type, first = 0] = bytes;
  if (command !== 1) return bad(SocksReply.commandUnknown);
  const start = type === 3 ? 5 : 4;
  const size = type === 1 ? 4 : type === 3 ? first : type === 4 ? 16 : undefined;
  if (size === undefined) return bad(SocksReply.addressUnknown);
  const end = start + size;
  if (bytes.length < end + 2) return more;
  const address = bytes.subarray(start, end);
  const host = type === 1 ? [...address].join('.') : type === 4 ? ipv6Text(address) : nameOf(address);
  const port = bytes.readUInt16BE(end);
  if (host === undefined || port === 0) return bad(SocksReply.forbidden);
  return { kind: 'read', value: { host, port }, length: end + 2 };
}

/** The address bound is not known here; clients do not look at it. */
export function encodeReply(reply: SocksReply): Buffer {
  return Buffer.from([version, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
}

/** Names and addresses as names; nothing that could mean something else in a document's parameter. */
function nameOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1');
  if (isIPv6(text) && !text.includes('%')) return text;
  return /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?$/.test(text) ? text : undefined;
}

function ipv6Text(bytes: Buffer): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return groups.join(':');
}
