import { getObject } from '../../aws/s3.ts';
import type { AccessAccount } from '../access-account.ts';
import { type EvidencePiece, evidencePieceBytes, parseEvidence } from '../protocol/evidence.ts';
import type { Finding } from '../protocol/findings.ts';
import type { SessionId } from '../protocol/ids.ts';
import type { VerifiedSession } from '../protocol/verify-session.ts';
import type { ObjectVersion } from '../protocol/verify-versions.ts';
import { sessionOfKey } from './archive-sessions.ts';
import { verifyDeliveredStatements } from './verify-delivered-statements.ts';

/** Pieces with statements are read once more, session by session in their order: all of them at once would fill the memory. */
export async function archivedStatementFindings(
  account: AccessAccount,
  bucket: string,
  sessions: readonly VerifiedSession[],
  versions: readonly ObjectVersion[],
): Promise<readonly Finding[]> {
  const bySession = firstEvidence(versions);
  const findings: Finding[] = [];
  for (const { id, sealed } of sessions) {
    const delivered = bySession.get(id) ?? new Map<string, Evidence>();
    const read = async (key: string) => {
      const { aws, region, keys } = await account();
      const versionId = delivered.get(key)?.versionId ?? '';
      const address = { bucket, key, versionId, limit: evidencePieceBytes };
      const object = await getObject(aws, region, keys, address);
      return object && parseEvidence(Buffer.from(object.bytes).toString('utf8'));
    };
    const pieces = [...delivered.values()].map(({ key, evidence }) => ({ key, piece: evidence }));
    findings.push(...(await verifyDeliveredStatements({ id, sealed, pieces, read })));
  }
  return findings;
}

interface Evidence extends ObjectVersion {
  readonly evidence: EvidencePiece;
}

/** Of each key the version that was there first: whoever writes again only adds. */
function firstEvidence(
  versions: readonly ObjectVersion[],
): ReadonlyMap<SessionId, ReadonlyMap<string, Evidence>> {
  const first = new Map<SessionId, Map<string, Evidence>>();
  for (const version of versions) {
    const { key, evidence, digest, lastModified } = version;
    const session = sessionOfKey(key);
    if (session === undefined || evidence === undefined || (digest?.bytes ?? 0) > evidencePieceBytes)
      continue;
    const theirs = first.get(session) ?? new Map<string, Evidence>();
    first.set(session, theirs);
    const known = theirs.get(key);
    // S3 lists the newest first.
    if (known === undefined || lastModified <= known.lastModified) theirs.set(key, { ...version, evidence });
  }
  return first;
}
