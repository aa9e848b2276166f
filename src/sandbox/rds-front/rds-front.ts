import { createServer, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ServerCertificate } from '../x509/certificates.ts';
import { type Attempt, admit, type FrontCluster, type Gatekeeper } from './admit.ts';
import { negotiate } from './negotiate.ts';
import { ConnectionOver } from './read-exactly.ts';
import { passCancel, relay } from './relay.ts';
import { fatal } from './server-message.ts';

export interface RdsFront extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** The door for those who come from inside the network, through Session Manager. On 127.0.0.1. */
  readonly insidePort: number;
  /** Clients that are in. */
  connections(): number;
}

export interface FrontOptions {
  readonly cluster: FrontCluster;
  readonly certificate: ServerCertificate;
  readonly gatekeeper: Gatekeeper;
  readonly record: (attempt: Attempt) => void;
  /** What becomes of those who come from outside: let in, closed at once, or never answered. */
  readonly direct?: () => 'open' | 'closed' | 'silent';
}

/** PostgreSQL's default max_connections, as on the smallest instances. */
const mostClients = 100;
/** Until the startup packet is there. */
const startupMilliseconds = 5_000;
/** PostgreSQL's authentication_timeout: the client may have to ask somebody for the password. */
const passwordMilliseconds = 60_000;

/**
 * What stands at the endpoints of a cluster, for PostgreSQL's protocol: TLS, IAM, then the bytes go through.
 * Writer and reader share one port, as in RDS, and are told apart by the name that the client calls. Loopback only.
 */
export async function startRdsFront(options: FrontOptions): Promise<RdsFront> {
  const { certificate, key } = options.certificate;
  const context = createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
  const sockets = new Set<Socket>();
  /** Which server gave out a BackendKeyData (in hexadecimal): where a CancelRequest with it belongs. */
  const keys = new Map<string, string>();
  let clients = 0;
  let port = 0;

  const serve = async (socket: Socket) => {
    const deadline = setTimeout(() => socket.destroy(), startupMilliseconds);
    try {
      const negotiated = await negotiate(socket, context);
      if (negotiated.kind === 'cancel') {
        const target = keys.get(negotiated.key.toString('hex'));
        if (target !== undefined) await passCancel(target, negotiated.packet);
        socket.destroy();
        return;
      }
      const { stream, packet } = negotiated;
      clearTimeout(deadline);
      const patience = setTimeout(() => socket.destroy(), passwordMilliseconds);
      const endpoint = await admit(
        negotiated,
        options.cluster,
        port,
        options.gatekeeper,
        options.record,
      ).finally(() => clearTimeout(patience));
      if (endpoint === undefined) return;
      if (clients >= mostClients) {
        stream.end(fatal('53300', 'sorry, too many clients already'));
        return;
      }
      clients++;
      let known: string | undefined;
      try {
        const backend = await endpoint.backend();
        await relay(stream, backend, packet, (backendKey) => {
          known = backendKey.toString('hex');
          keys.set(known, backend);
        });
      } catch (error) {
        stream.end(fatal('57P03', 'the database system is starting up'));
        throw error;
      } finally {
        clients--;
        if (known !== undefined) keys.delete(known);
      }
    } finally {
      clearTimeout(deadline);
    }
  };

  const receive = (socket: Socket) => {
    serve(socket).then(
      () => closeSoon(socket),
      (error: unknown) => {
        if (!(error instanceof ConnectionOver)) {
          const reason = error instanceof Error ? error.message : String(error);
          const host = options.cluster.endpoints[0].names[0];
          options.record({ user: '', database: '', host, refused: { sqlState: 'XX000', reason } });
        }
        closeSoon(socket);
      },
    );
  };

  const outside = await listen(sockets, (socket) => {
    const direct = options.direct?.() ?? 'open';
    if (direct === 'open') receive(socket);
    // A network that drops packets and one that refuses; loopback has accepted by then.
    else if (direct === 'closed') socket.destroy();
    else socket.resume();
  });
  port = outside.port;
  const inside = await listen(sockets, receive);
  return {
    port,
    insidePort: inside.port,
    connections: () => clients,
    async [Symbol.asyncDispose]() {
      const closed = [outside, inside].map((door) => door.close());
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

interface Door {
  readonly port: number;
  close(): Promise<void>;
}

async function listen(sockets: Set<Socket>, receive: (socket: Socket) => void): Promise<Door> {
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    receive(socket);
  });
  server.maxConnections = 4 * mostClients;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What was said last is on its way; whoever does not close then is cut off. */
function closeSoon(socket: Socket): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), 1_000);
  socket.once('close', () => clearTimeout(timer));
}
