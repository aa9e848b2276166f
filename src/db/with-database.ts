import { type AccessParts, type AccessRequest, withAccess } from '../access/with-access.ts';
import { observeAws } from './connection-token.ts';
import type { DatabaseRequest } from './database-request.ts';
import { resolveEndpoint } from './endpoint.ts';
import { type DatabaseSession, openDatabase } from './open-database.ts';

export interface DatabasePurpose {
  /** Words of the command, e.g. `db query`. */
  readonly purpose: string;
  readonly reason: string | undefined;
  readonly profile: string | undefined;
}

/** May I → credentials → endpoint → an open, checked session for `use`, closed afterwards whatever happens. */
export async function withDatabase<Value>(
  parts: AccessParts,
  request: DatabaseRequest,
  purpose: DatabasePurpose,
  use: (session: DatabaseSession) => Promise<Value>,
): Promise<Value> {
  const observed = observeAws(parts);
  return withAccess(observed, accessRequest(request, purpose), async (access) => {
    const progress = parts.output.progress(`connecting to ${request.name}`);
    let session: DatabaseSession;
    try {
      const connection = await resolveEndpoint(observed, access.credentials, request);
      session = await openDatabase(observed, access, connection, { signal: parts.host.signal });
    } finally {
      progress[Symbol.dispose]();
    }
    await using opened = session;
    return use(opened);
  });
}

export function accessRequest(
  request: DatabaseRequest,
  { purpose, reason, profile }: DatabasePurpose,
): AccessRequest {
  const { environment, name, region, roles, write } = request;
  return { environment, targetName: name, region, profile, roles, purpose, reason, write };
}
