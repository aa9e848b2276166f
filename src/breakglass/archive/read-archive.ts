import { getObject, getRetention, type ListedVersion, listVersions } from '../../aws/s3.ts';
import { ForgeError } from '../../errors.ts';
import type { AccessAccount } from '../access-account.ts';
import { outlineEvidence } from '../evidence/outline-evidence.ts';
import { sha256 } from '../protocol/document.ts';
import { type EvidencePiece, parseEvidence } from '../protocol/evidence.ts';
import { isEvidenceFile, parseFileKey } from '../protocol/keys.ts';
import { recordBytes } from '../protocol/record.ts';
import type { ObjectVersion } from '../protocol/verify-versions.ts';

/** Transcripts and exports of a trail; what is larger is not read into memory. */
const fileBytes = 256 * 1024 * 1024;
/** Objects that are asked for at once, as long as they are small. */
const atOnce = 12;
const smallBytes = 2 * 1024 * 1024;

/** Everything that was ever under a prefix: all versions, and the marks of deletions. Bytes are not read. */
export async function listArchive(
  account: AccessAccount,
  bucket: string,
  prefix: string,
): Promise<readonly ListedVersion[]> {
  const { aws, region, keys } = await account();
  const found: ListedVersion[] = [];
  for await (const page of listVersions(aws, region, keys, { bucket, prefix })) found.push(...page);
  return found;
}

/** The same with bytes (of files their digest) and locks, in the same order. `read` is told after each. */
export async function readVersions(
  account: AccessAccount,
  bucket: string,
  listed: readonly ListedVersion[],
  read: (count: number) => void = () => {},
  lines: 'with lines' | 'without lines' = 'without lines',
): Promise<readonly ObjectVersion[]> {
  const found: ObjectVersion[] = [];
  let next = 0;
  let done = 0;
  const worker = async (mayTake: (version: ListedVersion) => boolean, indexes: readonly number[]) => {
    for (let position = next++; position < indexes.length; position = next++) {
      const index = indexes[position] ?? 0;
      const version = listed[index];
      if (version === undefined || !mayTake(version)) continue;
      found[index] = await readVersion(account, bucket, version, lines);
      read(++done);
    }
  };
  const small = (version: ListedVersion) => version.size <= smallBytes;
  const all = [...listed.keys()];
  await Promise.all(Array.from({ length: atOnce }, () => worker(small, all)));
  // Large ones fill the memory: one after the other.
  next = 0;
  await worker((version) => !small(version), all);
  return found;
}

async function readVersion(
  account: AccessAccount,
  bucket: string,
  { key, versionId, lastModified, deleteMarker, size }: ListedVersion,
  lines: 'with lines' | 'without lines',
): Promise<ObjectVersion> {
  const facts = { key, versionId, lastModified, deleteMarker };
  if (deleteMarker) return facts;
  const { aws, region, keys } = await account();
  const file = parseFileKey(key) !== undefined;
  const address = { bucket, key, versionId };
  // No record is so large: whatever it is, it is not read.
  const readable = file || size <= recordBytes;
  const [object, lock] = await Promise.all([
    readable ? getObject(aws, region, keys, { ...address, limit: fileBytes }).catch(tooLarge) : undefined,
    getRetention(aws, region, keys, address),
  ]);
  if (object === undefined) return { ...facts, lock };
  const { bytes } = object;
  if (!file) return { ...facts, lock, bytes };
  const digest = { sha256: sha256(bytes), bytes: bytes.length };
  return { ...facts, lock, digest, evidence: evidenceIn(key, bytes, lines) };
}

/** A thousand pieces fill the memory: their lines are kept for one session that is looked at. */
function evidenceIn(
  key: string,
  bytes: Uint8Array,
  lines: 'with lines' | 'without lines',
): EvidencePiece | undefined {
  if (!isEvidenceFile(key)) return undefined;
  const piece = parseEvidence(Buffer.from(bytes).toString('utf8'));
  return piece === undefined || lines === 'with lines' ? piece : outlineEvidence(piece);
}

/** Not a finding: this machine could not look. */
function tooLarge(error: unknown): never {
  if (!(error instanceof ForgeError) || error.code !== 'OBJECT_TOO_LARGE') throw error;
  throw new ForgeError('failed', `${error.message} It was not checked.`, {
    code: error.code,
    hint: 'Compare its SHA-256 with the seal by other means: forge audit show --archive <id>',
  });
}
