import { sha256 } from './document.ts';
import type { EvidencePiece } from './evidence.ts';
import { type Finding, type FindingCode, finding } from './findings.ts';
import type { SessionId } from './ids.ts';

/** One version of an object of the archive, as ListObjectVersions, GetObject and GetObjectRetention give it. */
export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  /** Epoch milliseconds. */
  readonly lastModified: number;
  readonly deleteMarker: boolean;
  /** Undefined: could not be read. Of files, which may be large, the digest does. */
  readonly bytes?: Uint8Array | undefined;
  readonly digest?: { readonly sha256: string; readonly bytes: number } | undefined;
  /** Of a person's evidence that can be read: what it says, or an outline of that. */
  readonly evidence?: EvidencePiece | undefined;
  /** Undefined: has no retention. `until` in epoch milliseconds. */
  readonly lock?: { readonly mode: string; readonly until: number } | undefined;
}

/**
 * What stands at a key: the first version that was written there. Whoever writes once more, or deletes, adds to the
 * versions; under the lock nobody can take the first away.
 */
export interface Standing {
  readonly key: string;
  readonly first: ObjectVersion | undefined;
  readonly findings: readonly Finding[];
}

/** Seconds and time zones of clocks: a lock may end so much before the day it should. */
const lockTolerance = 60_000;

/** What stands at each key, in the order of keys. `retentionDays`: how long at least each is locked from when it was written. */
export function standings(
  versions: Iterable<ObjectVersion>,
  retentionDays: number,
  sessionOf: (key: string) => SessionId | undefined,
): ReadonlyMap<string, Standing> {
  const byKey = new Map<string, ObjectVersion[]>();
  for (const version of versions) {
    const all = byKey.get(version.key);
    if (all === undefined) byKey.set(version.key, [version]);
    else all.push(version);
  }
  return new Map(
    [...byKey]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, all]) => [key, standing(key, all, retentionDays, sessionOf(key))]),
  );
}

function standing(
  key: string,
  all: readonly ObjectVersion[],
  retentionDays: number,
  session: SessionId | undefined,
): Standing {
  // S3 lists the newest first: of two in the same second the later in the list is the older.
  const written = all
    .filter((version) => !version.deleteMarker)
    .reverse()
    .sort((a, b) => a.lastModified - b.lastModified);
  const [first] = written;
  const found: FindingCode[] = [];
  if (written.length < all.length) found.push('delete-marker');
  if (written.length > 1) found.push('extra-version');
  if (first !== undefined) {
    const until = first.lastModified + retentionDays * 86_400_000 - lockTolerance;
    if (first.lock?.mode !== 'COMPLIANCE') found.push('unlocked');
    else if (!(first.lock.until >= until)) found.push('short-lock');
  }
  return { key, first, findings: found.map((code) => finding(code, key, session)) };
}

export const digestOf = (version: ObjectVersion): ObjectVersion['digest'] =>
  version.bytes === undefined
    ? version.digest
    : { sha256: sha256(version.bytes), bytes: version.bytes.length };
