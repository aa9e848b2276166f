import type { AccessParts } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { findBastion, noBastionCodes } from '../ssm/find-bastion.ts';
import type { InstanceTunnel } from '../ssm/instance-tunnel.ts';
import type { InstanceTarget } from '../targets/resolve-instance.ts';
import { checkDirectly, checkThrough, endpointOf } from './check-endpoint.ts';
import type { ClusterPurpose } from './cluster-access.ts';
import type { ClusterRequest } from './cluster-request.ts';
import type { LocatedCluster } from './locate-cluster.ts';

/** `auto`: directly, and through the environment's bastion when nothing answers there. */
export type ClusterVia = 'direct' | 'tunnel' | 'auto';

export interface RouteOptions {
  readonly via: ClusterVia;
  readonly bastion: string | undefined;
  /** Local port of a tunnel; 0: any that is free. */
  readonly port: number;
}

/** The way to a cluster's API for programs that take an address from a kubeconfig. Disposing ends the tunnel. */
export interface ClusterRoute extends AsyncDisposable {
  /** `https://…` to connect to. */
  readonly server: string;
  /** The name that the certificate must hold where it is not the address's. */
  readonly tlsServerName: string | undefined;
  readonly tunnel: InstanceTunnel | undefined;
}

/** Nothing heard of the endpoint for this long: a tunnel is opened while the direct attempt goes on. */
const headStartMs = 500;

/**
 * Finds a way on which the cluster itself has answered: its certificate is checked before any program starts. Throws
 * usage NO_BASTION, unreachable CLUSTER_UNREACHABLE, failed CLUSTER_CERTIFICATE, and what opening a tunnel throws.
 */
export async function openClusterRoute(
  parts: AccessParts,
  request: ClusterRequest,
  location: LocatedCluster,
  purpose: ClusterPurpose,
  options: RouteOptions,
): Promise<ClusterRoute> {
  const { host } = parts;
  const { via, bastion, port } = options;
  const target = via === 'direct' ? undefined : await findBastion(parts, { ...request, bastion });
  if (target === undefined && via === 'tunnel') throw noBastion(request);
  if (target === undefined) {
    await checkDirectly(host, location, host.signal).catch((error: unknown) => {
      host.signal.throwIfAborted();
      throw unreachable(request, location, error);
    });
    return directRoute(location);
  }
  const open = (signal: AbortSignal) => openTunnel(parts, target, location, purpose, signal);
  if (via === 'tunnel') return tunnelRoute(parts, location, await open(host.signal), port);
  const { tunnel, late } = await directlyOr(parts, request, location, open);
  return tunnel === undefined ? directRoute(location, late) : tunnelRoute(parts, location, tunnel, port);
}

/** `late`: a tunnel that is still being opened, and no longer needed. */
function directRoute({ server }: LocatedCluster, late?: Promise<InstanceTunnel>): ClusterRoute {
  return {
    server,
    tlsServerName: undefined,
    tunnel: undefined,
    async [Symbol.asyncDispose]() {
      // A session must not outlive the process that started it.
      const tunnel = await late?.catch(() => undefined);
      await tunnel?.[Symbol.asyncDispose]();
    },
  };
}

