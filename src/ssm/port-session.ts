import type { Duplex } from 'node:stream';
import type { Access, AccessParts } from '../access/with-access.ts';
import type { Environment } from '../config/config.ts';
import { placeText } from '../config/forward-spec.ts';
import { ForgeError } from '../errors.ts';
import { carriesManyConnections } from './agent-version.ts';
import { openBasicPort } from './basic-port.ts';
import type { ChannelEnd, ChannelState, DataChannel } from './data-channel.ts';
import { openMux } from './mux.ts';
import type { Connections } from './port-channel.ts';
import { remoteHostDocument } from './remote-host-document.ts';
import type { SessionTuning } from './start-session.ts';

export interface PortTarget {
  /** `i-…` or `mi-…`. */
  readonly instance: string;
  /** As the instance resolves it; undefined: the instance itself. */
  readonly host: string | undefined;
  readonly port: number;
}

export interface SessionHealth {
  readonly state: ChannelState;
  /** Since the agent was last heard, milliseconds. It has nothing to say while nothing is sent: no fault by itself. */
  readonly silence: number;
}

/** A session that carries connections to one host and port. Disposing ends it and them. */
export interface PortSession extends AsyncDisposable {
  readonly active: number;
  readonly health: SessionHealth;
  readonly closed: Promise<ChannelEnd>;
  connect(signal: AbortSignal): Promise<Duplex>;
}

export function destinationOf({ instance, host, port }: PortTarget): string {
  return host === undefined ? `port ${port} of ${instance}` : placeText(host, port);
}

/** Throws what starting a session throws, and NOT_A_PORT_SESSION. */
export async function openPortSession(
  parts: AccessParts,
  access: Access,
  target: PortTarget,
  tuning: SessionTuning = {},
): Promise<PortSession> {
  const { startSession } = await import('./start-session.ts');
  const request = portRequest(target, access.target.environment, access.reason);
  const channel = await startSession(parts, access, request, tuning);
  if (channel.sessionType !== 'Port') {
    await channel[Symbol.asyncDispose]();
    throw new ForgeError(
      'failed',
      `The session to ${target.instance} carries no port (${channel.sessionType}).`,
      {
        code: 'NOT_A_PORT_SESSION',
        hint: 'Whoever runs the account may have changed the session document.',
      },
    );
  }
  return carryConnections(channel, destinationOf(target), (text) => parts.output.warn(text));
}

/** The local port in a document is for AWS's plugin, and means nothing here. */
export function portRequest(
  { instance, host, port }: PortTarget,
  environment: Environment | undefined,
  reason: string | undefined,
) {
  const ports = { portNumber: [String(port)], localPortNumber: ['0'] };
  if (host === undefined) {
    return { target: instance, documentName: 'AWS-StartPortForwardingSession', parameters: ports, reason };
  }
  // DNS doesn't tell capitals; the pattern of a document does.
  const name = host.toLowerCase();
  const documentName = remoteHostDocument(environment, name);
  return { target: instance, documentName, parameters: { host: [name], ...ports }, reason };
}

/** Connections over a channel whose handshake is done, in the way that the agent's version speaks. */
export function carryConnections(
  channel: DataChannel,
  destination: string,
  warn: (text: string) => void,
): PortSession {
  const close = () => channel[Symbol.asyncDispose]();
  const connections: Connections = carriesManyConnections(channel.agentVersion)
    ? openMux(channel, {
        destination,
        onBroken: (error) => {
          warn(`The session to ${destination} is ended: the agent sent ${error.message}.`);
          void close();
        },
      })
    : openBasicPort(channel);
  return {
    get active() {
      return connections.active;
    },
    get health() {
      return { state: channel.state, silence: channel.stats().silence };
    },
    closed: channel.closed,
    connect: (signal) => connections.connect(signal),
    async [Symbol.asyncDispose]() {
      connections.end();
      await close();
    },
  };
}
