import type { Organisation, Person } from '../organisation.ts';
import { type AuthorizationCodes, createAuthorizationCodes } from './authorization-codes.ts';
import { type Clients, createClients } from './clients.ts';
import { createDeviceAuthorizations, type DeviceAuthorizations } from './device-authorizations.ts';
import { type AccessToken, type IssuedTokens, type PortalSession, randomToken } from './portal-session.ts';

/**
 * Identity Center's memory: registered clients, people signed in at the portal, and the tokens made from that.
 * Everything that hangs on a portal session ends with it.
 */
export interface IdentityCenter {
  readonly clients: Clients;
  readonly codes: AuthorizationCodes;
  readonly devices: DeviceAuthorizations;
  /** A person has signed in at the portal: lasts 8 hours, or until Logout. */
  openPortalSession(person: Person): PortalSession;
  /** A live one. */
  findPortalSession(id: string | undefined): PortalSession | undefined;
  endPortalSession(session: PortalSession): void;
  issueTokens(session: PortalSession, clientId: string, refreshable: boolean): IssuedTokens;
  findAccessToken(token: string): AccessToken | undefined;
  /** The live grant behind a refresh token of this client; new tokens come from it. */
  refresh(token: string, clientId: string): IssuedTokens | undefined;
  /** Takes back what was issued from one authorization code that came back a second time. */
  revokeTokens(tokens: IssuedTokens): void;
  setRefreshRotation(on: boolean): void;
}

const portalSessionMs = 8 * 3600_000;
const accessTokenMs = 3600_000;

export function createIdentityCenter(
  organisation: Organisation,
  now: () => number,
  hostNow: () => number,
): IdentityCenter {
  const sessions = new Map<string, PortalSession>();
  const accessTokens = new Map<string, AccessToken>();
  const refreshTokens = new Map<string, { session: PortalSession; clientId: string }>();
  let rotation = false;
  const isLive = (session: PortalSession) =>
    sessions.get(session.id) === session && session.expiresAt > now();

  const center: IdentityCenter = {
    clients: createClients(organisation, now),
    codes: createAuthorizationCodes(now),
    devices: createDeviceAuthorizations(now, hostNow),
    openPortalSession(person) {
      const session = { id: randomToken(24), person, expiresAt: now() + portalSessionMs };
      sessions.set(session.id, session);
      return session;
    },
    findPortalSession(id) {
      const session = id === undefined ? undefined : sessions.get(id);
      return session && isLive(session) ? session : undefined;
    },
    endPortalSession(session) {
      sessions.delete(session.id);
      for (const [token, entry] of accessTokens) if (entry.session === session) accessTokens.delete(token);
      for (const [token, entry] of refreshTokens) if (entry.session === session) refreshTokens.delete(token);
    },
    issueTokens(session, clientId, refreshable) {
      const accessToken = `aoa${randomToken(240)}`;
      const expiresAt = Math.min(now() + accessTokenMs, session.expiresAt);
      accessTokens.set(accessToken, { session, clientId, expiresAt });
      const refreshToken = refreshable ? `aor${randomToken(240)}` : undefined;
      if (refreshToken !== undefined) refreshTokens.set(refreshToken, { session, clientId });
      return { accessToken, refreshToken, expiresInSeconds: Math.floor((expiresAt - now()) / 1000) };
    },
    findAccessToken(token) {
      const found = accessTokens.get(token);
      return found && found.expiresAt > now() && isLive(found.session) ? found : undefined;
    },
    refresh(token, clientId) {
      const grant = refreshTokens.get(token);
      if (!grant || grant.clientId !== clientId || !isLive(grant.session)) return undefined;
      if (!rotation) return { ...center.issueTokens(grant.session, clientId, false), refreshToken: token };
      refreshTokens.delete(token);
      return center.issueTokens(grant.session, clientId, true);
    },
    revokeTokens({ accessToken, refreshToken }) {
      accessTokens.delete(accessToken);
      if (refreshToken !== undefined) refreshTokens.delete(refreshToken);
    },
    setRefreshRotation(on) {
      rotation = on;
    },
  };
  return center;
}
