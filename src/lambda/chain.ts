import type { SessionId } from '../breakglass/protocol/ids.ts';
import { parseRecordKey, sessionPrefix } from '../breakglass/protocol/keys.ts';
import {
  type ArchiveRecord,
  encodeRecord,
  parseRecord,
  type RecordEntry,
} from '../breakglass/protocol/record.ts';
import { ForgeError } from '../errors.ts';
import type { Archive, ArchiveVersion } from './ports.ts';

/** A session's records in order, and the bytes of the last. */
export interface Chain {
  readonly id: SessionId;
  readonly records: readonly ArchiveRecord[];
  readonly last: Uint8Array | undefined;
}

/** What stands at each key: the version that was written first. Whatever came later is tampering, for the verifier. */
export function firstVersions(versions: readonly ArchiveVersion[]): readonly ArchiveVersion[] {
  const first = new Map<string, ArchiveVersion>();
  // Newest first: what is met last is the oldest.
  for (const version of versions) if (!version.deleteMarker) first.set(version.key, version);
  return [...first.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export async function readChain(archive: Archive, id: SessionId): Promise<Chain> {
  // `0`: records, not the files beside them, of which there may be thousands.
  const versions = firstVersions(await archive.versions(`${sessionPrefix(id)}0`));
  const records: ArchiveRecord[] = [];
  let last: Uint8Array | undefined;
  for (const { key, versionId } of versions) {
    if (parseRecordKey(key)?.seq !== records.length) throw broken(key, 'a record is missing before it');
    last = await archive.get(key, versionId);
    const parsed = parseRecord(last);
    if (!parsed.ok) throw broken(key, parsed.problem);
    records.push(parsed.value);
  }
  return { id, records, last };
}

/** So many others may write to the same session while one record is written. */
const mostRaces = 50;

/**
 * Adds the record that `decide` wants after the chain as it stands; nothing when it wants none: what is written already is
 * not written twice, whoever wrote it. When another writer takes the place, it is asked again with the longer chain.
 */
export async function appendRecord(
  archive: Archive,
  id: SessionId,
  decide: (chain: Chain) => RecordEntry | undefined,
): Promise<Chain> {
  for (let race = 0; race < mostRaces; race++) {
    const chain = await readChain(archive, id);
    const entry = decide(chain);
    if (entry === undefined) return chain;
    const encoded = encodeRecord(id, chain.last, entry);
    if (!(await archive.put(encoded.key, encoded.bytes))) continue;
    const parsed = parseRecord(encoded.bytes);
    if (!parsed.ok) throw broken(encoded.key, parsed.problem);
    return { id, records: [...chain.records, parsed.value], last: encoded.bytes };
  }
  throw new ForgeError('failed', `Others kept writing to ${id}.`, { code: 'CHAIN_BUSY' });
}

function broken(key: string, problem: string): ForgeError {
  return new ForgeError('failed', `The records can't be continued at ${key}: ${problem}.`, {
    code: 'BROKEN_CHAIN',
  });
}
