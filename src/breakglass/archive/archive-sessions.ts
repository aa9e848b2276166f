import type { ListedVersion } from '../../aws/s3.ts';
import { ForgeError } from '../../errors.ts';
import type { AccessAccount } from '../access-account.ts';
import { isSessionId, matchesShortId, type SessionId } from '../protocol/ids.ts';
import { parseFileKey, parseRecordKey, sessionPrefix } from '../protocol/keys.ts';
import { listArchive } from './read-archive.ts';

/** The session that an object of the archive belongs to; undefined: the ledger's, or nothing that belongs there. */
export const sessionOfKey = (key: string): SessionId | undefined =>
  (parseRecordKey(key) ?? parseFileKey(key))?.session;

/** All that the archive has of the session that a full or short id names. Throws usage NO_SUCH_SESSION, AMBIGUOUS_ID. */
export async function findArchivedSession(
  account: AccessAccount,
  bucket: string,
  typed: string,
): Promise<{ readonly id: SessionId; readonly versions: readonly ListedVersion[] }> {
  const wanted = typed.trim();
  const prefix = isSessionId(wanted) ? sessionPrefix(wanted) : 'sessions/';
  const versions = await listArchive(account, bucket, prefix);
  const ids = new Set(versions.flatMap(({ key }) => sessionOfKey(key) ?? []));
  const found = [...ids].filter((id) => matchesShortId(wanted, id) || id === wanted);
  const [id, ...others] = found;
  if (id !== undefined && others.length === 0)
    return { id, versions: versions.filter(({ key }) => key.startsWith(sessionPrefix(id))) };
  if (id === undefined) {
    throw new ForgeError('usage', `The archive has no session ${JSON.stringify(typed)}.`, {
      code: 'NO_SUCH_SESSION',
      hint: 'Ids look like bg-7f3k, ev-1c3d or un-0f2e. All there are: forge breakglass history --all',
    });
  }
  throw new ForgeError('usage', `${JSON.stringify(typed)} could be any of ${found.length} sessions.`, {
    code: 'AMBIGUOUS_ID',
    hint: `Say more of it: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`,
  });
}
