import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Organisation } from '../organisation.ts';
import { OidcFailure } from './oidc-failure.ts';

/** RegisterClient: public clients, good for 90 days. Source: IAM Identity Center OIDC API Reference. */
export interface Client {
  readonly id: string;
  readonly secret: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly grantTypes: readonly GrantType[];
  /** Loopback addresses without a port. */
  readonly redirectUris: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export type GrantType = (typeof grantTypes)[number];
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;

export interface Registration {
  readonly clientName: string;
  readonly clientType: string;
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[] | undefined;
  readonly redirectUris: readonly string[];
  readonly issuerUrl: string | undefined;
}

export interface Clients {
  register(registration: Registration): Client;
  find(id: string): Client | undefined;
  /** The client of a call that gives its secret; throws InvalidClient. */
  authenticate(id: string, secret: string): Client;
}

const lifetimeMs = 90 * 24 * 3600_000;
const knownScopes = ['sso:account:access'];

export function createClients(organisation: Organisation, now: () => number): Clients {
  const clients = new Map<string, Client>();
  return {
    register(registration) {
      check(registration, organisation.startUrl);
      const client: Client = {
        id: randomBytes(18).toString('base64url'),
        // AWS's is a long JWT; some length is part of the likeness, for files and headers.
        secret: `eyJraWQiOiJrZXktMTU2NDAyODA5OSIsImFsZyI6IkhTMzg0In0.${randomBytes(360).toString('base64url')}`,
        name: registration.clientName,
        scopes: registration.scopes,
        grantTypes: (registration.grantTypes as readonly GrantType[] | undefined) ?? grantTypes.slice(1),
        redirectUris: registration.redirectUris,
        issuedAt: now(),
        expiresAt: now() + lifetimeMs,
      };
      clients.set(client.id, client);
      return client;
    },
    find: (id) => clients.get(id),
    authenticate(id, secret) {
      const client = clients.get(id);
      if (!client || !sameSecret(client.secret, secret))
        throw new OidcFailure('InvalidClient', 'Invalid client');
      if (client.expiresAt <= now())
        throw new OidcFailure('InvalidClient', 'Client registration has expired');
      return client;
    },
  };
}

function check(registration: Registration, startUrl: string): void {
  const { redirectUris, issuerUrl } = registration;
  if (registration.clientType !== 'public') throw invalid('Only public clients can be registered');
  const unknownGrant = registration.grantTypes?.find(
    (type) => !(grantTypes as readonly string[]).includes(type),
  );
  if (unknownGrant !== undefined) throw new OidcFailure('UnsupportedGrantType', 'Unsupported grant type');
  const unknownScope = registration.scopes.find((scope) => !knownScopes.includes(scope));
  if (unknownScope !== undefined) throw new OidcFailure('InvalidScope', 'Invalid scope');
  if (registration.grantTypes?.includes('authorization_code')) {
    if (redirectUris.length === 0)
      throw invalid('redirectUris are required for the authorization code grant');
    if (issuerUrl === undefined) throw invalid('issuerUrl is required for the authorization code grant');
  }
  if (redirectUris.some((uri) => !isRegistrableRedirect(uri))) {
    throw new OidcFailure('InvalidRedirectUri', 'Redirect URIs must be loopback addresses without a port');
  }
  if (issuerUrl !== undefined && issuerUrl !== startUrl) {
    throw new OidcFailure('InvalidRequest', 'Issuer URL is not that of an Identity Center instance');
  }
}

function isRegistrableRedirect(text: string): boolean {
  return /^http:\/\/(127\.0\.0\.1|localhost)\/oauth\/callback$/.test(text);
}

/** The registered address that an actual one, with its port, belongs to. */
export function isRegisteredRedirect(client: Client, redirectUri: string): boolean {
  const [, before, port, after] = /^(http:\/\/[a-z0-9.]+):(\d{1,5})(\/[a-z/]+)$/.exec(redirectUri) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return false;
  return client.redirectUris.includes(`${before}${after}`);
}

function sameSecret(expected: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(given));
}

function invalid(description: string): OidcFailure {
  return new OidcFailure('InvalidClientMetadata', description);
}
