import { rmSync } from 'node:fs';
import { awsErrorName } from '../aws/aws-error.ts';
import type { Aws } from '../aws/clients.ts';
import { isRegionName } from '../aws/endpoint.ts';
import type { CreatedToken, RegisteredClient } from '../aws/sso-oidc.ts';
import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import { withFileLock } from '../files/file-lock.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readTextFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import { Secret } from '../lib/secret.ts';
import {
  type CacheRecord,
  parseCacheTime,
  readCacheFile,
  saveCacheFile,
  ssoCacheDirectory,
  tokenFile,
} from './sso-cache-file.ts';

/** An access token of IAM Identity Center, from the cache that forge shares with the AWS CLI and the SDKs. */
export interface SsoToken {
  readonly accessToken: Secret;
  /** Of the Identity Center that gave it: all calls with it go there, also where the configuration names another. */
  readonly region: string;
  /** Epoch milliseconds by this machine's clock, which every reader of the cache compares it with. */
  readonly expiresAt: number;
  /** Whether a new one can be had without the person. */
  readonly refreshable: boolean;
  readonly registrationExpiresAt: number | undefined;
  readonly file: string;
}

export type TokenHost = Pick<
  Host,
  'directories' | 'platform' | 'userId' | 'now' | 'monotonic' | 'pid' | 'signal' | 'isRunning'
>;

/** The SDK is loaded only when a token has to be refreshed. */
export interface TokenParts {
  readonly host: TokenHost;
  aws(): Promise<Aws>;
}

/** A token is renewed when less than this is left … */
const refreshWindow = 5 * 60_000;
/** … and is still good for a call while this is. */
const shortestUse = 60_000;

/**
 * A token valid for at least a minute, renewed silently when it is about to end. Of any number of processes that
 * find it ending one renews it and the others take what it wrote. Throws kind `signed-out` when only the person
 * can help.
 */
export async function getSsoToken(parts: TokenParts, signIn: SignIn): Promise<SsoToken> {
  const { host } = parts;
  const token = await readSsoToken(host, signIn);
  if (token === undefined) throw signedOut('You are not signed in.');
  const isGood = (candidate: SsoToken) => candidate.expiresAt - host.now() >= shortestUse;
  if (token.expiresAt - host.now() >= refreshWindow) return token;
  if (!token.refreshable) {
    if (isGood(token)) return token;
    throw signedOut('Your sign-in has ended.');
  }
  try {
    return await refreshSsoToken(
      parts,
      tokenPlace(host, signIn),
      (found) => found.expiresAt - host.now() < refreshWindow,
    );
  } catch (error) {
    // Nobody needs to hear about a renewal that failed before it was needed.
    if (isGood(token) && !host.signal.aborted) return token;
    throw error;
  }
}

/** A token file and whose it is: all that renewing takes. */
export interface TokenPlace {
  readonly file: string;
  readonly startUrl: string;
  /** Of Identity Center, where the file does not say. */
  readonly region: string;
}

export function tokenPlace(host: Pick<Host, 'directories'>, signIn: SignIn): TokenPlace {
  return { file: tokenFile(host, signIn), startUrl: signIn.startUrl, region: signIn.region };
}

/**
 * Renews the token under a lock, unless `isNeeded` says of the token found then that somebody else has done it.
 * Throws `signed-out` when Identity Center refuses, `unreachable` when it can't be asked.
 */
export async function refreshSsoToken(
  parts: TokenParts,
  place: TokenPlace,
  isNeeded: (found: SsoToken) => boolean,
): Promise<SsoToken> {
  const { host } = parts;
  await ensurePrivateDirectory(host, ssoCacheDirectory(host));
  return withFileLock(host, place.file, async () => {
    const record = await readCacheFile(place.file);
    const token = record && parseToken(record, place);
    if (record === undefined || token === undefined) throw signedOut('You are not signed in.');
    if (!isNeeded(token)) return token;
    const grant = refreshGrant(record);
    if (grant === undefined) throw signedOut('Your sign-in has ended.');
    const aws = await parts.aws();
    const { createToken } = await import('../aws/sso-oidc.ts');
    try {
      const created = await createToken(aws, token.region, grant.client, {
        kind: 'refresh-token',
        refreshToken: grant.refreshToken,
      });
      return await writeToken(host, { ...place, region: token.region }, record, created, grant.client);
    } catch (error) {
      if (!refusals.has(awsErrorName(error) ?? '')) throw error;
      // The AWS CLI takes no lock: it may have used the refresh token up and written the next one.
      const latest = await readCacheFile(place.file);
      const again = latest && parseToken(latest, place);
      if (again !== undefined && again.accessToken.reveal() !== token.accessToken.reveal()) return again;
      throw signedOut('Your sign-in has ended.', error);
    }
  });
}

