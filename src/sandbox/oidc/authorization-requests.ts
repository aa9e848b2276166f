import { isRegisteredRedirect } from './clients.ts';
import type { IdentityCenter } from './identity-center.ts';
import { randomToken } from './portal-session.ts';

/** GET /authorize: what a client asks a person for, kept until the person has answered. */
export interface AuthorizationRequest {
  readonly id: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly challenge: string;
  readonly expiresAt: number;
}

export interface AuthorizationRequests {
  find(id: string): AuthorizationRequest | undefined;
  /** Once answered it is gone. */
  take(id: string): AuthorizationRequest | undefined;
  open(query: ReadonlyMap<string, string>): Opened;
}

/**
 * `refused`: nobody may be sent to an address that the client did not register, so the person is told here.
 * `redirect`: the client is told at its own address, as OAuth 2.1 has it.
 */
export type Opened =
  | { readonly kind: 'opened'; readonly request: AuthorizationRequest }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'redirect'; readonly location: string };

const lifetimeMs = 10 * 60_000;
const mostOpen = 1000;

export function createAuthorizationRequests(
  center: IdentityCenter,
  now: () => number,
): AuthorizationRequests {
  const open = new Map<string, AuthorizationRequest>();
  const find = (id: string) => {
    const request = open.get(id);
    return request && request.expiresAt > now() ? request : undefined;
  };
  return {
    find,
    take(id) {
      const request = find(id);
      open.delete(id);
      return request;
    },
    open(query) {
      const client = center.clients.find(query.get('client_id') ?? '');
      if (!client || client.expiresAt <= now()) return refused('The application is not registered here.');
      if (!client.grantTypes.includes('authorization_code')) {
        return refused('The application is not registered for the authorization code grant.');
      }
      const redirectUri = query.get('redirect_uri') ?? '';
      if (!isRegisteredRedirect(client, redirectUri)) {
        return refused('The application asks to be answered at an address that it did not register.');
      }
      const state = query.get('state');
      const wrong = mistakeIn(query, client.scopes);
      if (wrong) {
        return {
          kind: 'redirect',
          location: callback(redirectUri, { error: wrong.error, error_description: wrong.text, state }),
        };
      }
      const request: AuthorizationRequest = {
        id: randomToken(18),
        clientId: client.id,
        clientName: client.name,
        redirectUri,
        state,
        challenge: query.get('code_challenge') ?? '',
        expiresAt: now() + lifetimeMs,
      };
      const [oldest] = open.keys();
      if (open.size >= mostOpen && oldest !== undefined) open.delete(oldest);
      open.set(request.id, request);
      return { kind: 'opened', request };
    },
  };
}

/** The registered address with the answer in its query. */
export function callback(redirectUri: string, answer: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

function mistakeIn(
  query: ReadonlyMap<string, string>,
  registeredScopes: readonly string[],
): { error: string; text: string } | undefined {
  const invalid = (text: string) => ({ error: 'invalid_request', text });
  if (query.get('response_type') !== 'code') {
    return { error: 'unsupported_response_type', text: 'response_type must be code' };
  }
  if (query.get('code_challenge_method') !== 'S256') return invalid('code_challenge_method must be S256');
  if (!/^[A-Za-z0-9_-]{43}$/.test(query.get('code_challenge') ?? '')) {
    return invalid('code_challenge must be 43 characters of base64url');
  }
  // AWS's name is scopes, not scope.
  const scopes = (query.get('scopes') ?? '').split(' ').filter((scope) => scope !== '');
  if (scopes.length === 0) return invalid('scopes is missing');
  if (scopes.some((scope) => !registeredScopes.includes(scope))) {
    return { error: 'invalid_scope', text: 'the client did not register one of the scopes' };
  }
  return undefined;
}

function refused(why: string): Opened {
  return { kind: 'refused', why };
}
