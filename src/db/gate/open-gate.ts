import type { Access } from '../../access/with-access.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { ObservedAws } from '../../identity/observe-aws.ts';
import type { WriteRails } from '../access-request.ts';
import { applicationName, longestApplicationName } from '../application-name.ts';
import type { DatabaseRequest } from '../database-request.ts';
import type { DatabaseConnection } from '../endpoint.ts';
import { explainDatabaseFailure } from '../explain-failure.ts';
import { knownFailureFacts } from '../gather-failure-facts.ts';
import { openWords } from '../guard/open-words.ts';
import { probeReadOnly } from '../guard/probe-read-only.ts';
import { createReadOnlyGuard } from '../guard/read-only-guard.ts';
import { createWriteGuard } from '../guard/write-guard.ts';
import { openUpstream } from '../proxy/open-upstream.ts';
import { type ProxyEndpoint, type ProxyOptions, type ProxyUse, startProxy } from '../proxy/start-proxy.ts';
import { type ClientWishes, UpstreamRefused } from '../proxy/upstream.ts';
import type { Dial, SocketStep } from '../wire/open-database-socket.ts';
import { columnMask } from './mask-columns.ts';
import { openStatementRecord } from './statement-record.ts';

/** The only way to a database under watch: what passes is judged, and recorded before it is sent. */
export interface DatabaseGate extends AsyncDisposable {
  readonly endpoint: ProxyEndpoint;
  readonly use: ProxyUse;
  /** Where new connections go from now on; before that there are none. */
  leadTo(connection: DatabaseConnection, way: GateWay): void;
  /** Why the last connection was not made, where it was not the server itself that said so. */
  readonly failure: unknown;
  /** Ends all connections with 57P01 and this sentence, within a second. */
  end(reason: string): Promise<void>;
}

export interface GateWay {
  readonly dial?: Dial | undefined;
  /** For DNS, TCP and TLS, in place of the usual 10 s each. */
  readonly answerMs?: number | undefined;
  readonly onStep?: ((step: SocketStep) => void) | undefined;
}

export type GateEndpoint = ProxyOptions['endpoint'];

/** Production, and whatever break-glass opened: there nothing reaches a database but through a gate. */
export function isWatched(request: Pick<DatabaseRequest, 'production'>, access: Access): boolean {
  return (
    request.production || access.target.environment?.production === true || access.breakglass !== undefined
  );
}

export interface GateOptions {
  /** Undefined: what a program on this machine can use that forge starts itself. */
  readonly endpoint?: GateEndpoint | undefined;
  /** Where it is open for writing. */
  readonly rails?: WriteRails | undefined;
}

export async function openGate(
  parts: IdentityParts & ObservedAws,
  access: Access,
  request: DatabaseRequest,
  { endpoint, rails }: GateOptions = {},
): Promise<DatabaseGate> {
  const { host } = parts;
  const demanded = isWatched(request, access);
  const record = await openStatementRecord(parts, access, {
    mask: columnMask(request.maskedColumns),
    demanded,
  });
  let place: { readonly connection: DatabaseConnection; readonly way: GateWay } | undefined;
  let failure: unknown;
  let probing: Promise<void> | undefined;
  /** Beside the first connection that a client gets, which has to wait for it: that one costs no time. */
  const probe = (connection: DatabaseConnection, { dial }: GateWay, signal: AbortSignal) => {
    if (!request.readOnly) return undefined;
    probing ??= probeReadOnly(
      (wishes) => openUpstream(parts, access, connection, wishes, { signal, dial }),
      signal,
    );
    probing.catch(() => {
      probing = undefined;
    });
    return probing;
  };
  const upstream = async (wishes: ClientWishes, signal: AbortSignal) => {
    failure = undefined;
    if (place === undefined) throw new Error('forge is not ready yet.');
    const { connection, way } = place;
    try {
      const probed = probe(connection, way, signal);
      const opened = await openUpstream(parts, access, connection, named(wishes, access), { signal, ...way });
      try {
        await probed;
      } catch (error) {
        opened.stream.destroy();
        throw error;
      }
      return opened;
    } catch (error) {
      if (error instanceof UpstreamRefused) throw error;
      failure = error;
      throw explainDatabaseFailure(error, knownFailureFacts(parts, access, connection));
    }
  };
  try {
    const writing =
      demanded && !request.readOnly && rails !== undefined
        ? await createWriteGuard({
            ...rails,
            target: request.name,
            words: await openWords(host),
          })
        : undefined;
    const proxy = await startProxy(host, {
      endpoint: endpoint ?? { kind: host.platform === 'win32' ? 'tcp' : 'unix' },
      target: request,
      upstream,
      guard: request.readOnly ? await createReadOnlyGuard() : (writing ?? { check: () => undefined }),
      watcher: writing?.watch(record) ?? record,
      lossPatienceMs: access.breakglass === undefined ? undefined : killPatienceMs,
      // A signal ends the command, and the command the gate; only what has a sentence of its own ends it before.
      signal: new AbortController().signal,
    });
    const onAbort = () => {
      if (host.signal.reason instanceof ForgeError) void proxy.end(host.signal.reason.message);
    };
    host.signal.addEventListener('abort', onAbort, { once: true });
    return {
      endpoint: proxy.endpoint,
      get use() {
        return proxy.use;
      },
      get failure() {
        return failure;
      },
      leadTo(connection, way) {
        place = { connection, way };
      },
      end: (reason) => proxy.end(reason),
      async [Symbol.asyncDispose]() {
        host.signal.removeEventListener('abort', onAbort);
        await proxy[Symbol.asyncDispose]();
        await record[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await record[Symbol.asyncDispose]();
    throw error;
  }
}

/** Whoever kills a grant ends its tunnels, too, and forge looks each second: who was in is told that, and not that a line was lost. */
const killPatienceMs = 1_500;

/** In pg_stat_activity and the server's log the person comes first: `breakglass kill` finds what is forge's by that. */
function named({ applicationName: own, settings }: ClientWishes, access: Access): ClientWishes {
  const name = applicationName(access.person, access.reason);
  if (own?.startsWith('forge/') === true) return { applicationName: name, settings };
  const both = own ? `${applicationName(access.person, undefined)}/${own}` : name;
  return { applicationName: both.slice(0, longestApplicationName), settings };
}
