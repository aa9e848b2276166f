/**
 * What a client may say before it is let in: PostgreSQL manual, "Message Formats": StartupMessage, SSLRequest,
 * GSSENCRequest, CancelRequest. Written apart from forge's own codec, so that the two check each other.
 */
export type StartupPacket =
  | { readonly kind: 'tls' }
  | { readonly kind: 'gss' }
  /** Process id and secret, as the server gave them out. */
  | { readonly kind: 'cancel'; readonly key: Buffer }
  | { readonly kind: 'startup'; readonly parameters: ReadonlyMap<string, string> };

/** MAX_STARTUP_PACKET_LENGTH of PostgreSQL. */
const longestPacket = 10_000;

/** The packet's length from its first four bytes, or undefined for one that no server takes. */
export function startupLength(head: Buffer): number | undefined {
  const length = head.readUInt32BE(0);
  return length >= 8 && length <= longestPacket ? length : undefined;
}

/** From a whole packet, length included; undefined when it is none. */
export function parseStartupPacket(packet: Buffer): StartupPacket | undefined {
  const code = packet.readUInt32BE(4);
  if (code === 80_877_103) return packet.length === 8 ? { kind: 'tls' } : undefined;
  if (code === 80_877_104) return packet.length === 8 ? { kind: 'gss' } : undefined;
  if (code === 80_877_102) {
    // 4 bytes of process id and a secret of 4 bytes (protocol 3.0) up to 256 (3.2).
    return packet.length >= 16 && packet.length <= 268
      ? { kind: 'cancel', key: packet.subarray(8) }
      : undefined;
  }
  if (code >>> 16 !== 3) return undefined;
  return parseParameters(packet.subarray(8));
}

function parseParameters(body: Buffer): StartupPacket | undefined {
  const parameters = new Map<string, string>();
  let position = 0;
  const nextString = () => {
    const end = body.indexOf(0, position);
    if (end < 0) return undefined;
    const text = body.toString('utf8', position, end);
    position = end + 1;
    return text;
  };
  for (;;) {
    const name = nextString();
    if (name === undefined) return undefined;
    if (name === '') return position === body.length ? { kind: 'startup', parameters } : undefined;
    const value = nextString();
    if (value === undefined) return undefined;
    parameters.set(name, value);
  }
}
