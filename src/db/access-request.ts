import type { AccessRequest } from '../access/with-access.ts';
import type { DatabaseRequest } from './database-request.ts';

export interface DatabasePurpose {
  /** Words of the command, e.g. `db query`. */
  readonly purpose: string;
  readonly reason: string | undefined;
  readonly profile: string | undefined;
  /** A token is handed out and nothing is opened. */
  readonly momentary?: boolean;
  /** A person types, or a tool does: where production is written to, what they send is asked about and counted. */
  readonly rails?: WriteRails;
}

export interface WriteRails {
  /** That one statement may change; undefined: any number. */
  readonly maxRows: number | undefined;
  /** A word of confirmation that was said on the command line. */
  readonly said?: readonly string[] | undefined;
}

/** What withAccess is asked for a database. */
export function accessRequest(
  request: DatabaseRequest,
  { purpose, reason, profile, momentary = false }: DatabasePurpose,
): AccessRequest {
  const { environment, name, region, roles, write } = request;
  return { environment, targetName: name, region, profile, roles, purpose, reason, write, momentary };
}
