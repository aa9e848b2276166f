import { describe, expect, it } from 'vitest';
import { grantUseFromEvent } from '../../src/breakglass/protocol/grant-use.ts';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
import {
  minute,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyPolicy,
  storyRequest,
} from '../support/break-glass-story.ts';

const [grant] = storyPolicy().grants;
const role = (account = grant?.account, set = grant?.permissionSet) =>
  `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_${set}_0123456789abcdef`;

let events = 0;
/** Identity Center issued keys, as AWS writes it. */
const issued = (change: Record<string, unknown> = {}, parameters: Record<string, unknown> = {}) => ({
  eventTime: '2026-11-21T12:01:00Z',
  eventSource: 'sts.amazonaws.com',
  eventName: 'AssumeRoleWithSAML',
  awsRegion: 'us-east-1',
  eventID: `00000000-0000-4000-a000-${String(++events).padStart(12, '0')}`,
  recipientAccountId: grant?.account,
  userIdentity: { type: 'SAMLUser', userName: people.dana.userName },
  requestParameters: { roleArn: role(), roleSessionName: people.dana.userName, ...parameters },
  responseElements: { credentials: { accessKeyId: 'ASIAUSEEXAMPLE000001', sessionToken: 'HIDDEN' } },
  ...change,
});

function asked(cloud: Cloud): void {
  const request = storedRequest(storyRequest({ minutes: 30 }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes: 30 }));
}
const told = (cloud: Cloud, event: object) => cloud.deliver({ source: 'aws.sts', detail: event });
const uses = (cloud: Cloud, id: string = requestId) =>
  [...cloud.archive.values()].flat().flatMap(({ key, bytes }) => {
    const parsed = parseRecord(bytes ?? new Uint8Array());
    return key.startsWith(`sessions/${id}/`) && parsed.ok && parsed.value.kind === 'use'
      ? [parsed.value.body]
      : [];
  });

describe('credentials that are issued under a grant', () => {
  it('are on record: by which event, of which role, which keys; once, and the archive is good', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    const event = issued();
    told(cloud, event);
    told(cloud, event);
    await cloud.run(minute);
    expect(uses(cloud)).toEqual([
      {
        eventId: event.eventID,
        roleArn: role(),
        accessKeyId: 'ASIAUSEEXAMPLE000001',
        at: '2026-11-21T12:01:00.000Z',
      },
    ]);
    await cloud.run(50 * 60 * minute, { sweeping: true });
    expect(cloud.verify().findings).toEqual([]);
  });

  it('also when their event comes before that of the membership', async () => {
    const cloud = createCloud();
    asked(cloud);
    const { event } = cloud.grant({ lost: true });
    told(cloud, issued());
    await cloud.run(30_000);
    expect(uses(cloud)).toEqual([]);
    cloud.deliver({ source: 'aws.identitystore', detail: event });
    await cloud.run(2 * minute);
    expect(uses(cloud)).toHaveLength(1);
  });

  it('a hundred times are twenty records: the export has all', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    for (let time = 0; time < 100; time++) told(cloud, issued());
    await cloud.run(10 * minute);
    expect(uses(cloud)).toHaveLength(20);
  });

  it('are not there for somebody who is in no group', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    told(cloud, issued({}, { roleSessionName: people.sven.userName }));
    await cloud.run(10 * minute);
    expect(uses(cloud)).toEqual([]);
  });
});

describe('what an event is about', () => {
  const policy = storyPolicy();
  it.each([
    ['another account', issued({}, { roleArn: role('111111111111') })],
    ['another permission set', issued({}, { roleArn: role(undefined, 'Other') })],
    [
      'a role that only has such a name',
      issued({}, { roleArn: `arn:aws:iam::${grant?.account}:role/AWSReservedSSO_x` }),
    ],
    ['a refusal', issued({ errorCode: 'AccessDenied' })],
    ['another call', issued({ eventName: 'AssumeRole' })],
    ['nobody', issued({}, { roleSessionName: undefined })],
    ['nothing', {}],
  ])('%s is no use', (_, event) => {
    expect(grantUseFromEvent(event, policy)).toBeUndefined();
  });

  it('a use names all groups that give it', () => {
    expect(grantUseFromEvent(issued(), policy)?.grants).toContainEqual(grant);
  });
});
