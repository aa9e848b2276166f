import { isSameKey, type OfflineKey, parseOfflineKey } from '../../breakglass/offline/offline-key.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';

const mostTries = 3;

/**
 * Shows a new key once, and has its secret typed out of the vault: only then it is kept. Throws SECRET_IN_PIPE, NOT_STORED when
 * the person says so, and KEY_UNCONFIRMED when nobody knows.
 */
export async function storeByHand(
  { host, output, prompt }: Context,
  key: OfflineKey,
  { print, item }: { readonly print: boolean; readonly item: string | undefined },
): Promise<void> {
  if (!host.stdout.isTTY && !print) {
    throw new ForgeError('usage', 'A new key is shown at a terminal only.', {
      code: 'NOT_STORED',
      hint: 'Leave stdout where it is; or --print, if you know where it goes.',
    });
  }
  const { accessKeyId, secretAccessKey } = key;
  output.instruct(
    `The new key is shown once. Put it into the vault${item === undefined ? '' : `, as ${item}`}:`,
  );
  // Past what hides keys in all that forge says: this one is to be read.
  await output.raw(`access key id      ${accessKeyId}\nsecret access key  ${secretAccessKey.reveal()}\n`);
  const message = 'Is it in the vault? (no: it is removed, and the old one stays)';
  if (!(await prompt.confirm({ message, flag: 'a terminal' }))) {
    throw new ForgeError('usage', 'The new key was not kept, and is removed.', {
      code: 'NOT_STORED',
      hint: 'The old one still works. Once the vault is at hand: forge breakglass rotate',
    });
  }
  for (let tries = 1; tries <= mostTries; tries++) {
    const typed = await prompt.secret({ message: 'Secret access key, out of the vault', flag: 'a terminal' });
    const kept = parseOfflineKey(accessKeyId, typed);
    if (kept !== undefined && isSameKey(kept, key)) return;
    output.warn('That is not the new secret.');
  }
  throw new ForgeError(
    'failed',
    'What the vault has is not the new key, or was not typed right. Both keys work.',
    {
      code: 'KEY_UNCONFIRMED',
      hint: 'Look in the vault, and go on with the key that it has: forge breakglass rotate',
    },
  );
}
