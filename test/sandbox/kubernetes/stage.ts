import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { presign } from '../../../src/lib/sigv4.ts';
import type { KubernetesApi } from '../../../src/sandbox/kubernetes/api/kubernetes-api.ts';
import type { EksCluster } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { startKubernetesFronts } from '../../../src/sandbox/process/start-kubernetes-fronts.ts';
import { createWorld, type World } from '../../../src/sandbox/world.ts';
import { createTestHost } from '../../support/test-host.ts';

export interface TokenWish {
  readonly cluster?: string;
  readonly region?: string;
  readonly host?: string;
  readonly keys?: IssuedKeys;
  /** Epoch milliseconds of signing. */
  readonly now?: number;
  readonly expiresInSeconds?: number;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Temporary keys of a permission set's role, as the portal gives them. */
export function roleKeys(
  world: World,
  permissionSet: string,
  account: string,
  person = 'dana',
  seconds = 3_600,
) {
  const role = world.organisation.roles.find(
    (entry) => entry.account === account && entry.name.startsWith(`AWSReservedSSO_${permissionSet}_`),
  );
  if (role === undefined) throw new Error(`no role ${permissionSet} in ${account}`);
  const sessionName = `${person}@tapp.example`;
  return world.keys.issueTemporary(
    {
      kind: 'role',
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
      userId: `${role.id}:${sessionName}`,
      mfaAt: undefined,
      role,
      sessionName,
      sourceIdentity: undefined,
      tags: {},
      transitiveTagKeys: [],
      sessionPolicies: [],
      person: undefined,
    },
    seconds,
  );
}

/** The URL in a token, as forge signs it. */
export function tokenUrl(world: World, wish: TokenWish = {}): string {
  const region = wish.region ?? 'us-east-1';
  return `https://${presign({
    service: 'sts',
    region,
    host: wish.host ?? `sts.${region}.amazonaws.com`,
    path: '/',
    query: wish.query ?? { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: wish.headers ?? { 'x-k8s-aws-id': wish.cluster ?? 'dev-eks-cluster' },
    expiresInSeconds: wish.expiresInSeconds ?? 60,
    keys: wish.keys ?? roleKeys(world, 'Forge-Developer', '111111111111'),
    now: wish.now ?? world.now(),
  })}`;
}

export const encodeToken = (url: string): string => `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;

export const tokenFor = (world: World, wish?: TokenWish): string => encodeToken(tokenUrl(world, wish));

export function findEksCluster(world: World, name: string): EksCluster {
  const found = world.organisation.eksClusters.find((cluster) => cluster.name === name);
  if (found === undefined) throw new Error(`no cluster ${name}`);
  return found;
}

/** The fronts with an API behind them that says who asks. */
export async function startFrontStage() {
  const host = createTestHost();
  const world = createWorld({ now: host.now });
  const fronts = await startKubernetesFronts(host, world, echoUser);
  const cluster = (name = 'dev-eks-cluster') => findEksCluster(world, name);
  return {
    host,
    world,
    fronts,
    cluster,
    /** One request by the cluster's public address. */
    ask(path: string, options: { token?: string; headers?: Record<string, string>; cluster?: string } = {}) {
      const { port, authority } = cluster(options.cluster);
      const bearer = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
      return get(`https://127.0.0.1:${port}${path}`, authority, { ...bearer, ...options.headers });
    },
    async [Symbol.asyncDispose]() {
      await fronts[Symbol.asyncDispose]();
      host.dispose();
    },
  };
}

export type FrontStage = Awaited<ReturnType<typeof startFrontStage>>;

/** TLS is checked in full: authority and name. */
export function get(
  url: string,
  ca: string | undefined,
  headers: Record<string, string> = {},
  servername?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { ca, headers, agent: false, ...(servername === undefined ? {} : { servername }) },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** An API that says who asks, in plain and in an upgraded connection. */
export function echoUser(cluster: EksCluster): KubernetesApi {
  return {
    handle(request, response, user) {
      request.resume();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ cluster: cluster.name, path: request.url, user }));
    },
    upgrade(_request, socket, _head, user) {
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n${user.username}`,
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}
