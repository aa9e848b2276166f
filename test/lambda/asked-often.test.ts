import { describe, expect, it } from 'vitest';
import { newRequestId } from '../../src/breakglass/protocol/ids.ts';
import { boundedList } from '../../src/lambda/bounded-list.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  assumeRoleEvent,
  minute,
  people,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

/** Slack takes a message a second: who asks without end must not be all that is heard there. */
let asked = 0;
function ask(cloud: Cloud, requester: { readonly userId: string; readonly userName: string } = people.dana) {
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(0, ++asked);
  const id = newRequestId(cloud.now(), random);
  const request = storedRequest(storyRequest({ id, requester, minutes: 30 }), { lastModified: cloud.now() });
  cloud.put(request);
  cloud.deliver(objectCreated(request.key));
  return { id, request };
}
const said = (cloud: Cloud, what: RegExp) => cloud.said.filter(({ text }) => what.test(text)).length;

describe('requests of one person', () => {
  it('are told one by one, twenty an hour, and then that there are more; others are heard all the same', async () => {
    const cloud = createCloud();
    for (let count = 0; count < 300; count++) ask(cloud);
    ask(cloud, people.lee);
    cloud.deliver({ source: 'aws.sts', detail: assumeRoleEvent() });
    await cloud.run(minute);
    expect(said(cloud, /dana.*asks for tier 1/)).toBe(20);
    expect(said(cloud, /lee.*asks for tier 1/)).toBe(1);
    expect(said(cloud, /has asked more than 20 times within an hour.*until 13:00 UTC/)).toBe(1);
    expect(said(cloud, /Site down/)).toBe(1);
    expect(cloud.said).toHaveLength(23);
    await cloud.run(60 * minute);
    ask(cloud);
    await cloud.run(minute);
    expect(said(cloud, /asks for tier 1/)).toBe(22);
  });

  it('whose event comes twice are told once', async () => {
    const cloud = createCloud();
    const { request } = ask(cloud);
    cloud.deliver(objectCreated(request.key));
    await cloud.run(minute);
    expect(cloud.said).toHaveLength(1);
  });

  it('lapse with as few words', async () => {
    const cloud = createCloud();
    for (let count = 0; count < 300; count++) ask(cloud);
    await cloud.run(10 * 60 * minute, { sweeping: true });
    expect(said(cloud, /has lapsed/)).toBe(20);
  });

  it('of a whole day are read some at a time, and each is told of in the end', async () => {
    const cloud = createCloud();
    for (let hour = 0; hour < 15; hour++) {
      for (let count = 0; count < 20; count++) ask(cloud);
      await cloud.run(60 * minute);
    }
    cloud.calls.length = 0;
    await cloud.run(5 * minute, { sweeping: true });
    expect(cloud.calls.filter((name) => name === 'sweeper intake.get').length).toBeLessThanOrEqual(400);
    await cloud.run(5 * 60 * minute, { sweeping: true });
    expect(said(cloud, /has lapsed/)).toBe(300);
  });

  it('that are more than can be listed let nobody in', async () => {
    const cloud = createCloud();
    const { id, request } = ask(cloud);
    cloud.put(storedDecision(request, 1, { requestId: id, minutes: 30 }, { lastModified: cloud.now() }));
    const { key, bytes } = request;
    for (let count = 0; count < 20_000; count++)
      cloud.intake.set(`${key}-${count}`, { key: `${key}-${count}`, bytes, lastModified: cloud.now() });
    cloud.grant();
    await cloud.run(minute);
    expect(cloud.members.size).toBe(0);
  });

  it('of one who floods the folder while in: it ends in time', async () => {
    const cloud = createCloud();
    const { id, request } = ask(cloud);
    cloud.put(storedDecision(request, 1, { requestId: id, minutes: 30 }, { lastModified: cloud.now() }));
    cloud.grant();
    await cloud.run(minute);
    expect(cloud.members.size).toBe(1);
    const { key, bytes } = request;
    for (let count = 0; count < 20_000; count++)
      cloud.intake.set(`${key}-${count}`, { key: `${key}-${count}`, bytes, lastModified: cloud.now() });
    await cloud.run(31 * minute);
    expect(cloud.members.size).toBe(0);
  });
});

it('a listing ends at its limit: the pages after it are not asked for, and nothing is answered', async () => {
  let pages = 0;
  async function* endless() {
    for (;;) {
      pages++;
      yield Array.from({ length: 1_000 }, () => 'key');
    }
  }
  expect(await boundedList(endless(), 20_000)).toEqual([]);
  expect(pages).toBe(21);
  async function* two() {
    yield ['a', 'b'];
    yield ['c'];
  }
  expect(await boundedList(two(), 3)).toEqual(['a', 'b', 'c']);
  expect(await boundedList(two(), 2)).toEqual([]);
});
