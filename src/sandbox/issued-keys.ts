import { createHash, randomBytes } from 'node:crypto';
import type { IssuedKeys, Principal } from './principal.ts';

/** Every key the stand-in gave out, by access key id. */
export interface KeyStore {
  find(accessKeyId: string): IssuedKeys | undefined;
  /** Temporary keys (ASIA…) with a session token of the length AWS's have. */
  issueTemporary(principal: Principal, lifetimeSeconds: number): IssuedKeys & { readonly expiresAt: number };
  /** An IAM user's keys (AKIA…), without an end. */
  issueLongTerm(principal: Principal): IssuedKeys;
  delete(accessKeyId: string): void;
  all(): readonly IssuedKeys[];
}

export function createKeyStore(now: () => number): KeyStore {
  const keys = new Map<string, IssuedKeys>();
  const remember = <T extends IssuedKeys>(issued: T): T => {
    keys.set(issued.accessKeyId, issued);
    return issued;
  };
  return {
    find: (accessKeyId) => keys.get(accessKeyId),
    issueTemporary: (principal, lifetimeSeconds) =>
      remember({
        accessKeyId: uniqueId('ASIA', randomBytes(16)),
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: `IQoJb3JpZ2luX2Vj${randomBytes(664).toString('base64')}`,
        issuedAt: now(),
        // AWS gives whole seconds; rounding up would let a key live longer than asked.
        expiresAt: Math.floor(now() / 1000) * 1000 + lifetimeSeconds * 1000,
        principal,
      }),
    issueLongTerm: (principal) =>
      remember({
        accessKeyId: uniqueId('AKIA', randomBytes(16)),
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: undefined,
        issuedAt: now(),
        expiresAt: undefined,
        principal,
      }),
    delete: (accessKeyId) => void keys.delete(accessKeyId),
    all: () => [...keys.values()],
  };
}

/** AROA…, AIDA…, ASIA…: four letters of kind and sixteen of base 32, as IAM makes them. */
export function uniqueId(kind: string, bytes: Buffer): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return kind + Array.from(bytes.subarray(0, 16), (byte) => letters[byte & 31]).join('');
}

/** The same id in every sandbox for the same thing, so that transcripts can show it. */
export function derivedId(kind: string, name: string): string {
  return uniqueId(kind, createHash('sha256').update(`${kind}:${name}`).digest());
}

/** Lower-case hex derived from a name: role suffixes, resource ids. */
export function derivedHex(name: string, length: number): string {
  return createHash('sha256').update(name).digest('hex').slice(0, length);
}
