/**
 * The names of things: requests, sessions, people, groups. Every id has exactly one spelling, so that comparing
 * strings is comparing things, and no id can be anything but one part of an S3 key.
 */

/** `BG-<ulid>`: a request, and the session that it became. */
export type RequestId = `BG-${string}`;
/** `BG-<ulid>`; `EV-<CloudTrail event id>` of a role that was assumed (tier 0 and 3); `UN-<…>` of a grant nobody asked for. */
export type SessionId = RequestId | `EV-${string}` | `UN-${string}`;

/** Crockford's base 32: no I, L, O, U. https://www.crockford.com/base32.html */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const requestPattern = /^BG-[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** Ids of the identity store are UUIDs, in older stores with the store's number in front. */
const storeIdPattern = new RegExp(`^(?:[0-9a-f]{10}-)?${uuid}$`);
const eventPattern = new RegExp(`^EV-${uuid}$`);
const unsanctionedPattern = new RegExp(`^UN-(?:[0-9a-f]{10}-)?${uuid}$`);

/**
 * A request's id: 48 bits of time, then 80 of chance, as a ULID (https://github.com/ulid/spec), so ids sort by
 * the time at which they were made. `now` in epoch milliseconds; `random` has at least 10 bytes.
 */
export function newRequestId(now: number, random: Uint8Array): RequestId {
  if (random.length < 10) throw new RangeError('An id needs 10 random bytes.');
  let bits = BigInt(Math.min(Math.max(0, Math.trunc(now)), 2 ** 48 - 1));
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let digit = 0; digit < 26; digit++, bits >>= 5n) text = `${alphabet[Number(bits & 31n)]}${text}`;
  return `BG-${text}`;
}

export const isRequestId = (text: string): text is RequestId => requestPattern.test(text);

export const isSessionId = (text: string): text is SessionId =>
  requestPattern.test(text) || eventPattern.test(text) || unsanctionedPattern.test(text);

/** User, group and membership ids of an identity store. https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_GroupMembership.html */
export const isIdentityStoreId = (text: string): boolean => storeIdPattern.test(text);

/** What people type: the kind and the last four characters, `bg-7f3k`. */
export const shortId = (id: SessionId): string => shorten(id, 4);

/** The shortest name of `id`, of four characters or more, that none of `others` answers to. */
export function shortIdAmong(id: SessionId, others: Iterable<SessionId>): string {
  const rest = [...others].filter((other) => other !== id);
  for (let length = 4; length <= 26; length++) {
    const short = shorten(id, length);
    if (!rest.some((other) => matchesShortId(short, other))) return short;
  }
  return id;
}

/**
 * Whether `typed` names `id`: in full, or shortened to four characters or more of its end; in any case, and with
 * the letters that Crockford's alphabet lacks read as the digits they look like.
 */
export function matchesShortId(typed: string, id: SessionId): boolean {
  const [, kind, end] = /^(bg|ev|un)-([0-9a-z-]{4,60})$/.exec(typed.trim().toLowerCase()) ?? [];
  if (kind === undefined || end === undefined || !id.toLowerCase().startsWith(`${kind}-`)) return false;
  const meant = kind === 'bg' ? end.replace(/[il]/g, '1').replaceAll('o', '0') : end;
  return id.slice(3).toLowerCase().endsWith(meant);
}

function shorten(id: SessionId, length: number): string {
  return `${id.slice(0, 3)}${id.slice(3).slice(-length)}`.toLowerCase();
}
