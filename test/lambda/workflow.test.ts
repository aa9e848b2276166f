import { describe, expect, it } from 'vitest';
import { encodeEnd } from '../../src/breakglass/protocol/end.ts';
import { newRequestId } from '../../src/breakglass/protocol/ids.ts';
import { endKey } from '../../src/breakglass/protocol/keys.ts';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  assumeRoleEvent,
  eventId,
  minute,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

const hour = 60 * minute;

/** Dana asked, Mia approved: two hours. */
function asked(cloud: Cloud, minutes = 120): void {
  const request = storedRequest(storyRequest({ minutes }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes }));
}

/** Kinds of the records of a session. */
function kinds(cloud: Cloud, id: string = requestId): readonly string[] {
  return [...cloud.archive.values()]
    .flat()
    .filter(({ key }) => key.startsWith(`sessions/${id}/0`))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ bytes }) => {
      const parsed = parseRecord(bytes ?? new Uint8Array());
      return parsed.ok ? parsed.value.kind : parsed.problem;
    });
}

/** Executions that are somebody's session; others only say something. */
const workflows = (cloud: Cloud) => cloud.executions.all().filter(({ name }) => !name.startsWith('T-'));

/** Runs until nobody is in; how long that took, in minutes. */
async function minutesUntilOut(
  cloud: Cloud,
  options: { sweeping?: boolean; atMost?: number } = {},
): Promise<number> {
  const began = cloud.now();
  while (cloud.members.size > 0 && cloud.now() - began < (options.atMost ?? 48) * hour)
    await cloud.run(1_000 * 6, options);
  return (cloud.now() - began) / minute;
}

describe('the workflow', () => {
  it('opens, waits, takes away, collects and seals: 120 minutes', async () => {
    const cloud = createCloud();
    asked(cloud);
    const { membershipId } = cloud.grant();
    await cloud.run(minute);
    expect(kinds(cloud)).toEqual(['open']);
    await cloud.run(118 * minute);
    expect(cloud.members.has(membershipId)).toBe(true);
    expect(await minutesUntilOut(cloud)).toBeLessThan(1.2);
    await cloud.run(21 * minute);
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(cloud.cuts).toMatchObject([
      { account: '333333333333', userId: people.dana.userId, userName: 'dana@tapp.example' },
    ]);
    expect(workflows(cloud)).toMatchObject([{ name: membershipId, status: 'SUCCEEDED' }]);
    await cloud.run(3 * 24 * hour);
    expect(cloud.verify().findings).toEqual([]);
  });
});

describe('taking away does not depend on', () => {
  it('anybody having sanctioned it: at once', async () => {
    const cloud = createCloud();
    const { membershipId } = cloud.grant();
    await cloud.run(1_000);
    expect(cloud.members.size).toBe(0);
    expect(cloud.said[0]?.text).toMatch(/^:rotating_light: \*Access that nobody sanctioned\*/);
    await cloud.run(22 * minute);
    expect(kinds(cloud, `UN-${membershipId}`)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('the recorder: without a record nobody stays in, and the record comes when it can', async () => {
    const cloud = createCloud();
    asked(cloud);
    const { event } = cloud.grant({ lost: true });
    cloud.down.set('recorder', 'Lambda.Unknown');
    cloud.executions.start('m', JSON.stringify({ trigger: 'event', event }));
    expect(await minutesUntilOut(cloud)).toBeLessThan(1.7);
    await cloud.run(1_000);
    expect(workflows(cloud)[0]).toMatchObject({ status: 'FAILED', error: 'Unrecorded' });
    cloud.down.clear();
    await cloud.run(4 * hour, { sweeping: true });
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'export', 'seal']);
    await cloud.run(48 * hour);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('throttles: ten of them are eight minutes at most', async () => {
    const cloud = createCloud();
    const { event } = cloud.grant({ lost: true });
    cloud.down.set('recorder', 'Lambda.TooManyRequestsException');
    cloud.executions.start('m', JSON.stringify({ trigger: 'event', event }));
    expect(await minutesUntilOut(cloud)).toBeLessThan(8);
  });

  it('the identity store being up: six hours later, when it is back, they are out', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(119 * minute);
    cloud.down.set('people', 'InternalServerException');
    await cloud.run(6 * hour);
    expect(cloud.members.size).toBe(1);
    const alerts = cloud.said.filter(({ text }) => text.includes('could not be taken away yet')).length;
    expect(alerts).toBeGreaterThan(8);
    expect(alerts).toBeLessThan(16);
    cloud.down.clear();
    expect(await minutesUntilOut(cloud)).toBeLessThan(6);
    await cloud.run(hour);
    expect(kinds(cloud).filter((kind) => kind !== 'stuck')).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(kinds(cloud)).toContain('stuck');
  });

  it('anybody hearing of it: alerts that fail stop nothing', async () => {
    const cloud = createCloud();
    cloud.down.set('slack', 'FetchError');
    asked(cloud);
    cloud.grant();
    await cloud.run(119 * minute);
    cloud.down.set('people', 'InternalServerException');
    await cloud.run(6 * hour);
    cloud.down.delete('people');
    expect(await minutesUntilOut(cloud)).toBeLessThan(6);
    await cloud.run(hour);
    expect(kinds(cloud).at(-1)).toBe('seal');
    expect(cloud.said).toEqual([]);
  });

  it('the export: what could not be collected is sealed as missing, and collected later', async () => {
    const cloud = createCloud();
    asked(cloud, 60);
    cloud.grant();
    cloud.down.set('exporter', 'Sandbox.Timedout');
    await cloud.run(2 * hour);
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(cloud.members.size).toBe(0);
    cloud.down.clear();
    await cloud.run(2 * hour, { sweeping: true });
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'export', 'seal', 'export', 'seal']);
    await cloud.run(48 * hour);
    expect(cloud.verify().findings).toEqual([]);
  });

  it.each([
    ['nothing', null],
    ['a sentence', 'done'],
    ['an empty object', {}],
    [
      'a session without an end',
      { phase: 'session', session: { id: requestId, sanctioned: true }, owner: null },
    ],
    [
      'an end that is no time',
      { phase: 'session', session: { id: requestId, sanctioned: true, expiresAt: 'soon' } },
    ],
    ['a phase that is not known', { phase: 'forever', session: { id: requestId } }],
    ['a list', []],
  ])('what the recorder answers: %s ends it at once', async (_, answer) => {
    const cloud = createCloud();
    const { event } = cloud.grant({ lost: true });
    cloud.answer('recorder', answer);
    cloud.executions.start('m', JSON.stringify({ trigger: 'event', event }));
    await cloud.run(1_000);
    expect(cloud.members.size).toBe(0);
    expect(workflows(cloud)[0]).toMatchObject({ status: 'FAILED', error: 'Unrecorded' });
  });
});

