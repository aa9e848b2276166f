import { MessageType } from './agent-message.ts';

/** What a stream message carries. Numbers not listed are acknowledged and ignored. */
export const PayloadType = {
  output: 1,
  error: 2,
  size: 3,
  parameter: 4,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  encChallengeRequest: 8,
  encChallengeResponse: 9,
  flag: 10,
  stdErr: 11,
  exitCode: 12,
} as const;

export const Flag = { disconnectToPort: 1, terminateSession: 2, connectToPortError: 3 } as const;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface AcknowledgeContent {
  readonly messageType: string;
  readonly messageId: string;
  readonly sequenceNumber: number;
}

export interface ChannelClosed {
  readonly messageId: string;
  /** ISO 8601. */
  readonly createdDate: string;
  readonly destinationId: string;
  readonly sessionId: string;
  /** Empty: an ordinary end. */
  readonly output: string;
}

/** The first frame of a client, a text. `token` is a secret. */
export interface OpenDataChannel {
  readonly requestId: string;
  readonly token: string;
  readonly clientId: string;
  readonly clientVersion: string;
}

export function encodeSize({ columns, rows }: TerminalSize): Buffer {
  return Buffer.from(`{"cols":${columns},"rows":${rows}}`);
}

export function parseSize(payload: Uint8Array): TerminalSize | undefined {
  const { cols, rows } = parseJsonObject(payload) ?? {};
  return isUnsigned32(cols) && isUnsigned32(rows) ? { columns: cols, rows } : undefined;
}

export function encodeFlag(flag: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(flag);
  return bytes;
}

export function parseFlag(payload: Uint8Array): number | undefined {
  if (payload.length !== 4) return undefined;
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}

export function encodeExitCode(code: number): Buffer {
  return Buffer.from(`EXIT_CODE: ${code}`, 'latin1');
}

export function parseExitCode(payload: Uint8Array): number | undefined {
  if (payload.length > 40) return undefined;
  const match = /^\s*EXIT_CODE:\s*(-?\d{1,10})\s*$/.exec(Buffer.from(payload).toString('latin1'));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

export function encodeAcknowledge({ messageType, messageId, sequenceNumber }: AcknowledgeContent): Buffer {
  // By hand: one goes out for each message that comes in. Neither text has anything to escape.
  return Buffer.from(
    `{"AcknowledgedMessageType":"${messageType}","AcknowledgedMessageId":"${messageId}","AcknowledgedMessageSequenceNumber":${sequenceNumber},"IsSequentialMessage":true}`,
    'latin1',
  );
}

export function parseAcknowledge(payload: Uint8Array): AcknowledgeContent | undefined {
  const fields = parseJsonObject(payload) ?? {};
  const messageType = fields.AcknowledgedMessageType;
  const messageId = fields.AcknowledgedMessageId;
  const sequenceNumber = fields.AcknowledgedMessageSequenceNumber;
  if (typeof messageType !== 'string' || typeof messageId !== 'string') return undefined;
  if (typeof sequenceNumber !== 'number' || !Number.isSafeInteger(sequenceNumber) || sequenceNumber < 0) {
    return undefined;
  }
  return { messageType, messageId, sequenceNumber };
}

export function encodeChannelClosed(closed: ChannelClosed): Buffer {
  return encodeJson({
    MessageId: closed.messageId,
    CreatedDate: closed.createdDate,
    DestinationId: closed.destinationId,
    SessionId: closed.sessionId,
    MessageType: MessageType.channelClosed,
    SchemaVersion: 1,
    Output: closed.output,
  });
}

/** Foreign text that is shown to people: what is longer than this is no sentence. Characters. */
const longestText = 10_000;

export function shownText(value: unknown): string {
  return textOf(value).slice(0, longestText);
}

/** The message itself is the news: one that can't be read ends the session as well, with no word on why. */
export function parseChannelClosed(payload: Uint8Array): ChannelClosed {
  const fields = parseJsonObject(payload) ?? {};
  return {
    messageId: textOf(fields.MessageId),
    createdDate: textOf(fields.CreatedDate),
    destinationId: textOf(fields.DestinationId),
    sessionId: textOf(fields.SessionId),
    output: shownText(fields.Output),
  };
}

export function encodeOpenDataChannel({
  requestId,
  token,
  clientId,
  clientVersion,
}: OpenDataChannel): string {
  return JSON.stringify({
    MessageSchemaVersion: '1.0',
    RequestId: requestId,
    TokenValue: token,
    ClientId: clientId,
    ClientVersion: clientVersion,
  });
}

/** Undefined when it is no opening at all; an older plugin leaves out its version. */
export function parseOpenDataChannel(text: Uint8Array): OpenDataChannel | undefined {
  const fields = parseJsonObject(text) ?? {};
  const { MessageSchemaVersion, RequestId, TokenValue, ClientId } = fields;
  if (typeof MessageSchemaVersion !== 'string' || typeof RequestId !== 'string') return undefined;
  if (typeof TokenValue !== 'string' || typeof ClientId !== 'string') return undefined;
  const clientVersion = textOf(fields.ClientVersion);
  return { requestId: RequestId, token: TokenValue, clientId: ClientId, clientVersion };
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    return asJsonObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function asJsonObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isUnsigned32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}
