import { type AccessParts, withAccess } from '../access/with-access.ts';
import type { Secret } from '../lib/secret.ts';
import { accessRequest, type DatabasePurpose } from './access-request.ts';
import { applicationName } from './application-name.ts';
import { observeAws, signToken } from './connection-token.ts';
import type { DatabaseRequest } from './database-request.ts';
import { resolveEndpoint } from './endpoint.ts';
import { type DatabaseSession, openDatabase } from './open-database.ts';

/** For a connection that another program makes in place of the session. */
export interface Handover {
  readonly applicationName: string;
  /** A token of its own for it. */
  token(): Promise<Secret>;
}

/** May I → credentials → endpoint → an open, checked session for `use`, closed afterwards whatever happens. */
export async function withDatabase<Value>(
  parts: AccessParts,
  request: DatabaseRequest,
  purpose: DatabasePurpose,
  use: (session: DatabaseSession, handover: Handover) => Promise<Value>,
): Promise<Value> {
  const observed = observeAws(parts);
  return withAccess(observed, accessRequest(request, purpose), async (access) => {
    await using session = await connect();
    // Awaited here: the session is closed when this function returns.
    return await use(session, {
      applicationName: applicationName(access.person, access.reason),
      token: async () => (await signToken(observed, access, session.connection)).token,
    });

    async function connect(): Promise<DatabaseSession> {
      using _progress = parts.output.progress(`connecting to ${request.name}`);
      const options = { signal: parts.host.signal };
      const connection = await resolveEndpoint(observed, access.credentials, request);
      try {
        return await openDatabase(observed, access, connection, options);
      } catch (error) {
        if (!connection.remembered || parts.host.signal.aborted) throw error;
        // Deleted and made anew, or under another port: RDS is asked before the failure is believed.
        const now = await resolveEndpoint(observed, access.credentials, request, { fresh: true });
        const { host, port, resourceId } = connection;
        if (now.host === host && now.port === port && now.resourceId === resourceId) throw error;
        return openDatabase(observed, access, now, options);
      }
    }
  });
}
