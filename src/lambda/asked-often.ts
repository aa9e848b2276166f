import { parseRequestKey } from '../breakglass/protocol/keys.ts';
import type { Listed } from './ports.ts';

/** So many requests of one person within an hour are told one by one: more would bury what else is said there. */
export const toldAnHour = 20;

const hourMs = 3_600_000;

/** Hours since 1970, by the bucket's clock. */
export const askedInHour = (lastModified: number): number => Math.floor(lastModified / hourMs);

/**
 * Keys of the requests that are told one by one: of each person and hour the first. It is what is in the bucket that decides, so
 * that whoever asks it, and how often, comes to the same.
 */
export function toldOneByOne(listed: readonly Listed[]): ReadonlySet<string> {
  const counted = new Map<string, number>();
  const told = new Set<string>();
  const inOrder = [...listed].sort(
    (one, other) => one.lastModified - other.lastModified || (one.key < other.key ? -1 : 1),
  );
  for (const { key, lastModified } of inOrder) {
    const place = parseRequestKey(key);
    if (place === undefined) continue;
    const slot = `${place.userId} ${askedInHour(lastModified)}`;
    const count = (counted.get(slot) ?? 0) + 1;
    counted.set(slot, count);
    if (count <= toldAnHour) told.add(key);
  }
  return told;
}
