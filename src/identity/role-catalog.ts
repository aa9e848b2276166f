import type { PortalAccount } from '../aws/sso.ts';
import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from './identity-parts.ts';
import { findKeptCatalog, keepCatalog } from './role-catalog-file.ts';
import type { SsoToken } from './sso-token.ts';
import { TokenBucket } from './token-bucket.ts';

/** Every account and permission set that a person holds, as the portal says. */
export interface RoleCatalog {
  readonly accounts: readonly CatalogAccount[];
  /** Epoch milliseconds. */
  readonly askedAt: number;
}

export interface CatalogAccount {
  /** 12 digits. */
  readonly id: string;
  readonly name: string;
  /** Undefined: the portal did not answer for this account. */
  readonly permissionSets: readonly string[] | undefined;
}

/** The portal throttles at about 20 calls a second a person; other programs of theirs call it too. */
const pace = { perSecond: 18, burst: 10 };
const workers = 10;
/** How often one account is asked again when the portal asks to slow down; the SDK has then tried three times. */
const patience = 4;
const restAfterThrottle = 1_000;

/**
 * From a short-lived cache, else from the portal, all accounts side by side. An account that can't be had is left
 * open (partial results are better than none); when none can, the failure is thrown.
 */
export async function getRoleCatalog(
  parts: IdentityParts,
  signIn: SignIn,
  token: SsoToken,
  options: { readonly fresh: boolean },
): Promise<RoleCatalog> {
  const { host, output } = parts;
  const kept = options.fresh ? undefined : await findKeptCatalog(host, signIn, token);
  if (kept !== undefined) return kept;
  const bucket = new TokenBucket(host, pace);
  using progress = output.progress('Asking the portal which accounts you have');
  const { listAccounts, listAccountRoles } = await import('../aws/sso.ts');
  const aws = await parts.aws();
  const turn = { pace: () => bucket.take() };
  const ask = <Value>(call: () => Promise<Value>) => asking(bucket, call);
  const found = await ask(() => listAccounts(aws, token.region, token.accessToken, turn));
  let failure: unknown;
  let done = 0;
  const answers = await inParallel(workers, found, async (account): Promise<CatalogAccount> => {
    const permissionSets = await ask(() =>
      listAccountRoles(aws, token.region, token.accessToken, account.id, turn),
    ).catch((error: unknown) => {
      if (host.signal.aborted || isSignedOut(error)) throw error;
      output.debug(`${account.id}: ${error instanceof Error ? error.message : String(error)}`);
      failure = error;
      return undefined;
    });
    done++;
    progress.update(`Asking the portal: ${done} of ${found.length} accounts`);
    return { id: account.id, name: account.name, permissionSets };
  });
  const catalog = { accounts: sorted(answers), askedAt: host.now() };
  if (failure === undefined) await keepCatalog(parts, signIn, token, catalog);
  else if (answers.every((account) => account.permissionSets === undefined)) throw failure;
  return catalog;
}

async function asking<Value>(bucket: TokenBucket, call: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const throttled = error instanceof ForgeError && error.code === 'THROTTLED';
      if (!throttled || attempt >= patience) throw error;
      bucket.rest(restAfterThrottle * attempt);
    }
  }
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ForgeError && error.kind === 'signed-out';
}

function sorted(accounts: readonly CatalogAccount[]): readonly CatalogAccount[] {
  return accounts
    .map((account) => ({
      ...account,
      permissionSets: account.permissionSets && [...account.permissionSets].sort(),
    }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en') || a.id.localeCompare(b.id));
}

/** The first failure ends it: the others don't start anything new. */
async function inParallel(
  count: number,
  accounts: readonly PortalAccount[],
  work: (account: PortalAccount) => Promise<CatalogAccount>,
): Promise<CatalogAccount[]> {
  const queue = [...accounts];
  const results: CatalogAccount[] = [];
  let failed = false;
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && !failed; next = queue.shift()) {
      try {
        results.push(await work(next));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
  return results;
}
