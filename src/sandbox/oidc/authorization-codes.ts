import { createHash } from 'node:crypto';
import { type IssuedTokens, type PortalSession, randomToken } from './portal-session.ts';

/** What an authorization code stands for. Source: RFC 6749 §4.1, RFC 7636 (only S256). */
export interface CodeGrant {
  readonly clientId: string;
  /** With its port: CreateToken must repeat it exactly. */
  readonly redirectUri: string;
  readonly challenge: string;
  readonly session: PortalSession;
}

export interface AuthorizationCodes {
  create(grant: CodeGrant): string;
  /**
   * The grant, once: a code is spent by the first attempt, whether it succeeds or not. `replayed`: it had been
   * used before, and these tokens had come of it.
   */
  take(code: string): { grant: CodeGrant } | { replayed: IssuedTokens } | undefined;
  /** Remembers what came of a code, to take it back should the code be used again. */
  remember(code: string, tokens: IssuedTokens): void;
}

const lifetimeMs = 10 * 60_000;

export function createAuthorizationCodes(now: () => number): AuthorizationCodes {
  const open = new Map<string, { grant: CodeGrant; expiresAt: number }>();
  const used = new Map<string, IssuedTokens>();
  return {
    create(grant) {
      const code = randomToken(48);
      open.set(code, { grant, expiresAt: now() + lifetimeMs });
      return code;
    },
    take(code) {
      const entry = open.get(code);
      open.delete(code);
      if (entry) return entry.expiresAt > now() ? { grant: entry.grant } : undefined;
      const replayed = used.get(code);
      return replayed ? { replayed } : undefined;
    },
    remember: (code, tokens) => void used.set(code, tokens),
  };
}

/** RFC 7636 §4.6 with the verifier's alphabet and length of §4.1. */
export function verifierFits(verifier: string, challenge: string): boolean {
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)) return false;
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}
