import { lookup } from 'node:dns/promises';
import type { Duplex } from 'node:stream';
import type { AccessParts } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { findBastion, noBastionCodes } from '../ssm/find-bastion.ts';
import type { InstanceTunnel } from '../ssm/instance-tunnel.ts';
import type { DatabasePurpose } from './access-request.ts';
import type { DatabaseRequest, Via } from './database-request.ts';
import type { DatabaseConnection } from './endpoint.ts';
import { neededTunnel, rememberWay } from './route-memory.ts';
import { connectFirst } from './wire/connect-first.ts';
import type { Agree, Dial } from './wire/open-database-socket.ts';
import { WireFailure, type WireStep } from './wire/wire-failure.ts';

/** The way that connections to one endpoint take, once the first has found it. Disposing ends the tunnel. */
export interface DatabaseRoute extends AsyncDisposable {
  /** Undefined: directly, by name. */
  readonly dial: Dial | undefined;
  /** Why `auto` could not go through a tunnel either. */
  readonly tunnelFailure: string | undefined;
  /** For a program that connects by itself: what leads through the tunnel, where the connections take one. */
  readonly tunnel: InstanceTunnel | undefined;
}

/** Nothing heard of the endpoint for this long: a tunnel is prepared while the direct attempt goes on. */
const headStartMs = 500;
/** As long as a VPN's round trip or two: it is taken again as soon as it is back, and waited for no longer. */
const headStartAfterTunnelMs = 100;
const directTimeoutMs = 10_000;

/** Opens what the way needs. With `auto` nothing is opened before the first connection has to. */
export async function openRoute(
  parts: AccessParts,
  connection: DatabaseConnection,
  purpose: DatabasePurpose,
  via: Via = connection.request.via,
): Promise<DatabaseRoute> {
  const { request, host, port } = connection;
  const target = via === 'direct' ? undefined : await findBastion(parts, request);
  if (target === undefined) {
    if (via === 'tunnel') throw noBastion(request);
    return { dial: undefined, tunnel: undefined, tunnelFailure: undefined, async [Symbol.asyncDispose]() {} };
  }
  let opening: Promise<InstanceTunnel> | undefined;
  let taken: InstanceTunnel | undefined;
  let tunnelFailure: string | undefined;
  const endpoint = `${connection.address === host ? host : `${host} ${connection.address}`}:${port}`;
  const openTunnel = () => {
    opening ??= import('../ssm/instance-tunnel.ts').then(({ openInstanceTunnel }) =>
      openInstanceTunnel(
        parts,
        target,
        { ...purpose, purpose: `${purpose.purpose}, tunnel` },
        { host, port },
      ),
    );
    return opening;
  };
  const throughTunnel = async (stop: AbortSignal, agree: Agree): Promise<Dialed> => {
    const tunnel = await openTunnel();
    const stream = await tunnel.connect(stop);
    await agree(stream, stop);
    return { stream, address: `through ${tunnel.through}`, tunnel };
  };
  const eitherWay = async (stop: AbortSignal, agree: Agree): Promise<Dialed> => {
    const needed = await neededTunnel(parts.host, endpoint);
    const head = needed ? headStartAfterTunnelMs : headStartMs;
    const dialed = await directlyOr(throughTunnel, connection, { stop, agree, head }, (error) => {
      if (!(error instanceof ForgeError) || !noBastionCodes.has(error.code)) tunnelFailure = textOf(error);
    });
    const needs = dialed.tunnel !== undefined;
    if (needs !== needed) await rememberWay(parts, endpoint, needs);
    return dialed;
  };
  if (via === 'tunnel') await openTunnel();
  return {
    async dial(stop, agree) {
      const tunneled = via === 'tunnel' || taken !== undefined;
      const dialed = await (tunneled ? throughTunnel(stop, agree) : eitherWay(stop, agree));
      taken = dialed.tunnel;
      return dialed;
    },
    get tunnelFailure() {
      return tunnelFailure;
    },
    get tunnel() {
      return taken;
    },
    async [Symbol.asyncDispose]() {
      const tunnel = await opening?.catch(() => undefined);
      await tunnel?.[Symbol.asyncDispose]();
    },
  };
}

interface Dialed {
  readonly stream: Duplex;
  readonly address: string;
  readonly tunnel?: InstanceTunnel;
}

/** The first that stands wins, the direct way with a head start. When both fail, the direct one says why. */
async function directlyOr(
  throughTunnel: (stop: AbortSignal, agree: Agree) => Promise<Dialed>,
  { address, port }: DatabaseConnection,
  { stop, agree, head }: { readonly stop: AbortSignal; readonly agree: Agree; readonly head: number },
  onTunnelFailure: (error: unknown) => void,
): Promise<Dialed> {
  const lost = new AbortController();
  const either = AbortSignal.any([stop, lost.signal]);
  const direct = dialDirectly(address, port, either, agree);
  let timer: NodeJS.Timeout | undefined;
  const headStart = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, head);
  });
  try {
    const early = await Promise.race([direct.catch(unlessAnswered), headStart]);
    if (early) return early;
    const tunneled = throughTunnel(either, agree);
    const winner = await Promise.any([direct, tunneled]);
    // The slower one may still come, or have come at the same time.
    for (const way of [direct, tunneled]) {
      void way.then((late) => late === winner || late.stream.destroy()).catch(() => {});
    }
    return winner;
  } catch (error) {
    stop.throwIfAborted();
    if (!(error instanceof AggregateError)) throw error;
    const [why, tunnelWhy] = error.errors as unknown[];
    onTunnelFailure(tunnelWhy);
    throw why;
  } finally {
    clearTimeout(timer);
    lost.abort(new Error('another way was faster'));
    direct.catch(() => {});
  }
}

/** What answers, and is not the database, is no question of the way. */
function unlessAnswered(error: unknown): undefined {
  if (error instanceof WireFailure && answers.has(error.code)) throw error;
}

const answers = new Set(['NO_TLS', 'STUFFED', 'NOT_POSTGRESQL', 'ERROR']);

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function dialDirectly(address: string, port: number, stop: AbortSignal, agree: Agree): Promise<Dialed> {
  const late = new AbortController();
  const either = AbortSignal.any([stop, late.signal]);
  let step: WireStep = 'tcp';
  const timer = setTimeout(
    () => late.abort(new WireFailure(step, 'TIMEOUT', `no answer within ${directTimeoutMs / 1000} s`)),
    directTimeoutMs,
  );
  try {
    const found = await lookup(address, { all: true, order: 'verbatim' }).catch((error: unknown) => {
      throw WireFailure.from('dns', error);
    });
    either.throwIfAborted();
    const socket = await connectFirst(found, port, either);
    step = 'negotiation';
    await agree(socket, either);
    return { stream: socket, address: socket.remoteAddress ?? address };
  } catch (error) {
    // What waits for the server names the step that it is in, not the one that ran out of time.
    throw late.signal.aborted ? late.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function noBastion({ name }: DatabaseRequest): ForgeError {
  return new ForgeError('usage', `No instance is known that a tunnel to ${name} could go through.`, {
    code: 'NO_BASTION',
    hint: 'Name one: --bastion <instance>',
  });
}
