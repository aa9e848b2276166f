import type { Socket } from 'node:net';
import { ForgeError } from '../../errors.ts';
import type { Secret } from '../../lib/secret.ts';
import { redact } from '../../lib/secret.ts';
import type { ClientKeys } from './client-keys.ts';
import { ClientGone, ClientStartup, type Greeting } from './client-startup.ts';
import type { Clock } from './clock.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { Relay } from './relay.ts';
import {
  authenticationOk,
  backendKeyData,
  errorResponse,
  frame,
  negotiateProtocolVersion,
} from './server-messages.ts';
import { SessionState } from './session-state.ts';
import { judgeStartup, type ProxyTarget } from './startup-parameters.ts';
import type { Refusal, StatementGuard, StatementWatcher } from './statement.ts';
import { type OpenUpstream, UpstreamRefused } from './upstream.ts';

export interface ServedParts {
  readonly clock: Clock;
  readonly target: ProxyTarget;
  readonly upstream: OpenUpstream;
  readonly guard: StatementGuard;
  readonly watcher: StatementWatcher;
  readonly keys: ClientKeys;
  /** What a client must show; undefined on a socket that only this person can open. */
  readonly password: Secret | undefined;
  readonly lossPatienceMs?: number | undefined;
  readonly nextStatement: () => number;
  readonly onLetIn: () => void;
}

export interface ServedClient {
  /** Never rejects. */
  readonly done: Promise<void>;
  /** It has shown its password, where one is wanted. */
  readonly isLetIn: boolean;
  /** Without a word: it may be anybody. */
  drop(): void;
  end(refusal: Refusal): Promise<void>;
}

/** For what comes before the first statement. A password may be typed meanwhile: libpq connects again for that. */
const startupMs = 10_000;
const goodbyeMs = 500;
const [protocol30, protocol32] = [0x0003_0000, 0x0003_0002];
const readyIdle = frame('Z', 'I');

/** One connection of a client: its startup, then a connection of its own to the database, until either ends. */
export function serveClient(parts: ServedParts, client: Socket, connection: number): ServedClient {
  let relay: Relay | undefined;
  let refusal: Refusal | undefined;
  let letIn = false;
  const stop = new AbortController();
  client.once('close', () => stop.abort(new ClientGone()));
  // libpq goes away to ask for a password; what is being opened for it has no use then.
  client.once('end', () => relay ?? stop.abort(new ClientGone()));
  const goodbye = (response: Buffer) => {
    client.end(response);
    client.resume();
    setTimeout(() => client.destroy(), goodbyeMs).unref();
  };
  const serve = async () => {
    const startup = new ClientStartup(client);
    const limit = setTimeout(() => client.destroy(), startupMs);
    try {
      const greeting = await startup.greeting();
      if (greeting.kind === 'cancel') {
        await parts.keys.cancel(greeting.processId, greeting.secret).catch(() => {});
        client.destroy();
        return;
      }
      const judged = judgeStartup(greeting.parameters, parts.target);
      const { password, target } = parts;
      // The password first: whoever has none learns nothing.
      if (password !== undefined && !(await startup.showsPassword(password, target.user))) return;
      letIn = true;
      parts.onLetIn();
      if ('refusal' in judged) return goodbye(errorResponse('FATAL', judged.refusal));
      clearTimeout(limit);
      if (refusal !== undefined) return goodbye(errorResponse('FATAL', refusal));
      const upstream = await parts.upstream(judged.wishes, stop.signal);
      startup.release();
      if (refusal !== undefined || client.destroyed) {
        upstream.stream.destroy();
        if (refusal !== undefined) goodbye(errorResponse('FATAL', refusal));
        return;
      }
      const version = versionOf(greeting);
      using key = parts.keys.add(upstream.processId, version, () => upstream.cancel());
      const { version: asked } = greeting;
      if (version !== asked || judged.unknownOptions.length > 0)
        client.write(negotiateProtocolVersion(version, judged.unknownOptions));
      client.write(
        Buffer.concat([
          authenticationOk,
          upstream.greeting,
          backendKeyData(upstream.processId, key.secret),
          readyIdle,
        ]),
      );
      const state = new SessionState(
        parts.clock,
        connection,
        judged.wishes.applicationName ?? '',
        parts.nextStatement,
      );
      state.readGreeting(upstream.greeting);
      const { clock, guard, watcher, lossPatienceMs } = parts;
      // No spread: see Relay.
      relay = new Relay({ clock, client, upstream, guard, watcher, state, lossPatienceMs });
      await relay.done;
    } catch (error) {
      if (error instanceof ClientGone || stop.signal.aborted) client.destroy();
      else goodbye(responseTo(error));
    } finally {
      clearTimeout(limit);
    }
  };
  const served = serve();
  const closed = new Promise<void>((resolve) => {
    if (client.destroyed) resolve();
    else client.once('close', () => resolve());
  });
  return {
    done: served.then(() => closed),
    get isLetIn() {
      return letIn;
    },
    drop: () => void client.destroy(),
    async end(why) {
      refusal = why;
      if (relay !== undefined) await relay.end(why);
      else {
        goodbye(errorResponse('FATAL', why));
        stop.abort(new ClientGone());
      }
      await closed;
    },
  };
}

function versionOf({ version }: Extract<Greeting, { kind: 'start' }>): number {
  return version >= protocol32 ? protocol32 : protocol30;
}

function responseTo(error: unknown): Buffer {
  if (error instanceof UpstreamRefused) return error.response;
  if (error instanceof ProtocolViolation)
    return errorResponse('FATAL', { sqlState: '08P01', message: error.message });
  const message = redact(error instanceof Error ? error.message : String(error));
  const hint = error instanceof ForgeError && error.hint !== undefined ? redact(error.hint) : undefined;
  return errorResponse('FATAL', { sqlState: '08001', message, hint });
}
