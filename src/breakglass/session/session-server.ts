import type { Socket } from 'node:net';
import { ForgeError } from '../../errors.ts';
import { listenPrivately, type PrivateSocket } from '../../files/private-socket.ts';
import type { Host } from '../../host.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import { isSameSecret } from '../../lib/same-secret.ts';
import { redact, type Secret } from '../../lib/secret.ts';
import { type ActiveGrant, sessionOver } from './active-grant.ts';
import type { SessionKeys } from './session-keys.ts';
import type { SessionLife } from './session-life.ts';

/** Of the unix socket, in its folder. */
export const sessionSocketName = 'session';

interface Session {
  readonly grant: ActiveGrant;
  readonly life: SessionLife;
  readonly keys: SessionKeys;
}

/**
 * A client sends one line of JSON, `{"key", "ask": "credentials" | "renewed" | "status" | "end" | "watch"}`, and gets one. Who
 * watches gets a second one, `{"ended": …}`, when the session is; without it the end of the connection says that
 * this process was killed.
 */
export function startSessionServer(
  host: Pick<Host, 'platform'>,
  folder: string,
  session: Session,
): Promise<PrivateSocket> {
  return listenPrivately(host, folder, sessionSocketName, (socket, line, key) => {
    void answer(socket, line, key, session);
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
      case 'renewed':
        socket.end(say({ credentials: plain(await keys.renewed()) }));
        return;
      case 'status': {
        life.throwIfOver();
        const { id, tier, environment, region, reason } = grant;
        const endsAt = life.endsAt();
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
