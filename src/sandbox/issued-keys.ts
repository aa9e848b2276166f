import { createHash, randomBytes } from 'node:crypto';
import type { IssuedKeys, Principal } from './principal.ts';

/** Every key the stand-in gave out, by access key id. */
export interface KeyStore {
  find(accessKeyId: string): IssuedKeys | undefined;
  /** Temporary keys (ASIA…) with a session token of the length AWS's have. */
  issueTemporary(principal: Principal, lifetimeSeconds: number): IssuedKeys & { readonly expiresAt: number };
  /** An IAM user's keys (AKIA…), without an end; they work `settlingMs` from now on. */
  issueLongTerm(principal: Principal, settlingMs?: number): IssuedKeys;
  delete(accessKeyId: string): void;
  all(): readonly IssuedKeys[];
  setActive(accessKeyId: string, active: boolean): void;
  isActive(accessKeyId: string): boolean;
  /** Active, and known everywhere: new keys of AWS are not at once. */
  works(accessKeyId: string): boolean;
  noteUse(accessKeyId: string, use: KeyUse): void;
  lastUse(accessKeyId: string): KeyUse | undefined;
}

/** GetAccessKeyLastUsed's answer. */
export interface KeyUse {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly service: string;
  readonly region: string;
}

export function createKeyStore(now: () => number): KeyStore {
  const keys = new Map<string, IssuedKeys>();
  const inactive = new Set<string>();
  const worksFrom = new Map<string, number>();
  const uses = new Map<string, KeyUse>();
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
    issueLongTerm(principal, settlingMs = 0) {
      const issued = remember({
        accessKeyId: uniqueId('AKIA', randomBytes(16)),
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: undefined,
        issuedAt: now(),
        expiresAt: undefined,
        principal,
      });
      worksFrom.set(issued.accessKeyId, now() + settlingMs);
      return issued;
    },
    delete: (accessKeyId) => void keys.delete(accessKeyId),
    all: () => [...keys.values()],
    setActive: (accessKeyId, active) =>
      void (active ? inactive.delete(accessKeyId) : inactive.add(accessKeyId)),
    isActive: (accessKeyId) => !inactive.has(accessKeyId),
    works: (accessKeyId) => !inactive.has(accessKeyId) && now() >= (worksFrom.get(accessKeyId) ?? 0),
    noteUse: (accessKeyId, use) => void uses.set(accessKeyId, use),
    lastUse: (accessKeyId) => uses.get(accessKeyId),
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
