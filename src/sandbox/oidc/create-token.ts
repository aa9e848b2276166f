import { verifierFits } from './authorization-codes.ts';
import type { Client } from './clients.ts';
import type { IdentityCenter } from './identity-center.ts';
import { OidcFailure } from './oidc-failure.ts';
import type { IssuedTokens } from './portal-session.ts';

/** CreateToken, its three grants. Source: IAM Identity Center OIDC API Reference. */
export interface TokenRequest {
  readonly grantType: string;
  readonly code: string | undefined;
  readonly codeVerifier: string | undefined;
  readonly redirectUri: string | undefined;
  readonly deviceCode: string | undefined;
  readonly refreshToken: string | undefined;
}

export function createToken(
  center: IdentityCenter,
  client: Client,
  request: TokenRequest,
  now: number,
): IssuedTokens {
  switch (request.grantType) {
    case 'authorization_code':
      allowGrant(client, 'authorization_code');
      return fromCode(center, client, request);
    case 'refresh_token':
      allowGrant(client, 'refresh_token');
      return fromRefreshToken(center, client, request);
    case 'urn:ietf:params:oauth:grant-type:device_code':
      allowGrant(client, 'urn:ietf:params:oauth:grant-type:device_code');
      return fromDeviceCode(center, client, request, now);
    default:
      throw new OidcFailure('UnsupportedGrantType', 'Unsupported grant type');
  }
}

function fromCode(center: IdentityCenter, client: Client, request: TokenRequest): IssuedTokens {
  const code = required(request.code, 'code');
  const redirectUri = required(request.redirectUri, 'redirectUri');
  const codeVerifier = required(request.codeVerifier, 'codeVerifier');
  const taken = center.codes.take(code);
  if (taken && 'replayed' in taken) center.revokeTokens(taken.replayed);
  if (!taken || 'replayed' in taken) throw invalidGrant();
  const { grant } = taken;
  if (
    grant.clientId !== client.id ||
    grant.redirectUri !== redirectUri ||
    !verifierFits(codeVerifier, grant.challenge) ||
    !center.findPortalSession(grant.session.id)
  ) {
    throw invalidGrant();
  }
  const tokens = center.issueTokens(grant.session, client.id, isRefreshable(client));
  center.codes.remember(code, tokens);
  return tokens;
}

function fromRefreshToken(center: IdentityCenter, client: Client, request: TokenRequest): IssuedTokens {
  const tokens = center.refresh(required(request.refreshToken, 'refreshToken'), client.id);
  if (!tokens) throw new OidcFailure('InvalidGrant', 'Invalid refresh token provided');
  return tokens;
}

function fromDeviceCode(
  center: IdentityCenter,
  client: Client,
  request: TokenRequest,
  now: number,
): IssuedTokens {
  const authorization = center.devices.findByDeviceCode(required(request.deviceCode, 'deviceCode'));
  if (!authorization || authorization.clientId !== client.id || authorization.state === 'used') {
    throw new OidcFailure('InvalidGrant', 'Invalid device code provided');
  }
  if (authorization.expiresAt <= now) throw new OidcFailure('ExpiredToken', 'Device code has expired');
  if (center.devices.polledTooSoon(authorization)) {
    throw new OidcFailure('SlowDown', 'The client is polling faster than the interval allows');
  }
  if (authorization.state === 'pending') {
    throw new OidcFailure('AuthorizationPending', 'The authorization request is still pending');
  }
  if (authorization.state === 'denied')
    throw new OidcFailure('AccessDenied', 'The person refused the request');
  const { approvedBy } = authorization.state;
  authorization.state = 'used';
  if (!center.findPortalSession(approvedBy.id)) throw invalidGrant();
  return center.issueTokens(approvedBy, client.id, isRefreshable(client));
}

/** AWS gives a refresh token only where the scope was asked for; without, sign-in lasts one access token. */
function isRefreshable(client: Client): boolean {
  return client.grantTypes.includes('refresh_token') && client.scopes.includes('sso:account:access');
}

function allowGrant(client: Client, grantType: Client['grantTypes'][number]): void {
  if (!client.grantTypes.includes(grantType)) {
    throw new OidcFailure('UnauthorizedClient', 'The client is not registered for this grant type');
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '')
    throw new OidcFailure('InvalidRequest', `Missing or empty ${name}`);
  return value;
}

function invalidGrant(): OidcFailure {
  return new OidcFailure('InvalidGrant', 'Invalid grant provided');
}
