import { randomInt } from 'node:crypto';
import { type PortalSession, randomToken } from './portal-session.ts';

/** Device authorization, RFC 8628, with AWS's figures. */
export interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly clientId: string;
  readonly expiresAt: number;
  state: 'pending' | { readonly approvedBy: PortalSession } | 'denied' | 'used';
  lastPollAt: number | undefined;
}

export interface DeviceAuthorizations {
  start(clientId: string): DeviceAuthorization;
  findByDeviceCode(code: string): DeviceAuthorization | undefined;
  /** Waiting for a person, as they typed it: case and hyphen do not matter. */
  findPending(userCode: string): DeviceAuthorization | undefined;
  /** Counts a poll; true when it came sooner after the last one than the interval allows. */
  polledTooSoon(authorization: DeviceAuthorization): boolean;
}

export const deviceCodeSeconds = 600;
export const pollingIntervalSeconds = 1;
/** Timers fire a little early and networks are uneven; a client that keeps to the interval must never trip. */
const graceMs = 100;

export function createDeviceAuthorizations(now: () => number, hostNow: () => number): DeviceAuthorizations {
  const all = new Map<string, DeviceAuthorization>();
  return {
    start(clientId) {
      const authorization: DeviceAuthorization = {
        deviceCode: randomToken(96),
        userCode: randomUserCode(),
        clientId,
        expiresAt: now() + deviceCodeSeconds * 1000,
        state: 'pending',
        lastPollAt: undefined,
      };
      all.set(authorization.deviceCode, authorization);
      return authorization;
    },
    findByDeviceCode: (code) => all.get(code),
    findPending(userCode) {
      const wanted = userCode.toUpperCase().replace(/[^A-Z]/g, '');
      return [...all.values()].find(
        (entry) =>
          entry.state === 'pending' && entry.expiresAt > now() && entry.userCode.replace('-', '') === wanted,
      );
    },
    polledTooSoon(authorization) {
      const last = authorization.lastPollAt;
      authorization.lastPollAt = hostNow();
      return last !== undefined && hostNow() - last < pollingIntervalSeconds * 1000 - graceMs;
    },
  };
}

/** No vowels, so that no words, and nothing that looks like a digit. */
function randomUserCode(): string {
  const letters = 'BCDFGHJKLMNPQRSTVWXZ';
  const four = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return `${four()}-${four()}`;
}
