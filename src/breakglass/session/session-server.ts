import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import { redact, Secret } from '../../lib/secret.ts';
import { type ActiveGrant, sessionOver } from './active-grant.ts';
import { isSameSecret } from './same-secret.ts';
import type { SessionKeys } from './session-keys.ts';
import type { SessionLife } from './session-life.ts';

/** What the forges that run inside the session ask: a unix socket in the private folder, on Windows a named pipe. */
export interface SessionServer extends AsyncDisposable {
  readonly path: string;
  /** What a client must show: on Windows others may open the pipe. */
  readonly key: Secret;
}

/** Of the unix socket, in its folder. */
export const sessionSocketName = 'session';

const longestLine = 4096;
const patienceMs = 10_000;

interface Session {
  readonly grant: ActiveGrant;
  readonly life: SessionLife;
  readonly keys: SessionKeys;
}

/**
 * A client sends one line of JSON, `{"key", "ask": "credentials" | "status" | "end" | "watch"}`, and gets one. Who
 * watches gets a second one, `{"ended": …}`, when the session is; without it the end of the connection says that
 * this process was killed.
 */
export async function startSessionServer(
  host: Pick<Host, 'platform'>,
  folder: string,
  session: Session,
): Promise<SessionServer> {
  const key = new Secret(randomBytes(32).toString('base64url'));
  const path =
    host.platform === 'win32'
      ? `\\\\.\\pipe\\forge-${randomBytes(16).toString('hex')}`
      : join(folder, sessionSocketName);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    readLine(socket, (line) => void answer(socket, line, key, session));
  });
  await listen(server, path);
  if (host.platform !== 'win32') await chmod(path, 0o600);
  return {
    path,
    key,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

function readLine(socket: Socket, use: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (text.length > longestLine) socket.destroy();
    else if (end >= 0) {
      socket.removeAllListeners('data');
      socket.resume();
      socket.setTimeout(0);
      use(text.slice(0, end));
    }
  });
}

async function answer(socket: Socket, line: string, key: Secret, session: Session): Promise<void> {
  const asked = parseAsk(line);
  if (asked === undefined || !isSameSecret(asked.key, key)) return void socket.destroy();
  const { grant, life, keys } = session;
  const say = (value: object) => `${JSON.stringify(value)}\n`;
  try {
    switch (asked.ask) {
      case 'credentials':
        socket.end(say({ credentials: plain(await keys.current()) }));
        return;
      case 'status': {
        life.throwIfOver();
        const { id, tier, environment, region, reason, endsAt } = grant;
        const status = { id, tier, environment, region, reason, endsAt, leftMs: Math.round(life.left()) };
        socket.end(say({ status: { ...status, issuedUntil: keys.issuedUntil() } }));
        return;
      }
      case 'end':
        life.throwIfOver();
        // Who asks is ended with it: the answer goes first.
        socket.end(say({ ending: true }), () => life.end({ why: 'ended' }));
        return;
      case 'watch':
        life.throwIfOver();
        socket.write(say({ watching: true }));
        life.onEnd((ending) => socket.end(say({ ended: told(sessionOver(grant, ending)) })));
        return;
      default:
        socket.destroy();
    }
  } catch (error) {
    const known = error instanceof ForgeError ? error : unexpected(error);
    socket.end(say({ error: told(known) }));
  }
}

function parseAsk(line: string): { readonly key: string; readonly ask: string } | undefined {
  try {
    const { key, ask } = JSON.parse(line) as { readonly key?: unknown; readonly ask?: unknown };
    return typeof key === 'string' && typeof ask === 'string' ? { key, ask } : undefined;
  } catch {
    return undefined;
  }
}

function plain(credentials: RoleCredentials) {
  const { secretAccessKey, sessionToken, ...rest } = credentials;
  return { ...rest, secretAccessKey: secretAccessKey.reveal(), sessionToken: sessionToken?.reveal() };
}

function told({ kind, message, code, hint }: ForgeError) {
  return { kind, message: redact(message), code, hint };
}

function unexpected(error: unknown): ForgeError {
  const why = error instanceof Error ? error.message : String(error);
  return new ForgeError('failed', `Failed to get credentials: ${why}`, { code: 'BREAKGLASS_KEYS_FAILED' });
}
