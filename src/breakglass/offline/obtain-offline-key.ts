import { getCallerIdentity } from '../../aws/sts.ts';
import type { Tier } from '../../config/break-glass.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { openBitwarden, type Vault } from './bitwarden.ts';
import { type OfflineKey, offlineSigningKeys, parseOfflineKey } from './offline-key.ts';
import type { VaultItem } from './vault-item.ts';

/** The key, and where it came from: undefined where somebody typed it. */
export interface ObtainedKey {
  readonly key: OfflineKey;
  readonly stored: { readonly vault: Vault; readonly item: VaultItem } | undefined;
}

/** Out of Bitwarden where bw is installed; else, and where it fails, typed without echo. `fresh`: as the server has it. */
export async function obtainOfflineKey(
  parts: IdentityParts,
  { vaultItem }: Tier,
  { fresh }: { readonly fresh: boolean },
): Promise<ObtainedKey> {
  const { host, output } = parts;
  if (vaultItem === undefined) return { key: await typeKey(parts), stored: undefined };
  try {
    const vault = await openBitwarden(parts, { fresh });
    if (vault !== undefined) {
      const item = await vault.read(vaultItem);
      output.note(`The key is out of Bitwarden's ${vaultItem}.`);
      return { key: item.key, stored: { vault, item } };
    }
    output.note('bw is not installed: the key is typed.');
  } catch (error) {
    host.signal.throwIfAborted();
    if (!(error instanceof ForgeError) || error.kind === 'interrupted') throw error;
    // The bank is down: what the vault's program can't do, a person can.
    output.warn(`${error.message} ${error.hint === undefined ? '' : `(${error.hint}) `}The key is typed.`);
  }
  return { key: await typeKey(parts), stored: undefined };
}

async function typeKey({ prompt, output }: Pick<IdentityParts, 'prompt' | 'output'>): Promise<OfflineKey> {
  for (let left = 3; ; left--) {
    const id = await prompt.text({ message: 'Access key id (AKIA…)', flag: 'a terminal' });
    const secret = await prompt.secret({ message: 'Secret access key', flag: 'a terminal' });
    const key = parseOfflineKey(id, secret);
    if (key !== undefined) return key;
    if (left === 1) {
      throw new ForgeError('usage', 'That is no access key of an IAM user.', {
        code: 'INVALID_KEY',
        hint: 'AKIA and 16 more letters or digits; its secret has 40 characters.',
      });
    }
    output.warn('That is no access key of an IAM user: AKIA and 16 more, and a secret of 40 characters.');
  }
}

/** Before anybody is told: a key that was mistyped, or rotated since, opens nothing. Throws OFFLINE_KEY_REFUSED, OTHER_KEY. */
export async function checkOfflineKey(
  parts: IdentityParts,
  region: string,
  key: OfflineKey,
  userArn: string,
): Promise<void> {
  const aws = await parts.aws();
  const { arn } = await getCallerIdentity(aws, region, offlineSigningKeys(key)).catch((error: unknown) => {
    if (!(error instanceof ForgeError) || error.code !== 'CREDENTIALS_INVALID') throw error;
    throw new ForgeError('denied', 'AWS does not take this key.', {
      code: 'OFFLINE_KEY_REFUSED',
      hint: 'Was it rotated since? Take the newest of the vault: bw sync',
      cause: error,
    });
  });
  if (arn === userArn) return;
  throw new ForgeError('denied', `This is the key of ${arn}, not of ${userArn}.`, {
    code: 'OTHER_KEY',
    hint: 'forge.yaml says whose it must be: break_glass.tiers, "user" and "vault_item".',
  });
}