describe('a session ends before its time', () => {
  it('when its person writes an end; another’s end is nothing', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(minute);
    const end = (user: { userId: string; userName: string }) => {
      const key = endKey(user.userId, requestId);
      cloud.put({
        key,
        bytes: encodeEnd({ v: 1, kind: 'end', sessionId: requestId, user, summary: 'Fixed it.' }),
      });
      cloud.deliver(objectCreated(key));
    };
    end(people.mia);
    await cloud.run(minute);
    expect(cloud.members.size).toBe(1);
    end(people.dana);
    await cloud.run(minute);
    expect(cloud.members.size).toBe(0);
    await cloud.run(3 * hour);
    expect(kinds(cloud)).toEqual(['open', 'end', 'revoke', 'export', 'seal']);
    expect(workflows(cloud).map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    await cloud.run(48 * hour);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('and credentials and shells go with it', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.shells.set(
      'hers',
      'arn:aws:sts::333333333333:assumed-role/AWSReservedSSO_Forge-Prod-Database_0123456789abcdef/dana@tapp.example',
    );
    cloud.shells.set(
      'his',
      'arn:aws:sts::333333333333:assumed-role/AWSReservedSSO_Forge-Prod-Database_0123456789abcdef/sven@tapp.example',
    );
    cloud.grant();
    await cloud.run(121 * minute);
    expect([...cloud.shells.keys()]).toEqual(['his']);
    expect(cloud.cuts).toHaveLength(1);
  });

  it('once more, when credentials could not be refused at first: until none of them can live', async () => {
    const cloud = createCloud();
    asked(cloud, 60);
    cloud.grant();
    cloud.down.set('production.cutTail', 'Throttling');
    await cloud.run(70 * minute);
    expect(cloud.members.size).toBe(0);
    expect(kinds(cloud)).toEqual(['open', 'revoke']);
    cloud.down.clear();
    await cloud.run(2 * minute);
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'revoke']);
    await cloud.run(48 * hour);
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'revoke', 'export', 'seal']);
    expect(cloud.verify().findings).toEqual([]);
  });
});

