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
  /** Something else was delivered for a place in it, too. `bytes` have what was archived first; verification names the line. */
  readonly another: boolean;
}

export interface ArchivedStreams {
  /** By name. */
  readonly streams: readonly ArchivedStream[];
  /** Of the journal, as far as it was delivered; what was archived first comes first. */
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
  const pieces: ArchivedPiece[] = [];
  for (const { key, versionId, lastModified: archivedAt } of files) {
    const { aws, region, keys } = await account();
    const object = await getObject(aws, region, keys, { bucket, key, versionId, limit: evidencePieceBytes });
    const piece = object && parseEvidence(Buffer.from(object.bytes).toString('utf8'));
    if (piece !== undefined) pieces.push({ piece, archivedAt });
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

export interface ArchivedPiece {
  readonly piece: EvidencePiece;
  /** When its first version came, epoch milliseconds: by S3's clock, in whole seconds. */
  readonly archivedAt: number;
}

/** `pieces` in any order, also twice. Whoever delivers something else later only adds: what was archived first is shown. */
export function assembleStreams(pieces: readonly ArchivedPiece[]): ArchivedStreams {
  const events: JournalRecord['event'][] = [];
  const streams = new Map<string, StreamLines>();
  const ordered = [...pieces].sort(inOrder).map(({ piece }) => piece);
  for (const { of, offset = 0, lines } of ordered.flatMap(({ parts }) => parts)) {
    if (of === journalPart) {
      for (const line of lines)
        events.push(...[parseRecord(line)?.event].filter((event) => event !== undefined));
    } else {
      const stream = streams.get(of) ?? new StreamLines();
      streams.set(of, stream);
      stream.add(offset, lines);
    }
  }
  return {
    events,
    streams: [...streams]
      .map(([name, lines]) => ({ name, ...lines.joined() }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

/** Within a second as the machine delivered them; of two machines, always the same one first. */
function inOrder(one: ArchivedPiece, other: ArchivedPiece): number {
  const [a, b] = [one.piece, other.piece];
  const byWriter = a.writer < b.writer ? -1 : Number(a.writer > b.writer);
  return one.archivedAt - other.archivedAt || byWriter || a.piece - b.piece;
}

interface StreamLine {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

class StreamLines {
  /** By where they begin; none has a byte of another. */
  readonly #lines: StreamLine[] = [];
  #another = false;

  add(offset: number, lines: readonly string[]): void {
    let start = offset;
    for (const text of lines) {
      const bytes = Buffer.from(`${text}\n`);
      this.#take({ start, end: start + bytes.length, bytes });
      start += bytes.length;
    }
  }

  #take(line: StreamLine): void {
    const at = this.#firstEndingAfter(line.start);
    const there = this.#lines[at];
    if (there === undefined || there.start >= line.end) this.#lines.splice(at, 0, line);
    else if (there.start !== line.start || !there.bytes.equals(line.bytes)) this.#another = true;
  }

  #firstEndingAfter(start: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#lines[middle]?.end ?? 0) > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  joined() {
    let size = 0;
    let whole = true;
    for (const { start, end } of this.#lines) {
      if (start > size) whole = false;
      size = end;
    }
    const bytes = Buffer.concat(this.#lines.map((line) => line.bytes));
    return { bytes, whole, another: this.#another };
  }
}
