import type { Instance, Organisation } from '../organisation.ts';

/** How an environment's databases treat those who come without the gateway: the company's VPN, as a lever. */
export type DirectAccess = 'open' | 'closed' | 'silent';

/** Where a name leads from inside an environment's network: a TCP port on this machine's loopback. */
export interface Network {
  /** Until it is set: production's VPC drops what comes from outside, as if no VPN were connected. */
  direct(account: string): DirectAccess;
  setDirect(account: string, access: DirectAccess): void;
  /** The door of a database's or cluster's front for those who come through the gateway, by the port that it has outside. */
  readonly insidePorts: Map<number, number>;
  /** `instance`: for this instance alone; undefined: for all. */
  register(destination: Destination): void;
  find(
    organisation: Organisation,
    instance: Instance,
    host: string,
    port: number,
  ): number | 'echo' | undefined;
}

export interface Destination {
  readonly instance: string | undefined;
  readonly host: string;
  /** As sessions call it. */
  readonly port: number;
  /** Where it listens on 127.0.0.1. */
  readonly localPort: number;
}

export function createNetwork({ accounts }: Pick<Organisation, 'accounts'>): Network {
  const access = new Map<string, DirectAccess>();
  const destinations: Destination[] = [];
  const insidePorts = new Map<number, number>();
  const standard = (account: string): DirectAccess =>
    accounts.some(({ id, production }) => production && id === account) ? 'silent' : 'open';
  return {
    insidePorts,
    direct: (account) => access.get(account) ?? standard(account),
    setDirect: (account, value) => void access.set(account, value),
    // The newest wins: a test may start its server anew.
    register: (destination) => void destinations.unshift(destination),
    find(organisation, instance, host, port) {
      const name = host.toLowerCase();
      const own = ['localhost', '127.0.0.1', '::1', instance.privateIp, instance.privateDns];
      const wanted = own.includes(name) ? 'localhost' : name;
      const registered = destinations.find(
        (entry) =>
          entry.host === wanted &&
          entry.port === port &&
          (entry.instance === undefined || entry.instance === instance.id),
      );
      if (registered !== undefined) return registered.localPort;
      const cluster = organisation.clusters.find(
        (entry) =>
          entry.account === instance.account &&
          entry.region === instance.region &&
          entry.port === port &&
          [
            entry.endpoint,
            entry.readerEndpoint,
            ...entry.customEndpoints,
            ...entry.instances.map(({ endpoint }) => endpoint),
          ].includes(name),
      );
      if (cluster !== undefined) return insidePorts.get(cluster.port);
      const kubernetes = organisation.eksClusters.find(
        (entry) =>
          entry.account === instance.account &&
          entry.region === instance.region &&
          ((entry.endpointHost.toLowerCase() === name && port === 443) ||
            // What EKS calls the endpoint of a public one here; no instance listens on a port that this machine gave away.
            (entry.publicAccess && name === '127.0.0.1' && entry.port === port)),
      );
      if (kubernetes?.port !== undefined) return insidePorts.get(kubernetes.port);
      return name === 'echo' ? 'echo' : undefined;
    },
  };
}

/** Addresses that the agent never forwards to: instance metadata, the VPC's DNS, link-local. */
export function isForbiddenHost(host: string): boolean {
  return /^(169\.254\.\d+\.\d+|fd00:ec2::254|fd00:ec2::253|fe80:.*)$/i.test(host);
}
