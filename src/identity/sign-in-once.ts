import { join } from 'node:path';
import type { SignIn } from '../config/config.ts';
import { withFileLock } from '../files/file-lock.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import type { SignInParts } from './sign-in.ts';
import { ssoCacheDirectory } from './sso-cache-file.ts';
import { readSsoToken, type SsoToken } from './sso-token.ts';

/** A browser, a password, a second factor. */
const patienceMs = 10 * 60_000;

/**
 * Signs in, and of any number of processes that want it at once one does and the others take what it got: kubectl
 * starts a credential plugin for each of its calls.
 */
export async function signInOnce(parts: SignInParts, place: SignIn): Promise<SsoToken> {
  const { host } = parts;
  const folder = ssoCacheDirectory(host);
  await ensurePrivateDirectory(host, folder);
  const options = { waitMilliseconds: patienceMs };
  return withFileLock(
    host,
    join(folder, 'forge-sign-in'),
    async () => {
      const found = await readSsoToken(host, place);
      if (found !== undefined && found.expiresAt > host.now() + 60_000) return found;
      const { signIn } = await import('./sign-in.ts');
      return signIn(parts, place, {});
    },
    options,
  );
}
