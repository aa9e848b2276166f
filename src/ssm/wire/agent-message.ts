import { hash } from 'node:crypto';

/**
 * One message of the SSM data channel, as it travels inside one WebSocket message. Big-endian throughout; 116 bytes
 * of header, the payload's length, the payload.
 */
export interface AgentMessage {
  /** `input_stream_data`, … At most 32 ASCII characters. */
  readonly type: string;
  /** Counted from 0 in each direction for the two stream types; 0 in all others. */
  readonly sequenceNumber: number;
  readonly flags: number;
  /** UUID, lower case, hyphenated. */
  readonly messageId: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** A `PayloadType` in stream messages, else 0. */
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

export const MessageType = {
  input: 'input_stream_data',
  output: 'output_stream_data',
  acknowledge: 'acknowledge',
  channelClosed: 'channel_closed',
  startPublication: 'start_publication',
  pausePublication: 'pause_publication',
  agentSessionState: 'agent_session_state',
} as const;

/** Bits of `flags`. Acknowledgements and control messages carry both; the agent's first stream message has `syn`. */
export const MessageFlag = { none: 0, syn: 1, fin: 2, control: 3 } as const;

const headerLength = 116;
const payloadOffset = 120;
const offsets = {
  type: 4,
  schemaVersion: 36,
  createdAt: 40,
  sequenceNumber: 48,
  flags: 56,
  idLow: 64,
  idHigh: 72,
  digest: 80,
  payloadType: 112,
} as const;
const typeLength = 32;
const digestLength = 32;
const twoTo32 = 2 ** 32;

/** Everything of the header that one kind of message always says alike. */
const templates = new Map<string, Buffer>();

/** Throws a RangeError for what the format has no room for: those are defects of the caller. */
export function encodeAgentMessage(message: AgentMessage): Buffer {
  const { payload } = message;
  const bytes = Buffer.allocUnsafe(payloadOffset + payload.length);
  bytes.set(templates.get(message.type) ?? makeTemplate(message.type), 0);
  writeUnsigned64(bytes, message.createdAt, offsets.createdAt);
  writeUnsigned64(bytes, message.sequenceNumber, offsets.sequenceNumber);
  writeUnsigned64(bytes, message.flags, offsets.flags);
  writeMessageId(bytes, message.messageId);
  bytes.set(digestOf(payload), offsets.digest);
  bytes.writeUInt32BE(message.payloadType, offsets.payloadType);
  bytes.writeUInt32BE(payload.length, headerLength);
  bytes.set(payload, payloadOffset);
  return bytes;
}

/**
 * Undefined for what must be dropped unanswered: a length that does not add up, no type, no date, a number beyond
 * what can be counted exactly, a wrong digest. `payload` is a view into `bytes`. A longer header, of a future
 * version, is read past. The bodies of start_publication and pause_publication are nobody's business, so their
 * dates and digests are not looked at.
 */
export function decodeAgentMessage(bytes: Uint8Array): AgentMessage | undefined {
  if (bytes.length < payloadOffset) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = view.readUInt32BE(0);
  if (header < headerLength || header + 4 > view.length) return undefined;
  const payload = view.subarray(header + 4);
  const type = readType(view);
  if (type === '') return undefined;
  const createdAt = readUnsigned64(view, offsets.createdAt);
  const sequenceNumber = readUnsigned64(view, offsets.sequenceNumber);
  const publication = type === MessageType.startPublication || type === MessageType.pausePublication;
  if (!publication) {
    if (view.readUInt32BE(header) !== payload.length) return undefined;
    if (createdAt === 0 || createdAt > Number.MAX_SAFE_INTEGER) return undefined;
    if (sequenceNumber > Number.MAX_SAFE_INTEGER) return undefined;
    if (payload.length > 0 && !hasDigest(view, payload)) return undefined;
  }
  return {
    type,
    sequenceNumber,
    flags: readUnsigned64(view, offsets.flags),
    messageId: readMessageId(view),
    createdAt,
    payloadType: view.readUInt32BE(offsets.payloadType),
    payload,
  };
}

function makeTemplate(type: string): Buffer {
  if (!/^[!-~]{1,32}$/.test(type))
    throw new RangeError('The type of an agent message is 1 to 32 ASCII characters');
  const template = Buffer.alloc(headerLength);
  template.writeUInt32BE(headerLength, 0);
  template.write(type.padEnd(typeLength, ' '), offsets.type, 'latin1');
  template.writeUInt32BE(1, offsets.schemaVersion);
  // Types come from this program only, yet a map that anybody can fill is a leak.
  if (templates.size < 32) templates.set(type, template);
  return template;
}

/** NUL and white space around it don't count. */
function readType(bytes: Buffer): string {
  let start = offsets.type;
  let end = offsets.type + typeLength;
  while (end > start && isPadding(bytes[end - 1])) end--;
  while (start < end && isPadding(bytes[start])) start++;
  return bytes.toString('latin1', start, end);
}

function isPadding(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0 || (byte !== undefined && byte >= 9 && byte <= 13);
}

function digestOf(payload: Uint8Array): Buffer {
  return hash('sha256', payload, 'buffer');
}

function hasDigest(bytes: Buffer, payload: Buffer): boolean {
  return digestOf(payload).compare(bytes, offsets.digest, offsets.digest + digestLength) === 0;
}

/** The second half of the UUID comes first. */
function writeMessageId(bytes: Buffer, id: string): void {
  const digits = id.replaceAll('-', '');
  const low = bytes.write(digits.slice(16), offsets.idLow, 8, 'hex');
  const high = bytes.write(digits.slice(0, 16), offsets.idHigh, 8, 'hex');
  if (digits.length !== 32 || low !== 8 || high !== 8) throw new RangeError('A message id is a UUID');
}

function readMessageId(bytes: Buffer): string {
  const low = bytes.toString('hex', offsets.idLow, offsets.idLow + 8);
  const high = bytes.toString('hex', offsets.idHigh, offsets.idHigh + 8);
  return `${high.slice(0, 8)}-${high.slice(8, 12)}-${high.slice(12)}-${low.slice(0, 4)}-${low.slice(4)}`;
}

function writeUnsigned64(bytes: Buffer, value: number, offset: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Can't count to ${value}`);
  bytes.writeUInt32BE(Math.floor(value / twoTo32), offset);
  bytes.writeUInt32BE(value % twoTo32, offset + 4);
}

/** Inexact beyond 2^53: whom that matters to checks. */
function readUnsigned64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * twoTo32 + bytes.readUInt32BE(offset + 4);
}
