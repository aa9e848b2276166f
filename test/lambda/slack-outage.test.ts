import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/breakglass/protocol/document.ts';
import { newRequestId, type RequestId } from '../../src/breakglass/protocol/ids.ts';
import { parseSealText } from '../../src/breakglass/protocol/slack-text.ts';
import { isoSeconds } from '../../src/lib/iso-seconds.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  assumeRoleEvent,
  membershipEvent,
  minute,
  people,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

const hour = 60 * minute;
const down = 'ServiceUnavailable';

/** Asked for and approved now, for half an hour. */
function asked(cloud: Cloud, number: number): RequestId {
  const id = newRequestId(cloud.now(), new Uint8Array(10).fill(number));
  const request = storedRequest(storyRequest({ id, minutes: 30 }), { lastModified: cloud.now() });
  cloud.put(request);
  cloud.deliver(objectCreated(request.key));
  cloud.put(storedDecision(request, 1, { requestId: id, minutes: 30 }, { lastModified: cloud.now() }));
  return id;
}

/** An emergency that AWS refused. */
function refused(cloud: Cloud, number: number): void {
  const eventID = `00000000-0000-4000-9000-${String(number).padStart(12, '0')}`;
  const eventTime = isoSeconds(cloud.now());
  const event = assumeRoleEvent({ eventID, eventTime, errorCode: 'AccessDenied', responseElements: null });
  cloud.deliver({ source: 'aws.sts', detail: event });
}

/** Somebody who tried to let themselves in. */
function ownGrant(cloud: Cloud): void {
  const event = membershipEvent({ errorCode: 'AccessDeniedException', responseElements: null });
  const by = (event.userIdentity as { onBehalfOf: { userId: string } }).onBehalfOf.userId;
  const parameters = event.requestParameters as Record<string, unknown>;
  const own = { ...event, requestParameters: { ...parameters, memberId: { userId: by } } };
  cloud.deliver({ source: 'aws.identitystore', detail: own });
}

const heads = (cloud: Cloud): readonly string[] =>
  [...cloud.archive.values()]
    .flat()
    .flatMap(({ key, bytes }) => (key.startsWith('ledger/') && bytes !== undefined ? [sha256(bytes)] : []));

const count = (cloud: Cloud, what: RegExp): number => cloud.said.filter(({ text }) => what.test(text)).length;

/** All of it within a day: a grant every hour, one that nobody asked for, and attempts. */
async function day(cloud: Cloud): Promise<readonly RequestId[]> {
  const ids: RequestId[] = [];
  for (let number = 1; number <= 6; number++) {
    const id = asked(cloud, number);
    ids.push(id);
    await cloud.run(minute, { sweeping: true });
    cloud.grant();
    refused(cloud, number);
    await cloud.run(59 * minute, { sweeping: true });
  }
  cloud.grant({ userId: people.sven.userId });
  ownGrant(cloud);
  await cloud.run(5 * minute, { sweeping: true });
  return ids;
}

describe('Slack down for six hours', () => {
  it('everything is told once, with its time, and nobody was in a minute longer', async () => {
    const cloud = createCloud();
    cloud.down.set('slack', down);
    const ids = await day(cloud);
    expect(cloud.said).toEqual([]);
    expect(cloud.members.size).toBe(0);
    cloud.down.clear();
    await cloud.run(2 * hour, { sweeping: true });
    for (const id of ids) {
      expect(count(cloud, new RegExp(`:key:.*\\n[^]*approve ${id}`)), `${id}: asked`).toBe(1);
      expect(count(cloud, new RegExp(`:white_check_mark:[^]*kill ${id}`)), `${id}: opened`).toBe(1);
      const short = `bg-${id.slice(-4).toLowerCase()}`;
      expect(count(cloud, new RegExp(`:lock:.*${short}`)), `${id}: ended`).toBe(1);
    }
    expect(count(cloud, /Access that nobody sanctioned/)).toBe(1);
    expect(count(cloud, /tried to let themselves into tier 1/)).toBe(1);
    expect(count(cloud, /tried an emergency role and was refused/)).toBe(6);
    const told = cloud.said.flatMap(({ text }) => parseSealText(text)?.sha256 ?? []);
    expect(heads(cloud)).toHaveLength(7);
    expect([...told].sort()).toEqual([...heads(cloud)].sort());
    expect(cloud.said.find(({ text }) => text.includes(':key:'))?.text).toMatch(
      /^\(\d{4}-\d\d-\d\d \d\d:\d\d UTC, told late\) :key:/,
    );
    expect(cloud.executions.all().filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
    await cloud.run(48 * hour);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('what only says something is told on when somebody stops it, and holds no session up', async () => {
    const cloud = createCloud();
    cloud.down.set('slack', down);
    asked(cloud, 1);
    cloud.grant();
    await cloud.run(10 * minute, { sweeping: true });
    for (const { arn } of cloud.executions.all()) cloud.executions.stop(arn);
    await cloud.run(5 * hour, { sweeping: true });
    expect(cloud.members.size).toBe(0);
    expect(heads(cloud)).toHaveLength(1);
    cloud.down.clear();
    await cloud.run(hour, { sweeping: true });
    for (const what of [/:key:/, /:white_check_mark:/, /:lock:/, /is sealed/])
      expect(count(cloud, what), String(what)).toBe(1);
  });

  it('for a week: no message is given up', async () => {
    const cloud = createCloud();
    cloud.down.set('slack', down);
    refused(cloud, 1);
    await cloud.run(7 * 24 * hour, { sweeping: true });
    cloud.down.clear();
    await cloud.run(hour, { sweeping: true });
    expect(count(cloud, /tried an emergency role/)).toBe(1);
  });
});

it('without executions it is said at once, by whoever knows it', async () => {
  const cloud = createCloud();
  cloud.down.set('workflow', down);
  refused(cloud, 1);
  await cloud.run(minute);
  expect(count(cloud, /tried an emergency role/)).toBe(1);
});

it('one event that comes twice is told once', async () => {
  const cloud = createCloud();
  refused(cloud, 1);
  refused(cloud, 1);
  await cloud.run(minute);
  expect(cloud.said).toHaveLength(1);
});

it('a seal whose writer died before it was in the ledger is entered, and told, when its workflow begins anew', async () => {
  const play = async (cloud: Cloud) => {
    asked(cloud, 1);
    cloud.grant();
    await cloud.run(50 * minute + 3_000);
  };
  const undisturbed = createCloud();
  await play(undisturbed);
  expect(heads(undisturbed)).toHaveLength(1);
  const cloud = createCloud();
  // The ledger's entry is the last that is written.
  cloud.crashAt(undisturbed.calls.lastIndexOf('recorder archive.put') + 1, 'before');
  await play(cloud);
  expect(heads(cloud)).toEqual([]);
  for (const { arn } of cloud.executions.all()) cloud.executions.stop(arn);
  await cloud.run(30 * minute, { sweeping: true });
  expect(heads(cloud)).toHaveLength(1);
  expect(cloud.said.flatMap(({ text }) => parseSealText(text)?.sha256 ?? [])).toEqual(heads(cloud));
});
