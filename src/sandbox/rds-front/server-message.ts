/** The few messages that the front says itself; everything else comes from PostgreSQL. */

export const askForPassword = message('R', int32(3));
export const authenticationOk = message('R', int32(0));

/** ErrorResponse, severity FATAL: the server ends the connection after it. */
export function fatal(sqlState: string, text: string): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${sqlState}`, `M${text}`].map((field) => `${field}\0`).join('');
  return message('E', Buffer.from(`${fields}\0`));
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
