import { Secret } from '../lib/secret.ts';

/** Role credentials as AWS hands them out. */
export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret;
  /** Epoch milliseconds. */
  readonly expiration: number;
}

/** Undefined when the reply lacks a part, which only a broken stand-in or proxy does. */
export function parseIssuedCredentials(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
  expiration: number | undefined,
): IssuedCredentials | undefined {
  if (!accessKeyId || !secretAccessKey || !sessionToken || !expiration) return undefined;
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: new Secret(sessionToken),
    expiration,
  };
}
