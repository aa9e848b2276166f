import type { Aws } from '../aws/clients.ts';
import { type RegisteredClient, registerClient } from '../aws/sso-oidc.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import { Secret } from '../lib/secret.ts';
import type { ResolvedSignIn } from './sign-in.ts';
import {
  type CacheHost,
  parseCacheTime,
  readCacheFile,
  registrationFile,
  saveCacheFile,
} from './sso-cache-file.ts';

/** The two ways to sign in need two kinds of OAuth client. */
export type SignInFlow = 'browser' | 'device-code';

/** Registered without a port: loopback redirects may add any (RFC 8252, 7.3). */
export const redirectUriWithoutPort = 'http://127.0.0.1/oauth/callback';

/** One that is about to end would end with the refresh tokens that depend on it. */
const shortestUse = 15 * 60_000;

/** The OAuth client that forge is to Identity Center: the cached one, which `aws sso login` uses too, or a new one. */
export async function getRegistration(
  parts: { readonly host: CacheHost; readonly aws: Aws },
  signIn: ResolvedSignIn,
  flow: SignInFlow,
  options: { readonly fresh: boolean },
): Promise<RegisteredClient> {
  const { host, aws } = parts;
  const file = registrationFile(host, signIn);
  const found = options.fresh ? undefined : await readRegistration(file, flow);
  if (found !== undefined && found.expiresAt - aws.now() >= shortestUse) return found;
  const registered = await registerClient(aws, signIn.region, {
    clientName: 'forge',
    scopes: signIn.scopes,
    authorizationCode:
      flow === 'browser' ? { redirectUri: redirectUriWithoutPort, issuerUrl: signIn.issuerUrl } : undefined,
  });
  await saveCacheFile(host, file, {
    clientId: registered.clientId,
    clientSecret: registered.clientSecret.reveal(),
    expiresAt: isoSeconds(registered.expiresAt),
    ...(signIn.scopes.length === 0 ? {} : { scopes: signIn.scopes }),
    ...(flow === 'browser' ? { grantTypes: ['authorization_code', 'refresh_token'] } : {}),
  });
  return registered;
}

/** The AWS CLI notes grant types only for clients of the authorization code flow. */
async function readRegistration(file: string, flow: SignInFlow): Promise<RegisteredClient | undefined> {
  const record = await readCacheFile(file);
  const { clientId, clientSecret, grantTypes } = record ?? {};
  const expiresAt = parseCacheTime(record?.expiresAt);
  if (typeof clientId !== 'string' || typeof clientSecret !== 'string' || expiresAt === undefined) {
    return undefined;
  }
  const forBrowser = Array.isArray(grantTypes) && grantTypes.includes('authorization_code');
  if (forBrowser !== (flow === 'browser')) return undefined;
  return { clientId, clientSecret: new Secret(clientSecret), expiresAt };
}
