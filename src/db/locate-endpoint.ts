import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import type { DatabaseRequest } from './database-request.ts';
import { readRdsName } from './rds-name.ts';

type EndpointParts = Pick<IdentityParts, 'host' | 'output' | 'aws'>;

/** What a token is made out to. */
export interface LocatedEndpoint {
  readonly host: string;
  readonly port: number;
  readonly resourceId: string | undefined;
}

/** From an identifier through RDS, or from a host name without any AWS call. Throws what those calls throw. */
export async function locateEndpoint(
  parts: EndpointParts,
  credentials: RoleCredentials,
  request: DatabaseRequest,
): Promise<LocatedEndpoint> {
  const { locator, region, endpoint } = request;
  if (locator.kind === 'endpoint') {
    return { host: await realName(parts, locator.host), port: 5432, resourceId: undefined };
  }
  const { describeCluster, describeInstance } = await import('../aws/rds.ts');
  const aws = await parts.aws();
  const keys = signingKeys(credentials);
  if (locator.kind === 'instance') {
    const instance = await describeInstance(aws, region, keys, locator.identifier);
    checkUsable(parts, request, instance);
    return { host: instance.endpoint, port: instance.port, resourceId: instance.resourceId };
  }
  const cluster = await describeCluster(aws, region, keys, locator.identifier);
  checkUsable(parts, request, cluster);
  if (endpoint === 'reader' && cluster.readerEndpoint === undefined) {
    throw new ForgeError('failed', `The cluster ${locator.identifier} has no reader endpoint.`, {
      code: 'NO_READER',
      hint: 'Say "endpoint: writer" at the database in forge.yaml.',
    });
  }
  const host = endpoint === 'reader' ? (cluster.readerEndpoint ?? '') : cluster.endpoint;
  return { host, port: cluster.port, resourceId: cluster.resourceId };
}

function checkUsable(
  { output }: EndpointParts,
  { name, locator }: DatabaseRequest,
  found: { readonly engine: string; readonly iamEnabled: boolean; readonly status: string },
): void {
  const what = locator.kind === 'endpoint' ? name : `${locator.kind} ${locator.identifier}`;
  if (!found.engine.includes('postgres')) {
    throw new ForgeError('usage', `The ${what} runs ${found.engine}; forge speaks PostgreSQL.`, {
      code: 'NOT_POSTGRESQL',
      hint: `For other programs: forge db token ${name}`,
    });
  }
  if (!found.iamEnabled) {
    throw new ForgeError('denied', `IAM authentication is switched off on the ${what}.`, {
      code: 'IAM_DISABLED',
      hint: 'Whoever runs it can switch it on: aws rds modify-db-… --enable-iam-database-authentication',
    });
  }
  if (found.status !== 'available') output.warn(`The ${what} is ${found.status}.`);
}

/**
 * RDS refuses a token that is made out to an alias, and its certificate does not name one: an alias is followed
 * to the RDS name that it stands for.
 */
export async function realName(
  { output }: Pick<EndpointParts, 'output'>,
  host: string,
  lookUp = resolveAlias,
): Promise<string> {
  if (readRdsName(host) !== undefined) return host;
  let name = host;
  for (let hop = 0; hop < 8; hop++) {
    const [next] = await lookUp(name).catch(() => []);
    if (next === undefined) break;
    name = next.replace(/\.$/, '').toLowerCase();
    if (readRdsName(name) === undefined) continue;
    output.note(`${host} is an alias: the token is made out to ${name}.`);
    return name;
  }
  output.debug(`${host} is no RDS endpoint's name and leads to none; the token is made out to it as it is`);
  return host;
}

async function resolveAlias(name: string): Promise<string[]> {
  const { resolveCname } = await import('node:dns/promises');
  return resolveCname(name);
}
