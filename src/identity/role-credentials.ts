import type { Secret } from '../lib/secret.ts';
import type { SigningKeys } from '../lib/sigv4.ts';

/** AWS keys, wherever they came from, with what is known about whose they are. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Undefined: long-term keys of an IAM user. */
  readonly sessionToken: Secret | undefined;
  /** Epoch milliseconds by AWS's clock; undefined: they don't end, or their giver did not say when. */
  readonly expiration: number | undefined;
  /** For people: `environment variables`, `profile dev`, `permission set Forge-Developer in 111111111111`. */
  readonly source: string;
  /** 12 digits; undefined: not known without asking AWS. */
  readonly account: string | undefined;
  /** Who AWS itself said that these very keys are; undefined: it was not asked. */
  readonly callerArn: string | undefined;
  /** When it said so, epoch milliseconds. */
  readonly checkedAt?: number | undefined;
}

export function signingKeys(credentials: RoleCredentials): SigningKeys {
  return {
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey.reveal(),
    sessionToken: credentials.sessionToken?.reveal(),
  };
}