async function tunnelRoute(
  parts: AccessParts,
  location: LocatedCluster,
  tunnel: InstanceTunnel,
  port: number,
): Promise<ClusterRoute> {
  const to = endpointOf(location);
  try {
    const { listenForTunnel } = await import('../ssm/listen-for-tunnel.ts');
    const listener = await listenForTunnel(parts, tunnel, to, port);
    return {
      server: `https://${listener.text}`,
      tlsServerName: to.host,
      tunnel,
      async [Symbol.asyncDispose]() {
        await listener[Symbol.asyncDispose]();
        await tunnel[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await tunnel[Symbol.asyncDispose]();
    if (!(error instanceof ForgeError) || !/^PORT_/.test(error.code)) throw error;
    throw new ForgeError(error.kind, error.message, {
      code: error.code,
      hint: 'Name another with --port; without it any that is free is taken.',
      cause: error,
    });
  }
}

/** Through an instance, to a cluster that has answered there. */
async function openTunnel(
  parts: AccessParts,
  target: InstanceTarget,
  location: LocatedCluster,
  purpose: ClusterPurpose,
  signal: AbortSignal,
): Promise<InstanceTunnel> {
  const { openInstanceTunnel } = await import('../ssm/instance-tunnel.ts');
  const { profile, reason } = purpose;
  const session = { profile, reason, purpose: `${purpose.purpose}, tunnel` };
  const tunnel = await openInstanceTunnel(parts, target, session, endpointOf(location));
  try {
    await checkThrough(await tunnel.connect(signal), location, signal);
    return tunnel;
  } catch (error) {
    await tunnel[Symbol.asyncDispose]();
    parts.host.signal.throwIfAborted();
    throw await explainTunnel(error, location, tunnel);
  }
}

async function explainTunnel(
  error: unknown,
  location: LocatedCluster,
  { through, timeUp }: InstanceTunnel,
): Promise<unknown> {
  if (timeUp !== undefined) return timeUp;
  if (error instanceof ForgeError) return error;
  const { ConnectRefused } = await import('../ssm/port-channel.ts');
  const { host, port } = endpointOf(location);
  const { refusedText } = await import('../ssm/port-forward.ts');
  const why = error instanceof ConnectRefused ? refusedText(`${host}:${port}`) : textOf(error);
  return new ForgeError('unreachable', `Failed to reach ${host}:${port} through ${through}: ${why}`, {
    code: 'CLUSTER_UNREACHABLE',
    hint: 'Name another instance that can reach it: --bastion <instance>',
    cause: error,
  });
}

/** No tunnel: the cluster answers directly. When neither way leads there, the direct one says why. */
async function directlyOr(
  { host }: AccessParts,
  request: ClusterRequest,
  location: LocatedCluster,
  open: (signal: AbortSignal) => Promise<InstanceTunnel>,
): Promise<{ readonly tunnel?: InstanceTunnel; readonly late?: Promise<InstanceTunnel> }> {
  const lost = new AbortController();
  const either = AbortSignal.any([host.signal, lost.signal]);
  const direct = checkDirectly(host, location, either).then(() => undefined);
  // A failure is heard below.
  direct.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const headStart = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), headStartMs);
  });
  const early = await Promise.race([direct.catch((error: unknown) => ({ error })), headStart]);
  clearTimeout(timer);
  host.signal.throwIfAborted();
  if (early === undefined) return {};
  // What was remembered may be of a cluster that is gone: EKS is asked before a session is started for it.
  if (location.remembered && early !== 'late' && early.error instanceof ForgeError) throw early.error;
  const opening = open(either);
  try {
    const tunnel = await Promise.any([direct, opening]);
    lost.abort();
    return tunnel === undefined ? { late: opening } : { tunnel };
  } catch (error) {
    host.signal.throwIfAborted();
    if (!(error instanceof AggregateError)) throw error;
    const [why, tunnelWhy] = error.errors as unknown[];
    // Somebody else behind the tunnel weighs more than nobody in front of it.
    if (tunnelWhy instanceof ForgeError && tunnelWhy.code === 'CLUSTER_CERTIFICATE') throw tunnelWhy;
    throw unreachable(request, location, why, tunnelWhy);
  }
}

function unreachable(
  { name }: ClusterRequest,
  location: LocatedCluster,
  why: unknown,
  tunnelWhy?: unknown,
): unknown {
  if (why instanceof ForgeError) return why;
  const { host, port } = endpointOf(location);
  const none = tunnelWhy instanceof ForgeError && noBastionCodes.has(tunnelWhy.code);
  const tunnel =
    tunnelWhy === undefined || none
      ? ''
      : `A tunnel through a bastion was tried, too: ${textOf(tunnelWhy)}.\n`;
  return new ForgeError('unreachable', `Failed to reach ${name} at ${host}:${port}: ${textOf(why)}.`, {
    code: 'CLUSTER_UNREACHABLE',
    hint: `${tunnel}Is the VPN on? Which instance can a tunnel go through: forge ssm list`,
    cause: why,
  });
}

function noBastion({ name }: ClusterRequest): ForgeError {
  return new ForgeError('usage', `No instance is known that a tunnel to ${name} could go through.`, {
    code: 'NO_BASTION',
    hint: 'Name one: --bastion <instance>',
  });
}

/** Node's own failure of several addresses has no message, only a code. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error.message || String((error as NodeJS.ErrnoException).code)).replace(/\.$/, '');
}
