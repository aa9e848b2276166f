import { randomBytes } from 'node:crypto';
import type { Person } from '../organisation.ts';

/** A person signed in at the portal, in one browser. */
export interface PortalSession {
  readonly id: string;
  readonly person: Person;
  readonly expiresAt: number;
}

export interface AccessToken {
  readonly session: PortalSession;
  readonly clientId: string;
  readonly expiresAt: number;
}

export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresInSeconds: number;
}

/** Unguessable, and safe in URLs and headers. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
