import { sha256 } from '../breakglass/protocol/document.ts';
import { evidencePieceBytes } from '../breakglass/protocol/evidence.ts';
import { isSessionId, type SessionId } from '../breakglass/protocol/ids.ts';
import { evidenceFile, evidencePrefix, fileKey, parseEvidenceKey } from '../breakglass/protocol/keys.ts';
import { type EvidencePieceFile, evidencePieces } from '../breakglass/protocol/record-bodies.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import { mostKeysOfAll } from './bounded-list.ts';
import { appendRecord, type Chain, firstVersions, readChain } from './chain.ts';
import { isTheirs } from './find-client-session.ts';
import type { Listed, Ports } from './ports.ts';

/**
 * So many pieces of a session, by their numbers: a day of work has some thousand. A seal names all of them, and one that has
 * no room for them could never be written.
 */
const mostPieces = 5_000;
/** Pieces that are copied at the same time, and that one record names: a busy session has a thousand. */
const atOnce = 16;
const inOneRecord = 500;

/** The name under which its person's forge delivers: an emergency has one of its own, before AWS has an event of it. */
export const evidenceName = ({ id, clientId }: Pick<Session, 'id' | 'clientId'>): SessionId => clientId ?? id;

/**
 * A piece that has just come, into the archive, where nobody can take it away any more. What names it in the session's
 * records comes with the seal: a record for each of a thousand would make each one slower than the last.
 */
export async function copyPiece(
  ports: Pick<Ports, 'intake' | 'archive'>,
  { id, userId }: Pick<Session, 'id' | 'userId'>,
  key: string,
): Promise<string | undefined> {
  const place = parseEvidenceKey(key);
  if (place === undefined || place.number >= mostPieces || !isSessionId(id)) return undefined;
  const given = await ports.intake.get(key, evidencePieceBytes);
  if (given === undefined) return undefined;
  const writer = userId === undefined ? place.userId : undefined;
  const file = fileKey(id, evidenceFile(place.number, writer));
  // Whoever copied it before copied these very bytes: in the intake, too, a key is written once.
  await ports.archive.put(file, given.bytes);
  return file;
}

/** Copies all that the person's own forge has delivered and no record names yet, and names it. */
export async function keepEvidence(ports: Ports, session: Session): Promise<void> {
  const { archive, now, log } = ports;
  const { id } = session;
  if (!isSessionId(id)) return;
  const listed = await listPieces(ports, session);
  for (const { key, size } of listed)
    if (!isKept(key)) log(`${key} is one of too many and is not kept.`);
    else if (size > evidencePieceBytes) log(`${key} has ${size} bytes and is not kept.`);
  const named = namesIn(await readChain(archive, id));
  const wanted = listed.filter(
    ({ key, size }) => size <= evidencePieceBytes && isKept(key) && !named.has(key),
  );
  const kept: EvidencePieceFile[] = [];
  for (let at = 0; at < wanted.length; at += atOnce) {
    const turn = wanted.slice(at, at + atOnce).map(({ key }) => keepOne(ports, session, key));
    kept.push(...(await Promise.all(turn)).filter((piece) => piece !== undefined));
  }
  for (let at = 0; at < kept.length; at += inOneRecord) {
    const some = kept.slice(at, at + inOneRecord);
    await appendRecord(archive, id, (chain) => {
      const known = namesIn(chain);
      const [first, ...more] = some.filter(({ from }) => !known.has(from));
      if (first === undefined) return undefined;
      return { kind: 'evidence', at: now(), body: { ...first, ...(more.length === 0 ? {} : { more }) } };
    });
  }
}

async function listPieces(ports: Ports, session: Session): Promise<readonly Listed[]> {
  const { intake } = ports;
  const { userId, tier, clientId } = session;
  if (userId !== undefined) return intake.list(evidencePrefix(userId, evidenceName(session)));
  if (tier !== 3 || clientId === undefined) return [];
  // AWS knows no id of whoever opened tier 3, only names: all folders are looked through, for a session of once a year.
  const pieces: Listed[] = [];
  const theirs = new Map<string, boolean>();
  for (const listed of await intake.list('evidence/', mostKeysOfAll)) {
    const place = parseEvidenceKey(listed.key);
    if (place?.id !== clientId) continue;
    const known = theirs.get(place.userId) ?? (await isTheirs(ports, session, place.userId));
    theirs.set(place.userId, known);
    if (known) pieces.push(listed);
  }
  return pieces;
}

const isKept = (key: string): boolean => (parseEvidenceKey(key)?.number ?? mostPieces) < mostPieces;

const namesIn = ({ records }: Chain): ReadonlySet<string> =>
  new Set(
    records.flatMap((record) =>
      record.kind === 'evidence' ? evidencePieces(record.body).map(({ from }) => from) : [],
    ),
  );

async function keepOne(ports: Ports, session: Session, from: string): Promise<EvidencePieceFile | undefined> {
  const key = await copyPiece(ports, session, from);
  if (key === undefined) return undefined;
  const [first] = firstVersions(await ports.archive.versions(key));
  if (first === undefined) return undefined;
  const bytes = await ports.archive.get(first.key, first.versionId);
  return { from, file: { key, sha256: sha256(bytes), bytes: bytes.length, from: 'client' } };
}
