import { Secret } from '../../lib/secret.ts';
import type { SigningKeys } from '../../lib/sigv4.ts';

/** The long-term key of tier 3's IAM user. */
export interface OfflineKey {
  /** AKIA…: no secret, and yet only shown to whoever must store it. */
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
}

/** Undefined: not what AWS gives out. Blanks around, as pasted text has them, don't matter. */
export function parseOfflineKey(accessKeyId: string, secretAccessKey: string): OfflineKey | undefined {
  const [id, secret] = [accessKeyId.trim(), secretAccessKey.trim()];
  if (!/^AKIA[A-Z0-9]{12,124}$/.test(id) || !/^[A-Za-z0-9/+=]{40}$/.test(secret)) return undefined;
  return { accessKeyId: id, secretAccessKey: new Secret(secret) };
}

export const offlineSigningKeys = ({ accessKeyId, secretAccessKey }: OfflineKey): SigningKeys => ({
  accessKeyId,
  secretAccessKey: secretAccessKey.reveal(),
  sessionToken: undefined,
});

export const isSameKey = (one: OfflineKey, other: OfflineKey): boolean =>
  one.accessKeyId === other.accessKeyId && one.secretAccessKey.reveal() === other.secretAccessKey.reveal();
