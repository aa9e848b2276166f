import { describe, expect, it } from 'vitest';
import type { Person } from '../../src/breakglass/protocol/document-parts.ts';
import { newRequestId } from '../../src/breakglass/protocol/ids.ts';
import { killKey } from '../../src/breakglass/protocol/keys.ts';
import { encodeKill } from '../../src/breakglass/protocol/kill.ts';
import { type ArchiveRecord, parseRecord } from '../../src/breakglass/protocol/record.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  assumeRoleEvent,
  eventId,
  groups,
  membershipEvent,
  minute,
  noon,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

/** Somebody else ends it: by a paper of their own, or by taking the membership away, in forge or in the console. */
const emergency = `EV-${eventId}` as const;
const later = newRequestId(noon - 5 * minute, new Uint8Array(10).fill(9));

function asked(cloud: Cloud, id = requestId, minutes = 120): void {
  const request = storedRequest(storyRequest({ id, minutes }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { requestId: id, minutes }));
}

function kill(
  cloud: Cloud,
  id: typeof requestId | typeof emergency = requestId,
  by: Person = people.mia,
): void {
  const key = killKey(id, people.mia.userId);
  cloud.put({ key, bytes: encodeKill({ v: 1, kind: 'kill', sessionId: id, by, reason: 'Wrong database' }) });
}

const removal = (membershipId: string, change: object = {}) => ({
  source: 'aws.identitystore',
  'detail-type': 'AWS API Call via CloudTrail',
  detail: membershipEvent({
    eventID: '00000000-0000-4000-8000-00000000feed',
    eventName: 'DeleteGroupMembership',
    requestParameters: { identityStoreId: 'd-9067f7c0de', membershipId },
    responseElements: null,
    ...change,
  }),
});

function records(cloud: Cloud, id: string = requestId): readonly ArchiveRecord[] {
  return [...cloud.archive.values()]
    .flat()
    .filter(({ key }) => key.startsWith(`sessions/${id}/0`))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap(({ bytes }) => {
      const parsed = parseRecord(bytes ?? new Uint8Array());
      return parsed.ok ? [parsed.value] : [];
    });
}
const kinds = (cloud: Cloud, id?: string) => records(cloud, id).map(({ kind }) => kind);

describe('an approver’s kill', () => {
  it('ends a grant on every plane, and is on record', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    kill(cloud);
    cloud.deliver(objectCreated(killKey(requestId, people.mia.userId)));
    await cloud.run(minute);
    expect(cloud.members.size).toBe(0);
    expect(cloud.cuts).toMatchObject([{ userId: people.dana.userId }]);
    expect(kinds(cloud)).toEqual(['open', 'end', 'revoke']);
    const end = records(cloud)[1];
    expect(end?.kind === 'end' && end.body.request?.raw).toContain('Wrong database');
    await cloud.run(72 * 60 * minute);
    expect(kinds(cloud)).toEqual(['open', 'end', 'revoke', 'export', 'seal']);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('in another’s name, or that can’t be read, is none', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    kill(cloud, requestId, people.sven);
    const [key, other] = [killKey(requestId, people.mia.userId), killKey(requestId, people.sven.userId)];
    cloud.put({ key: other, bytes: new TextEncoder().encode('{}') });
    for (const one of [key, other]) cloud.deliver(objectCreated(one));
    await cloud.run(10 * minute, { sweeping: true });
    expect(cloud.members.size).toBe(1);
    expect(kinds(cloud)).toEqual(['open']);
  });

  it('is seen by the sweeper when its event is lost', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    kill(cloud);
    await cloud.run(6 * minute, { sweeping: true });
    expect(cloud.members.size).toBe(0);
    expect(kinds(cloud)).toEqual(['open', 'end', 'revoke']);
  });

  it('of tier 0, where there is no membership, has its credentials refused and its shells ended', async () => {
    const cloud = createCloud();
    cloud.deliver({ source: 'aws.sts', detail: assumeRoleEvent() });
    await cloud.run(minute);
    kill(cloud, emergency);
    cloud.deliver(objectCreated(killKey(emergency, people.mia.userId)));
    await cloud.run(1_000);
    expect(cloud.cuts).toMatchObject([{ account: '333333333333', userId: people.sven.userId }]);
    expect(kinds(cloud, emergency)).toEqual(['open', 'end', 'revoke']);
  });

  it('of a request leaves an approval that comes later without effect', async () => {
    const cloud = createCloud();
    kill(cloud);
    cloud.deliver(objectCreated(killKey(requestId, people.mia.userId)));
    await cloud.run(minute);
    expect(cloud.archive.size).toBe(0);
    asked(cloud);
    cloud.grant();
    await cloud.run(1_000);
    expect(cloud.members.size).toBe(0);
    expect(kinds(cloud)).toEqual(['open', 'end', 'revoke']);
  });
});

describe('a membership that somebody takes away', () => {
  const ways = [
    ['by the API', (id: string) => removal(id)],
    [
      'in the console',
      () =>
        removal('', {
          eventSource: 'sso-directory.amazonaws.com',
          eventName: 'RemoveMemberFromGroup',
          requestParameters: {
            identityStoreId: 'd-9067f7c0de',
            groupId: groups.database,
            member: { memberId: people.dana.userId },
          },
        }),
    ],
  ] as const;

  it.each(ways)('%s ends all that lived on it, credentials too', async (_, eventOf) => {
    const cloud = createCloud();
    asked(cloud);
    const { membershipId } = cloud.grant();
    await cloud.run(minute);
    asked(cloud, later, 60);
    cloud.grant();
    await cloud.run(minute);
    expect(kinds(cloud, later)).toEqual(['open']);
    cloud.members.delete(membershipId);
    cloud.deliver(eventOf(membershipId));
    await cloud.run(1_000);
    expect(cloud.cuts.length).toBeGreaterThan(0);
    for (const id of [requestId, later]) {
      expect(kinds(cloud, id).filter((kind) => kind !== 'grant')).toEqual(['open', 'end', 'revoke']);
      const revoke = records(cloud, id).at(-1);
      expect(revoke?.body).toMatchObject({ membership: 'gone', tail: 'cut' });
      const end = records(cloud, id).find(({ kind }) => kind === 'end');
      expect(JSON.stringify(end?.body)).toContain('mia@tapp.example');
    }
    await cloud.run(72 * 60 * minute);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('and of which no event came is seen by the sweeper: what shared it is cut, too', async () => {
    const cloud = createCloud();
    asked(cloud);
    const { membershipId } = cloud.grant();
    await cloud.run(minute);
    asked(cloud, later, 60);
    cloud.grant();
    await cloud.run(minute);
    cloud.members.delete(membershipId);
    await cloud.run(6 * minute, { sweeping: true });
    for (const id of [requestId, later])
      expect(records(cloud, id).at(-1)?.body).toMatchObject({ membership: 'gone', tail: 'cut' });
  });

  it('at its end by the revoker is nobody’s doing, nor is a call that failed or of another group', async () => {
    const cloud = createCloud();
    asked(cloud, requestId, 30);
    const { membershipId } = cloud.grant();
    await cloud.run(minute);
    cloud.deliver(removal(membershipId, { errorCode: 'AccessDenied' }));
    cloud.deliver(removal('00000000-0000-4000-8000-000000000abc'));
    await cloud.run(minute);
    expect(kinds(cloud)).toEqual(['open']);
    await cloud.run(30 * minute);
    cloud.deliver(removal(membershipId));
    await cloud.run(minute);
    expect(kinds(cloud)).toEqual(['open', 'revoke']);
  });
});
