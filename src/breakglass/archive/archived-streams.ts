import { type JournalRecord, parseRecord } from '../../audit/journal-record.ts';
import { getObject, type ListedVersion } from '../../aws/s3.ts';
import type { AccessAccount } from '../access-account.ts';
import { checkEvidence } from '../evidence/evidence-bound.ts';
import { type EvidencePiece, evidencePieceBytes, journalPart, parseEvidence } from '../protocol/evidence.ts';
import type { SessionId } from '../protocol/ids.ts';
import { parseFileKey } from '../protocol/keys.ts';
import { findArchivedSession } from './archive-sessions.ts';

/** A stream file, put together again from the pieces in which the person's own forge delivered it. */
export interface ArchivedStream {
  readonly name: string;
  readonly bytes: Buffer;
  /** False: pieces between others are missing. */
  readonly whole: boolean;
}

export interface ArchivedStreams {
  /** By name. */
  readonly streams: readonly ArchivedStream[];
  /** Of the journal, as far as it was delivered. */
  readonly events: readonly JournalRecord['event'][];
}

/** Those of one session. Throws what findArchivedSession throws, and EVIDENCE_TOO_LARGE. */
export async function archivedStreams(
  account: AccessAccount,
  bucket: string,
  typed: string,
): Promise<ArchivedStreams & { readonly session: SessionId }> {
  const { id: session, versions } = await findArchivedSession(account, bucket, typed);
  const files = firstVersions(versions);
  checkEvidence(bucket, session, files);
  const pieces: EvidencePiece[] = [];
  for (const { key, versionId } of files) {
    const { aws, region, keys } = await account();
    const object = await getObject(aws, region, keys, { bucket, key, versionId, limit: evidencePieceBytes });
    const piece = object && parseEvidence(Buffer.from(object.bytes).toString('utf8'));
    if (piece !== undefined) pieces.push(piece);
  }
  return { session, ...assembleStreams(pieces) };
}

/** Of each file the version that was there first: whoever writes again only adds. */
function firstVersions(versions: readonly ListedVersion[]): readonly ListedVersion[] {
  const first = new Map<string, ListedVersion>();
  for (const version of versions) {
    if (version.deleteMarker || version.size > evidencePieceBytes || parseFileKey(version.key) === undefined)
      continue;
    const known = first.get(version.key);
    // S3 lists the newest first.
    if (known === undefined || version.lastModified <= known.lastModified) first.set(version.key, version);
  }
  return [...first.values()];
}

/** `pieces` in any order, also twice. */
export function assembleStreams(pieces: readonly EvidencePiece[]): ArchivedStreams {
  const events: JournalRecord['event'][] = [];
  const streams = new Map<string, { readonly offset: number; readonly text: string }[]>();
  for (const { of, offset = 0, lines } of pieces.flatMap(({ parts }) => parts)) {
    if (of === journalPart) {
      for (const line of lines)
        events.push(...[parseRecord(line)?.event].filter((event) => event !== undefined));
    } else {
      const parts = streams.get(of) ?? [];
      parts.push({ offset, text: lines.map((line) => `${line}\n`).join('') });
      streams.set(of, parts);
    }
  }
  return {
    events,
    streams: [...streams]
      .map(([name, parts]) => ({ name, ...joined(parts) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

function joined(parts: readonly { readonly offset: number; readonly text: string }[]) {
  const found: Buffer[] = [];
  let size = 0;
  let whole = true;
  for (const { offset, text } of [...parts].sort((one, other) => one.offset - other.offset)) {
    if (offset < size) continue;
    if (offset > size) whole = false;
    const bytes = Buffer.from(text);
    found.push(bytes);
    size = offset + bytes.length;
  }
  return { bytes: Buffer.concat(found), whole };
}
