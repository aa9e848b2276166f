import type { GrantUse } from '../breakglass/protocol/grant-use.ts';
import { isSessionId, type SessionId } from '../breakglass/protocol/ids.ts';
import { epoch } from '../breakglass/protocol/session.ts';
import { ForgeError } from '../errors.ts';
import { appendRecord } from './chain.ts';
import { knownSessions } from './known-sessions.ts';
import type { Ports } from './ports.ts';

/** A session that asks for keys all day must not have a chain that takes minutes to read; the export has all of them. */
const mostUses = 20;

/**
 * Records that the access of a grant was used: by whom and with which keys, as AWS saw it. Who is out of the group by the
 * time that the event comes is found in the export only.
 */
export async function recordUse(ports: Ports, use: GrantUse): Promise<void> {
  const { eventId, roleArn, accessKeyId, at } = use;
  const owner = await ownerOf(ports, use);
  if (owner === undefined) return;
  const known = (await knownSessions(ports, owner)).filter(
    ({ session }) => session.membershipId === owner.membershipId,
  );
  const [latest] = known.sort((a, b) => epoch(b.session.openedAt) - epoch(a.session.openedAt));
  if (latest === undefined)
    // The event of the membership is still on its way: this one is delivered again.
    throw new ForgeError('failed', `${eventId} belongs to no session yet.`, { code: 'NO_SESSION_YET' });
  await appendRecord(ports.archive, idOf(latest.session.id), ({ records }) => {
    const uses = records.filter(({ kind }) => kind === 'use');
    const there = uses.some(({ kind, body }) => kind === 'use' && body.eventId === eventId);
    // What was sealed without it is not opened again for it.
    if (there || uses.length >= mostUses || records.at(-1)?.kind === 'seal') return undefined;
    const body = { eventId, roleArn, accessKeyId, at: new Date(at).toISOString() };
    return { kind: 'use', at: ports.now(), body };
  });
}

/** The member of one of the groups whose name it is. */
async function ownerOf({ people }: Ports, { grants, userName }: GrantUse) {
  for (const { groupId } of grants) {
    for (const member of await people.membersOf(groupId)) {
      const name = await people.userName(member.userId);
      if (name?.toLowerCase() === userName.toLowerCase()) return member;
    }
  }
  return undefined;
}

function idOf(id: string): SessionId {
  if (!isSessionId(id)) throw new RangeError(`${id} is no session.`);
  return id;
}
