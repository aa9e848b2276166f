import {
  type AccessKeyCaller,
  createAccessKey,
  deleteAccessKey,
  disableAccessKey,
  listAccessKeys,
} from '../../aws/access-keys.ts';
import { getCallerIdentity } from '../../aws/sts.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { pause } from '../pause.ts';
import type { ObtainedKey } from './obtain-offline-key.ts';
import { type OfflineKey, offlineSigningKeys } from './offline-key.ts';
import type { RotationPorts } from './rotate-key.ts';

/** Where the key goes when no vault's program is there: a person stores it, and shows that they did. */
export type StoreByHand = (key: OfflineKey) => Promise<void>;

/** IAM by keys that MFA was given for, STS by each key itself, and the vault that the key came out of. */
export function rotationPorts(
  { host, output, prompt }: Pick<IdentityParts, 'host' | 'output' | 'prompt'>,
  caller: AccessKeyCaller,
  { stored }: ObtainedKey,
  storeByHand: StoreByHand,
): RotationPorts {
  const { aws, region } = caller;
  return {
    list: () => listAccessKeys(caller),
    async create() {
      const key = await createAccessKey(caller);
      output.note('The new key is made. It works in some seconds.');
      return key;
    },
    async disable(accessKeyId) {
      await disableAccessKey(caller, accessKeyId);
      output.note('The old key is off.');
    },
    remove: (accessKeyId) => deleteAccessKey(caller, accessKeyId),
    async works(key) {
      try {
        await getCallerIdentity(aws, region, offlineSigningKeys(key));
        return true;
      } catch (error) {
        if (error instanceof ForgeError && error.code === 'CREDENTIALS_INVALID') return false;
        throw error;
      }
    },
    async store(key) {
      if (stored === undefined) return storeByHand(key);
      await stored.vault.write(stored.item, key);
      output.note('Bitwarden has it, and gave it back the same.');
    },
    async stored() {
      if (stored === undefined) return undefined;
      return stored.vault.read(stored.item.id).then(
        ({ key }) => key,
        () => undefined,
      );
    },
    // What the vault has was read a moment ago, as its server has it: a newer key is in nobody's.
    mayRemoveNewer: async () =>
      stored !== undefined ||
      prompt.confirm({
        message:
          'IAM has a newer key than the one that was typed. Is the typed one what the vault has, so that the newer can be removed?',
        flag: 'a terminal',
      }),
    pause: (milliseconds) => pause(host, milliseconds),
  };
}
