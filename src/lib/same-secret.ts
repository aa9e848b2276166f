import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from './secret.ts';

/** In a time that says nothing about where they differ. */
export function isSameSecret(given: string, secret: Secret): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(given), digest(secret.reveal()));
}
