import { isoSeconds } from '../../../lib/iso-seconds.ts';
import type { IssuedKeys } from '../../principal.ts';
import type { XmlElements } from '../xml.ts';

/** `<Credentials>` as STS gives them: whole seconds, UTC. */
export function credentialsXml(keys: IssuedKeys & { readonly expiresAt: number }): XmlElements {
  return {
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    SessionToken: keys.sessionToken,
    Expiration: isoSeconds(keys.expiresAt),
  };
}
