import { listMemberships, type StoredMembership } from '../../aws/identitystore.ts';
import { inParallel, listSessions, readRecord } from '../archive/read-records.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import type { GrantGroup } from './doctor-groups.ts';
import type { Finding } from './finding.ts';

/** Longest that an access lasts, and a little. */
const longestMs = 14 * 3_600_000;

/**
 * Who is in the just-in-time groups now, and by which session. Whoever is in one without any record is what break-glass must never
 * let be; a grant of this very second may not be recorded yet.
 */
export async function lookAtMembers(
  caller: DoctorCaller,
  groups: readonly GrantGroup[],
  archive: string | undefined,
): Promise<Omit<Finding, 'check'>> {
  const known = groups.flatMap(({ id, name }) => (id === undefined ? [] : [{ id, name }]));
  const inside = await inParallel(known, async ({ id, name }) =>
    (await listMemberships(caller, id)).map((member) => ({ ...member, group: name })),
  );
  const members = inside.flat();
  if (members.length === 0) return { verdict: 'ok', detail: `nobody is in any of ${known.length}` };
  if (archive === undefined) {
    return {
      verdict: 'other',
      detail: `${members.length} people are in; forge.yaml names no archive to ask why`,
    };
  }
  const sessions = await openSessions(caller, archive);
  const told = members.map((member) => ({ member, why: sessions.find((one) => isOf(one, member)) }));
  const unknown = told.filter(({ why }) => why === undefined);
  const named = told.flatMap(({ member, why }) =>
    why === undefined
      ? []
      : [`${why.userName ?? member.userId} in ${member.group} (${why.id}, until ${why.until})`],
  );
  if (unknown.length === 0) return { verdict: 'ok', detail: `in, and on record: ${named.join('; ')}` };
  const who = unknown.map(({ member }) => `${member.userId} in ${member.group}`).join('; ');
  return {
    verdict: 'bad',
    detail: `IN WITHOUT A RECORD: ${who}.${named.length === 0 ? '' : ` On record: ${named.join('; ')}`}`,
    hint: 'The recorder takes them out within seconds, the sweeper within five minutes: look again. If they stay, tell an administrator.',
  };
}

interface OpenSession {
  readonly id: string;
  readonly userId: string | undefined;
  readonly userName: string | undefined;
  readonly groupId: string | undefined;
  readonly until: string;
}

const isOf = (session: OpenSession, { userId, groupId }: StoredMembership): boolean =>
  session.userId === userId && session.groupId === groupId;

async function openSessions(caller: DoctorCaller, archiveBucket: string): Promise<readonly OpenSession[]> {
  const reader = { caller, archiveBucket };
  const now = caller.aws.now();
  const recent = (await listSessions(reader)).filter(({ openedAt }) => openedAt > now - longestMs);
  const read = await inParallel(recent, async ({ id, keys: [first] }) => {
    const record = first === undefined ? undefined : await readRecord(reader, first);
    if (record?.kind !== 'open' || !record.body.session.sanctioned) return undefined;
    const { userId, userName, groupId, expiresAt } = record.body.session;
    return { id, userId, userName, groupId, until: expiresAt };
  });
  return read.filter((one) => one !== undefined);
}