describe('what overlaps', () => {
  it('one membership lasts to the latest end, and two approvers at once make one grant', async () => {
    const cloud = createCloud();
    asked(cloud, 60);
    const { membershipId } = cloud.grant();
    cloud.grant();
    await cloud.run(30 * minute);
    expect(workflows(cloud).map(({ name, status }) => `${name.slice(0, 2)} ${status}`)).toEqual([
      'C- SUCCEEDED',
      `${membershipId.slice(0, 2)} RUNNING`,
    ]);
    const second = newRequestId(cloud.now(), new Uint8Array(10).fill(9));
    const request = storedRequest(storyRequest({ id: second, minutes: 60, extends: requestId }), {
      lastModified: cloud.now(),
    });
    cloud.put(request);
    cloud.put(storedDecision(request, 1, { requestId: second, minutes: 60 }, { lastModified: cloud.now() }));
    cloud.grant();
    await cloud.run(31 * minute);
    expect(kinds(cloud)).toEqual(['open', 'grant', 'revoke']);
    expect(cloud.members.has(membershipId)).toBe(true);
    expect(cloud.cuts).toEqual([]);
    expect(await minutesUntilOut(cloud)).toBeLessThan(30.2);
    await cloud.run(48 * hour);
    expect(kinds(cloud, second)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('a request that was granted once does not let in twice', async () => {
    const cloud = createCloud();
    asked(cloud, 60);
    const { membershipId } = cloud.grant();
    await cloud.run(minute);
    cloud.members.delete(membershipId);
    const again = cloud.grant();
    await cloud.run(1_000);
    expect(cloud.members.size).toBe(0);
    expect(kinds(cloud, `UN-${again.membershipId}`)).toEqual(['open', 'revoke']);
  });

  it('an event that comes twice, and a sweep beside another, are as if once', async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant({ twice: true });
    await cloud.run(minute);
    await Promise.all([cloud.sweep(), cloud.sweep(), cloud.run(minute)]);
    expect(workflows(cloud)).toHaveLength(1);
    await cloud.run(30 * hour, { sweeping: true });
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'export', 'seal']);
  });
});

describe('tier 0', () => {
  it('is recorded by its event alone, ends with its credentials, and has its shells ended', async () => {
    const cloud = createCloud();
    cloud.shells.set(
      'theirs',
      'arn:aws:sts::333333333333:assumed-role/Forge-Prod-Emergency/sven@tapp.example',
    );
    const event = assumeRoleEvent();
    cloud.trail.push({ account: '333333333333', event });
    cloud.deliver({ source: 'aws.sts', detail: event });
    await cloud.run(minute);
    expect(cloud.said[0]?.text).toContain('broke the glass');
    await cloud.run(60 * minute);
    expect(cloud.shells.size).toBe(0);
    await cloud.run(48 * hour);
    expect(kinds(cloud, `EV-${eventId}`)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('ended early, has its credentials refused', async () => {
    const cloud = createCloud();
    cloud.deliver({ source: 'aws.sts', detail: assumeRoleEvent() });
    await cloud.run(minute);
    const key = endKey(people.sven.userId, `EV-${eventId}`);
    const end = { v: 1, kind: 'end', sessionId: `EV-${eventId}`, user: people.sven } as const;
    cloud.put({ key, bytes: encodeEnd(end) });
    cloud.deliver(objectCreated(key));
    await cloud.run(1_000);
    expect(cloud.cuts).toMatchObject([{ account: '333333333333', userId: people.sven.userId }]);
    expect(kinds(cloud, `EV-${eventId}`)).toEqual(['open', 'end', 'revoke']);
  });

  it('that somebody made up is passed over: only AWS puts events whose source is aws.', async () => {
    const cloud = createCloud();
    for (const source of ['mine', 'awsx.sts', undefined]) {
      cloud.deliver({ source, 'detail-type': 'AWS API Call via CloudTrail', detail: assumeRoleEvent() });
    }
    await cloud.run(minute);
    expect(workflows(cloud)).toEqual([]);
    expect(cloud.said).toEqual([]);
  });

  it('that no event told of is found in the trail, also when nothing could be swept for hours', async () => {
    const cloud = createCloud();
    cloud.trail.push({ account: '333333333333', event: assumeRoleEvent() });
    await cloud.run(7 * hour);
    expect(kinds(cloud, `EV-${eventId}`)).toEqual([]);
    await cloud.run(2 * hour, { sweeping: true });
    expect(kinds(cloud, `EV-${eventId}`)).toContain('open');
  });

  it('outside of its rule, everybody’s credentials in the account are refused at once', async () => {
    const cloud = createCloud();
    cloud.deliver({ source: 'aws.sts', detail: assumeRoleEvent({ awsRegion: 'ap-southeast-1' }) });
    await cloud.run(1_000);
    expect(cloud.cuts).toMatchObject([{ account: '333333333333', userId: '*' }]);
  });

  it('that AWS refused is told, and no record for years', async () => {
    const cloud = createCloud();
    cloud.deliver({
      source: 'aws.sts',
      detail: assumeRoleEvent({ errorCode: 'AccessDenied', responseElements: null }),
    });
    await cloud.run(1_000);
    expect(cloud.said[0]?.text).toContain('was refused by AWS');
    expect(cloud.archive.size).toBe(0);
  });
});
