import type { Host } from '../../host.ts';
import type { Postgres } from '../postgres/start-postgres.ts';
import type { FrontEndpoint } from '../rds-front/admit.ts';
import { type RdsFront, startRdsFront } from '../rds-front/rds-front.ts';
import type { World } from '../world.ts';
import { type CertificateAuthority, createCertificateAuthority } from '../x509/certificates.ts';

export interface Fronts extends AsyncDisposable {
  /** PEM. */
  readonly authority: string;
  /** Clients that are in. */
  connections(): number;
}

/** One front for each cluster of the world; their ports are written into the world. */
export async function startFronts(
  host: Pick<Host, 'now'>,
  world: World,
  postgres: Promise<Postgres>,
): Promise<Fronts> {
  const authority = createCertificateAuthority('forge sandbox RDS root CA', host.now());
  const fronts: RdsFront[] = [];
  const close = async () => {
    await Promise.all(fronts.map((front) => front[Symbol.asyncDispose]()));
  };
  try {
    for (const cluster of world.organisation.clusters) {
      const front = await startFront(world, cluster, postgres, authority);
      fronts.push(front);
      cluster.port = front.port;
      world.ssm.network.insidePorts.set(front.port, front.insidePort);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    authority: authority.certificate,
    connections: () => fronts.reduce((sum, front) => sum + front.connections(), 0),
    [Symbol.asyncDispose]: close,
  };
}

function startFront(
  world: World,
  cluster: World['organisation']['clusters'][number],
  postgres: Promise<Postgres>,
  authority: CertificateAuthority,
): Promise<RdsFront> {
  const instances = (writer: boolean) =>
    cluster.instances.filter((instance) => instance.writer === writer).map((instance) => instance.endpoint);
  const endpoints: readonly [FrontEndpoint, FrontEndpoint] = [
    {
      names: [cluster.endpoint, ...instances(true)],
      backend: async () => (await postgres).writer,
    },
    {
      names: [cluster.readerEndpoint, ...cluster.customEndpoints, ...instances(false)],
      backend: async () => (await postgres).reader,
    },
  ];
  return startRdsFront({
    cluster: {
      region: cluster.region,
      account: cluster.account,
      resourceId: cluster.resourceId,
      databases: [cluster.databaseName],
      users: cluster.databaseUsers.map((user) => user.name),
      endpoints,
    },
    certificate: authority.issue([...endpoints[0].names, ...endpoints[1].names]),
    direct: () => world.ssm.network.direct(cluster.account),
    gatekeeper: {
      verifyToken: (request) => world.verifyRdsToken(request),
      async isIamUser(user) {
        const { rows } = await (await postgres).admin.query<{ member: boolean }>(
          `select pg_has_role(rolname, 'rds_iam', 'member') as member from pg_roles where rolname = $1`,
          [user],
        );
        return rows[0]?.member === true;
      },
    },
    record(attempt) {
      world.events.record({
        service: 'rds-db',
        name: 'connect',
        account: cluster.account,
        principal: undefined,
        accessKeyId: undefined,
        sourceIdentity: undefined,
        userAgent: undefined,
        parameters: { host: attempt.host, user: attempt.user, database: attempt.database },
        errorCode: attempt.refused?.sqlState,
        errorMessage: attempt.refused?.reason,
      });
    },
  });
}
