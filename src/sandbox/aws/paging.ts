import { createHmac, randomBytes } from 'node:crypto';

/**
 * Opaque page tokens that are good for the listing they came from only. A client that makes up, mixes or edits
 * tokens is found out, as it would be by AWS.
 */
const secret = randomBytes(32);

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** Undefined: the token is not one of this listing. */
export function page<T>(
  all: readonly T[],
  listing: string,
  token: string | undefined,
  size: number,
): Page<T> | undefined {
  const start = token === undefined ? 0 : parseToken(listing, token);
  if (start === undefined) return undefined;
  const end = start + size;
  return { items: all.slice(start, end), next: end < all.length ? tokenFor(listing, end) : undefined };
}

function tokenFor(listing: string, offset: number): string {
  return Buffer.from(`${offset}.${mac(listing, offset)}`).toString('base64url');
}

function parseToken(listing: string, token: string): number | undefined {
  const [offset = '', given] = Buffer.from(token, 'base64url').toString().split('.');
  return given === mac(listing, Number(offset)) ? Number(offset) : undefined;
}

function mac(listing: string, offset: number): string {
  return createHmac('sha256', secret).update(`${listing}\n${offset}`).digest('hex');
}
