import type { IdentityParts } from '../identity/identity-parts.ts';
import type { RoleCredentials } from '../identity/role-credentials.ts';
import { rdsAuthorities, readAuthorities } from './certificates.ts';
import type { DatabaseRequest } from './database-request.ts';
import { locateEndpoint } from './locate-endpoint.ts';

/** Where a database is and what its certificate and token are made out to. */
export interface DatabaseConnection {
  readonly request: DatabaseRequest;
  /** The endpoint's real name: in the token and in TLS. */
  readonly host: string;
  /** Name or IP address to connect to. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly region: string;
  /** PEM of the only authorities that are believed. */
  readonly ca: readonly string[];
  /** For people: `RDS in us-east-1`, or the file. */
  readonly caSource: string;
  /** `cluster-…` or `db-…`, for the ARN in rds-db:connect; undefined: RDS was not asked. */
  readonly resourceId: string | undefined;
  readonly readOnly: boolean;
  /** What RDS said to an earlier command. */
  readonly remembered: boolean;
}

/** From an identifier through RDS, or from a host name without any AWS call. Throws what those calls throw. */
export async function resolveEndpoint(
  parts: Pick<IdentityParts, 'host' | 'output' | 'aws'>,
  credentials: RoleCredentials,
  request: DatabaseRequest,
  options: { readonly fresh?: boolean } = {},
): Promise<DatabaseConnection> {
  const located = await locateEndpoint(parts, credentials, request, options);
  const ca =
    request.ca === undefined
      ? await rdsAuthorities(request.region, located.host)
      : await readAuthorities(request.ca);
  const { user, database, region, readOnly } = request;
  return {
    request,
    ...located,
    address: request.address ?? located.host,
    port: request.port ?? located.port,
    user,
    database,
    region,
    ca,
    caSource: request.ca ?? `RDS in ${region}`,
    readOnly,
  };
}