const refusals = new Set([
  'InvalidGrantException',
  'InvalidClientException',
  'UnauthorizedClientException',
  'ExpiredTokenException',
  'AccessDeniedException',
  'InvalidRequestException',
]);

/** What the cache holds for this sign-in, expired or not; undefined when nothing that can be used. */
export async function readSsoToken(
  host: Pick<Host, 'directories'>,
  signIn: SignIn,
): Promise<SsoToken | undefined> {
  const place = tokenPlace(host, signIn);
  const record = await readCacheFile(place.file);
  return record && parseToken(record, place);
}

/** After a sign-in: replaces whatever the file held. */
export async function saveSsoToken(
  host: TokenHost,
  signIn: SignIn,
  created: CreatedToken,
  client: RegisteredClient,
): Promise<SsoToken> {
  await ensurePrivateDirectory(host, ssoCacheDirectory(host));
  const place = tokenPlace(host, signIn);
  return withFileLock(host, place.file, () => writeToken(host, place, {}, created, client));
}

/** Under the lock, so that a process that is just renewing it can't bring it back. False: there was none. */
export async function removeSsoToken(host: TokenHost, file: string): Promise<boolean> {
  if ((await readTextFile(file)) === undefined) return false;
  return withFileLock(host, file, async () => {
    try {
      rmSync(file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw fileFailure(error, 'remove', file);
    }
  });
}

async function writeToken(
  host: TokenHost,
  place: TokenPlace,
  previous: CacheRecord,
  created: CreatedToken,
  client: RegisteredClient,
): Promise<SsoToken> {
  const { refreshToken: oldRefreshToken, ...kept } = previous;
  // The AWS CLI's order; then what others added. Identity Center may hand out the next refresh token or none.
  const record: CacheRecord = {
    startUrl: place.startUrl,
    region: place.region,
    accessToken: created.accessToken.reveal(),
    expiresAt: isoSeconds(host.now() + created.lifetime),
    clientId: client.clientId,
    clientSecret: client.clientSecret.reveal(),
    registrationExpiresAt: isoSeconds(client.expiresAt),
    refreshToken: created.refreshToken?.reveal() ?? oldRefreshToken,
  };
  const others = Object.fromEntries(Object.entries(kept).filter(([name]) => !(name in record)));
  await saveCacheFile(host, place.file, { ...record, ...others });
  return {
    accessToken: created.accessToken,
    region: place.region,
    expiresAt: host.now() + created.lifetime,
    refreshable: record.refreshToken !== undefined,
    registrationExpiresAt: client.expiresAt,
    file: place.file,
  };
}

function parseToken(record: CacheRecord, place: TokenPlace): SsoToken | undefined {
  const { accessToken, startUrl, region } = record;
  const expiresAt = parseCacheTime(record.expiresAt);
  if (typeof accessToken !== 'string' || accessToken === '' || expiresAt === undefined) return undefined;
  // A sso-session that was renamed or pointed elsewhere must not lend its old sign-in to the new place.
  if (typeof startUrl === 'string' && !isSameStartUrl(startUrl, place.startUrl)) return undefined;
  const grant = refreshGrant(record);
  return {
    accessToken: new Secret(accessToken),
    region: typeof region === 'string' && isRegionName(region) ? region : place.region,
    expiresAt,
    refreshable: grant !== undefined,
    registrationExpiresAt: grant?.client.expiresAt ?? parseCacheTime(record.registrationExpiresAt),
    file: place.file,
  };
}

/** Start URLs are copied from browsers: a final slash or `#/` means nothing. */
export function isSameStartUrl(one: string, other: string): boolean {
  const plain = (url: string) => url.replace(/\/?(?:#\/?)?$/, '').toLowerCase();
  return plain(one) === plain(other);
}

function refreshGrant(
  record: CacheRecord,
): { readonly client: RegisteredClient; readonly refreshToken: Secret } | undefined {
  const { clientId, clientSecret, refreshToken } = record;
  const expiresAt = parseCacheTime(record.registrationExpiresAt);
  if (typeof clientId !== 'string' || typeof clientSecret !== 'string') return undefined;
  if (typeof refreshToken !== 'string' || refreshToken === '' || expiresAt === undefined) return undefined;
  const client = { clientId, clientSecret: new Secret(clientSecret), expiresAt };
  return { client, refreshToken: new Secret(refreshToken) };
}

function signedOut(message: string, cause?: unknown): ForgeError {
  return new ForgeError('signed-out', message, { code: 'SIGNED_OUT', hint: 'forge login', cause });
}
