import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { ConnectionOver, readExactly } from './read-exactly.ts';
import { fatal } from './server-message.ts';
import { parseStartupPacket, startupLength } from './startup-packet.ts';

/** What a connection turned out to be. */
export type Negotiated =
  | { readonly kind: 'cancel'; readonly key: Buffer; readonly packet: Buffer }
  | {
      readonly kind: 'startup';
      /** The encrypted stream, or the bare one where the client did not ask for TLS. */
      readonly stream: Duplex;
      readonly encrypted: boolean;
      /** The name in the ClientHello (SNI), if any. */
      readonly serverName: string | undefined;
      readonly parameters: ReadonlyMap<string, string>;
      readonly packet: Buffer;
    };

/** First byte of a TLS record with a ClientHello: PostgreSQL 17's sslnegotiation=direct. */
const tlsHandshake = 0x16;

/** From the first byte to the startup packet, with TLS set up on the way as the client asks. */
export async function negotiate(socket: Socket, context: SecureContext): Promise<Negotiated> {
  let stream: Duplex = socket;
  let encrypted = false;
  let serverName: string | undefined;
  // At most GSS, TLS and the startup packet; a client that goes on asking is not one.
  for (let round = 0; round < 4; round++) {
    const head = await readExactly(stream, 4);
    if (round === 0 && head[0] === tlsHandshake) {
      socket.unshift(head);
      const secure = await secured(socket, context);
      if (secure.alpnProtocol !== alpnName) throw hungUp(socket, 'direct TLS without ALPN');
      stream = secure;
      serverName = servedName(secure);
      encrypted = true;
      continue;
    }
    const length = startupLength(head);
    if (length === undefined) throw hungUp(socket, 'invalid length of startup packet');
    const packet = Buffer.concat([head, await readExactly(stream, length - 4)]);
    const parsed = parseStartupPacket(packet);
    if (parsed === undefined) {
      stream.end(fatal('08P01', 'invalid startup packet'));
      throw new ConnectionOver('invalid startup packet');
    }
    switch (parsed.kind) {
      case 'cancel':
        return { kind: 'cancel', key: parsed.key, packet };
      case 'startup':
        return { kind: 'startup', stream, encrypted, serverName, parameters: parsed.parameters, packet };
      case 'gss':
        stream.write('N');
        break;
      case 'tls': {
        if (encrypted) {
          stream.write('N');
          break;
        }
        // Bytes sent along with the request were never encrypted, and must not be taken for what is (CVE-2021-23214).
        if (socket.readableLength > 0) {
          socket.end(fatal('08P01', 'received unencrypted data after SSL request'));
          throw new ConnectionOver('unencrypted data after the SSL request');
        }
        socket.write('S');
        const secure = await secured(socket, context);
        stream = secure;
        serverName = servedName(secure);
        encrypted = true;
      }
    }
  }
  throw hungUp(socket, 'too many requests before the startup packet');
}

const alpnName = 'postgresql';

/** No server says anything to these. */
function hungUp(socket: Socket, why: string): ConnectionOver {
  socket.destroy();
  return new ConnectionOver(why);
}

/** On a server's socket, what the client asked for; absent from the types of a socket made by hand. */
function servedName(secure: TLSSocket): string | undefined {
  const { servername } = secure as TLSSocket & { readonly servername?: string | false | null };
  return servername || undefined;
}

function secured(socket: Socket, context: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: [alpnName],
    });
    const over = () => reject(new ConnectionOver('the TLS handshake failed'));
    // From here on errors also arrive as 'close', which is what everybody waits for.
    secure.on('error', over);
    secure.once('close', over);
    secure.once('secure', () => {
      secure.removeListener('close', over);
      resolve(secure);
    });
  });
}
