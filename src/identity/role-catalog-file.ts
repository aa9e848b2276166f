import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SignIn } from '../config/config.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from './identity-parts.ts';
import type { CatalogAccount, RoleCatalog } from './role-catalog.ts';
import type { SsoToken } from './sso-token.ts';

/** Assignments change by pull request, and break-glass waits for its own: ten minutes old is good for a list. */
const longestUse = 10 * 60_000;

/** What the portal said a short while ago to this very sign-in; it holds no secret, and any defect of it is a miss. */
export async function findKeptCatalog(
  host: Pick<Host, 'directories' | 'platform' | 'userId' | 'now'>,
  signIn: SignIn,
  token: Pick<SsoToken, 'accessToken'>,
): Promise<RoleCatalog | undefined> {
  const text = await readOwnFile(host, catalogFile(host), 4 * 1024 * 1024).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const found = JSON.parse(text) as {
      version?: unknown;
      of?: unknown;
      askedAt?: unknown;
      accounts?: unknown;
    };
    const { askedAt, accounts } = found;
    const age = typeof askedAt === 'number' ? host.now() - askedAt : Number.NaN;
    if (found.version !== 1 || found.of !== signInMark(signIn, token)) return undefined;
    if (!(age >= 0 && age <= longestUse) || typeof askedAt !== 'number') return undefined;
    if (!Array.isArray(accounts) || !accounts.every(isCatalogAccount)) return undefined;
    return { accounts, askedAt };
  } catch {
    return undefined;
  }
}

export async function keepCatalog(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  signIn: SignIn,
  token: Pick<SsoToken, 'accessToken'>,
  catalog: RoleCatalog,
): Promise<void> {
  try {
    await ensurePrivateDirectory(host, host.directories.cache);
    const content = JSON.stringify({ version: 1, of: signInMark(signIn, token), ...catalog });
    await replaceFile(catalogFile(host), `${content}\n`, { mode: 0o600 });
  } catch (error) {
    output.debug(`the list of roles is not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function catalogFile(host: Pick<Host, 'directories'>): string {
  return join(host.directories.cache, 'roles.json');
}

/** Of which sign-in the list is, without saying its token. */
function signInMark(signIn: SignIn, token: Pick<SsoToken, 'accessToken'>): string {
  const text = JSON.stringify(['forge-roles-1', signIn.startUrl, token.accessToken.reveal()]);
  return createHash('sha256').update(text).digest('hex');
}

function isCatalogAccount(value: unknown): value is CatalogAccount {
  const { id, name, permissionSets } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof id === 'string' &&
    typeof name === 'string' &&
    Array.isArray(permissionSets) &&
    permissionSets.every((permissionSet) => typeof permissionSet === 'string')
  );
}
