import { connect } from 'node:net';
import type { AccessParts } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { findBastion, noBastionCodes } from '../ssm/find-bastion.ts';
import type { InstanceTunnel } from '../ssm/instance-tunnel.ts';
import type { ClusterPurpose } from './cluster-access.ts';
import type { ClusterRequest } from './cluster-request.ts';
import type { ClusterLocation } from './locate-cluster.ts';

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
const directTimeoutMs = 10_000;

/** Throws usage NO_BASTION, unreachable CLUSTER_UNREACHABLE, and what opening a tunnel throws. */
export async function openClusterRoute(
  parts: AccessParts,
  request: ClusterRequest,
  location: ClusterLocation,
  purpose: ClusterPurpose,
  options: RouteOptions,
): Promise<ClusterRoute> {
  const { via, bastion } = options;
  const url = new URL(location.server);
  const to = { host: url.hostname, port: Number(url.port || 443) };
  const direct: ClusterRoute = {
    server: location.server,
    tlsServerName: undefined,
    tunnel: undefined,
    async [Symbol.asyncDispose]() {},
  };
  if (via === 'direct') return direct;
  const target = await findBastion(parts, { ...request, bastion });
  if (target === undefined) {
    if (via === 'auto') return direct;
    throw new ForgeError('usage', `No instance is known that a tunnel to ${request.name} could go through.`, {
      code: 'NO_BASTION',
      hint: 'Name one: --bastion <instance>',
    });
  }
  const openTunnel = async () => {
    const { openInstanceTunnel } = await import('../ssm/instance-tunnel.ts');
    const { profile, reason } = purpose;
    const session = { profile, reason, purpose: `${purpose.purpose}, tunnel` };
    return openInstanceTunnel(parts, target, session, to);
  };
  const tunnel = via === 'tunnel' ? await openTunnel() : await directlyOr(parts, request, to, openTunnel);
  if (tunnel === undefined) return direct;
  try {
    const { listenForTunnel } = await import('../ssm/listen-for-tunnel.ts');
    const listener = await listenForTunnel(parts.host, tunnel, options.port);
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
    throw error;
  }
}

/** Undefined: the endpoint answers directly. When neither way leads there, the direct one says why. */
async function directlyOr(
  { host }: AccessParts,
  { name }: ClusterRequest,
  to: { readonly host: string; readonly port: number },
  openTunnel: () => Promise<InstanceTunnel>,
): Promise<InstanceTunnel | undefined> {
  const lost = new AbortController();
  const direct = answers(to, AbortSignal.any([host.signal, lost.signal]));
  // A failure is heard below.
  direct.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const headStart = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), headStartMs);
  });
  const early = await Promise.race([direct.catch(() => 'failed' as const), headStart]);
  clearTimeout(timer);
  host.signal.throwIfAborted();
  if (early === undefined) return undefined;
  const opening = openTunnel();
  try {
    const winner = await Promise.any([direct, opening]);
    if (winner !== undefined) return winner;
    // The slower one may still come.
    void opening.then((late) => late[Symbol.asyncDispose]()).catch(() => {});
    return undefined;
  } catch (error) {
    host.signal.throwIfAborted();
    if (!(error instanceof AggregateError)) throw error;
    const [why, tunnelWhy] = error.errors as unknown[];
    throw unreachable(name, to, why, tunnelWhy);
  } finally {
    lost.abort();
  }
}

/** Whether something accepts connections there; nothing is sent. */
function answers(
  to: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...to, signal });
    socket.setTimeout(directTimeoutMs, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

function unreachable(
  name: string,
  to: { readonly host: string; readonly port: number },
  why: unknown,
  tunnelWhy: unknown,
): ForgeError {
  const reason = (error: unknown) =>
    error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  const none = tunnelWhy instanceof ForgeError && noBastionCodes.has(tunnelWhy.code);
  const tunnel = none ? '' : `A tunnel through a bastion was tried, too: ${reason(tunnelWhy)}.\n`;
  return new ForgeError('unreachable', `Failed to reach ${name} at ${to.host}:${to.port}: ${reason(why)}.`, {
    code: 'CLUSTER_UNREACHABLE',
    hint: `${tunnel}Is the VPN on? Which instance can a tunnel go through: forge ssm list`,
    cause: why,
  });
}
