import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { awsErrorName } from '../aws/aws-error.ts';
import type { Aws } from '../aws/clients.ts';
import { ForgeError } from '../errors.ts';
import { readTextFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { Secret } from '../lib/secret.ts';
import { readCacheFile, ssoCacheDirectory, tokenFile } from './sso-cache-file.ts';
import { refreshSsoToken, removeSsoToken, type TokenHost } from './sso-token.ts';

export interface SignOutParts {
  readonly host: TokenHost;
  aws(): Promise<Aws>;
}

/** A token file that is to go. */
export interface CachedSignIn {
  readonly file: string;
  readonly startUrl: string;
  /** Of Identity Center; undefined where the file does not say: nobody can be asked to end it then. */
  readonly region: string | undefined;
  /** Undefined for a damaged file. */
  readonly accessToken: Secret | undefined;
}

export interface SignedOut {
  readonly startUrl: string;
  readonly file: string;
  /** Why the portal could not be told; undefined when it was, or the sign-in had ended by itself. */
  readonly problem: ForgeError | undefined;
}

/** The cached sign-in of one sso-session; also when only a damaged file is left of it. */
export async function findCachedSignIn(
  host: Pick<Host, 'directories'>,
  session: string,
): Promise<CachedSignIn | undefined> {
  const file = tokenFile(host, { session });
  const found = await readSignIn(file);
  if (found !== undefined) return found;
  if ((await readTextFile(file)) === undefined) return undefined;
  return { file, startUrl: 'an unnamed portal', region: undefined, accessToken: undefined };
}

/** Every token file of the shared folder, whichever tool wrote it; registrations of clients stay. */
export async function listCachedSignIns(host: Pick<Host, 'directories'>): Promise<readonly CachedSignIn[]> {
  const directory = ssoCacheDirectory(host);
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^[0-9a-f]{40}\.json$/.test(name))
      .map((name) => readSignIn(join(directory, name))),
  );
  return found.filter((one) => one !== undefined);
}

async function readSignIn(file: string): Promise<CachedSignIn | undefined> {
  const record = await readCacheFile(file);
  const { accessToken, startUrl, region } = record ?? {};
  if (typeof accessToken !== 'string' || accessToken === '') return undefined;
  return {
    file,
    startUrl: typeof startUrl === 'string' ? startUrl : 'an unnamed portal',
    region: typeof region === 'string' ? region : undefined,
    accessToken: new Secret(accessToken),
  };
}

/** Tells the portal and removes the file; the file goes even when the portal can't be told. */
export async function signOut(parts: SignOutParts, signIn: CachedSignIn): Promise<SignedOut> {
  const problem = await endAtPortal(parts, signIn);
  await removeSsoToken(parts.host, signIn.file);
  return { startUrl: signIn.startUrl, file: signIn.file, problem };
}

async function endAtPortal(parts: SignOutParts, signIn: CachedSignIn): Promise<ForgeError | undefined> {
  const { file, startUrl, region, accessToken } = signIn;
  if (region === undefined || accessToken === undefined) return undefined;
  const { logoutPortal } = await import('../aws/sso.ts');
  try {
    const aws = await parts.aws();
    try {
      await logoutPortal(aws, region, accessToken);
    } catch (error) {
      if (awsErrorName(error) !== 'UnauthorizedException') throw error;
      // An expired access token can't end the sign-in that a refresh token still holds open.
      const renewed = await refreshSsoToken(
        parts,
        { file, startUrl, region },
        (found) => found.accessToken.reveal() === accessToken.reveal(),
      );
      await logoutPortal(aws, region, renewed.accessToken);
    }
    return undefined;
  } catch (error) {
    if (parts.host.signal.aborted) throw error;
    if (!(error instanceof ForgeError)) throw error;
    return error.kind === 'signed-out' ? undefined : error;
  }
}

/** Role credentials that the AWS CLI keeps of Identity Center, as `aws sso logout` removes them. Answers how many. */
export async function removeAwsCliRoleCredentials(host: Pick<Host, 'directories'>): Promise<number> {
  const directory = join(host.directories.home, '.aws', 'cli', 'cache');
  const names = await readdir(directory).catch(() => []);
  let removed = 0;
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const file = join(directory, name);
    const record = await readCacheFile(file).catch(() => undefined);
    if (record?.ProviderType !== 'sso') continue;
    await rm(file, { force: true });
    removed++;
  }
  return removed;
}
