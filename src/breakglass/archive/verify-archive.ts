import type { ListedVersion } from '../../aws/s3.ts';
import { ForgeError } from '../../errors.ts';
import type { AccessAccount } from '../access-account.ts';
import type { Finding } from '../protocol/findings.ts';
import type { SessionId } from '../protocol/ids.ts';
import { verifyChain } from '../protocol/verify-chain.ts';
import type { ArchivePlace } from './archive-place.ts';
import { findArchivedSession, sessionOfKey } from './archive-sessions.ts';
import { archivedStatementFindings } from './archived-statement-findings.ts';
import { auditedGrants, auditPolicy } from './audit-policy.ts';
import { listArchive, readVersions } from './read-archive.ts';
import { readGrantTrail } from './read-grant-trail.ts';

export interface ArchiveScope {
  /** Id of one session, full or short. */
  readonly session?: string | undefined;
  /** Epoch milliseconds: sessions of which anything was written, or deleted, since. */
  readonly since?: number | undefined;
  /** Compare with CloudTrail too. */
  readonly trail: boolean;
}

export interface ArchiveVerification {
  /** Those that were checked, in the order in which they began. */
  readonly sessions: readonly SessionId[];
  /** Versions and delete markers, with those of the ledger. */
  readonly versions: number;
  /** Grants that CloudTrail knew of; undefined: it was not asked. */
  readonly trailEvents: number | undefined;
  /** The first is the first place where the archive is wrong. */
  readonly findings: readonly Finding[];
}

/** Lists, reads and judges. The ledger is always read whole: a chain has no middle to begin at. */
export async function verifyArchive(
  account: AccessAccount,
  place: ArchivePlace,
  { session, since, trail }: ArchiveScope,
  read: (done: number, of: number) => void = () => {},
): Promise<ArchiveVerification> {
  const { archiveBucket: bucket } = place;
  if (trail && session !== undefined) {
    throw new ForgeError('usage', 'CloudTrail is compared with all sessions of a time, not with one.', {
      code: 'TRAIL_OF_ONE',
      hint: 'forge audit verify --archive --trail --since 7d',
    });
  }
  const listed =
    session === undefined ? await everything(account, bucket, since) : await one(account, bucket, session);
  const versions = await readVersions(account, bucket, listed, (done) => read(done, listed.length));
  const now = (await account()).aws.now();
  const events = trail ? await readGrantTrail(account, place, since) : undefined;
  const grants = trail ? await auditedGrants(account, place) : [];
  const policy = auditPolicy(place, grants);
  const { sessions, findings: ofChain } = verifyChain({ versions, policy, now, trail: events });
  const findings = [...ofChain, ...(await archivedStatementFindings(account, bucket, sessions, versions))];
  const whole = session === undefined && since === undefined;
  const checked = new Set(sessions.map(({ id }) => id));
  return {
    sessions: [...checked],
    versions: versions.length,
    trailEvents: events?.length,
    // The ledger has seals of sessions that were left out; of all sessions none was.
    findings: findings.filter((found) => whole || found.session === undefined || checked.has(found.session)),
  };
}

async function one(account: AccessAccount, bucket: string, typed: string): Promise<readonly ListedVersion[]> {
  const { versions } = await findArchivedSession(account, bucket, typed);
  return [...versions, ...(await listArchive(account, bucket, 'ledger/'))];
}

async function everything(
  account: AccessAccount,
  bucket: string,
  since: number | undefined,
): Promise<readonly ListedVersion[]> {
  const all = await listArchive(account, bucket, '');
  if (since === undefined) return all;
  const touched = new Set(
    all.flatMap(({ key, lastModified }) => (lastModified >= since ? (sessionOfKey(key) ?? []) : [])),
  );
  return all.filter(({ key }) => {
    const session = sessionOfKey(key);
    return session === undefined || touched.has(session);
  });
}
