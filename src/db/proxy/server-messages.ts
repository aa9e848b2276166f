import type { Refusal } from './statement.ts';

/** What the proxy itself says in the server's place. */

/** An ErrorResponse. FATAL: the connection ends with it. */
export function errorResponse(severity: 'ERROR' | 'FATAL', { sqlState, message, hint }: Refusal): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${sqlState}`, `M${withoutNul(message)}`];
  if (hint !== undefined) fields.push(`H${withoutNul(hint)}`);
  return frame('E', `${fields.join('\0')}\0\0`);
}

export const authenticationOk = frame('R', Buffer.from([0, 0, 0, 0]));
export const cleartextPassword = frame('R', Buffer.from([0, 0, 0, 3]));

export function backendKeyData(processId: number, secret: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(processId, 0);
  return frame('K', Buffer.concat([head, secret]));
}

/** The newest version that both speak, and the options that are not known here. */
export function negotiateProtocolVersion(version: number, unknown: readonly string[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(version, 0);
  head.writeInt32BE(unknown.length, 4);
  return frame('v', Buffer.concat([head, Buffer.from(unknown.map((name) => `${name}\0`).join(''))]));
}

export function frame(type: string, body: Buffer | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const message = Buffer.allocUnsafe(5 + bytes.length);
  message.write(type, 0, 'latin1');
  message.writeUInt32BE(bytes.length + 4, 1);
  bytes.copy(message, 5);
  return message;
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', ' ');
}
