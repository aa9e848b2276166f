import { describe, expect, it } from 'vitest';
import { encodeEnd } from '../../src/breakglass/protocol/end.ts';
import { endKey, evidenceKey } from '../../src/breakglass/protocol/keys.ts';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
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
const said = (cloud: Cloud, what: RegExp) => cloud.said.filter(({ text }) => what.test(text));
const sweeping = { sweeping: true };

describe('a request that nobody answered', () => {
  const asked = (cloud: Cloud) => {
    const request = storedRequest(storyRequest(), { lastModified: cloud.now() });
    cloud.put(request);
    return request;
  };

  it('is said to have lapsed, once, where it was asked for', async () => {
    const cloud = createCloud();
    asked(cloud);
    await cloud.run(cloud.policy.requestLifeMinutes * minute, sweeping);
    expect(cloud.said).toEqual([]);
    await cloud.run(30 * hour, sweeping);
    expect(said(cloud, /has lapsed/)).toHaveLength(1);
    expect(cloud.said).toHaveLength(1);
    expect(cloud.said[0]?.channel).toBe(cloud.policy.tiers.find(({ tier }) => tier === 1)?.channel);
  });

  it('by many at once: each once, whatever dies', async () => {
    const cloud = createCloud();
    asked(cloud);
    await cloud.run(cloud.policy.requestLifeMinutes * minute);
    cloud.crashAt(12, 'after');
    await Promise.all([cloud.sweep(), cloud.sweep()]);
    await cloud.run(hour, sweeping);
    expect(said(cloud, /has lapsed/)).toHaveLength(1);
  });

  it.each([
    ['denied', (cloud: Cloud) => cloud.put(storedDecision(asked(cloud), 1, { outcome: 'denied' }))],
    [
      'taken back',
      (cloud: Cloud) => {
        asked(cloud);
        const key = endKey(people.dana.userId, requestId);
        cloud.put({ key, bytes: encodeEnd({ v: 1, kind: 'end', sessionId: requestId, user: people.dana }) });
      },
    ],
    [
      'granted',
      (cloud: Cloud) => {
        cloud.put(storedDecision(asked(cloud), 1));
        cloud.grant();
      },
    ],
  ])('is not said of one that was %s', async (_, act) => {
    const cloud = createCloud();
    act(cloud);
    await cloud.run(10 * hour, sweeping);
    expect(said(cloud, /has lapsed/)).toEqual([]);
  });

  it('is not said of one that lapsed days ago, when the sweeper is back', async () => {
    const cloud = createCloud();
    asked(cloud);
    await cloud.run(3 * 24 * hour);
    await cloud.run(hour, sweeping);
    expect(cloud.said).toEqual([]);
  });
});

describe('the ticket of an emergency', () => {
  const clientId = 'BG-01M7ZE1ZKMZ492KT1PDCJG7F3K';
  const broken = (cloud: Cloud, incident: string) => {
    const tags = {
      'forge:tier': '0',
      'forge:incident': incident,
      'forge:reason': 'down',
      'forge:id': clientId,
    };
    const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
    cloud.deliver({ source: 'aws.sts', detail: assumeRoleEvent({}, { tags: list }) });
  };
  const deliver = (cloud: Cloud, id: string, line: object) => {
    const key = evidenceKey(people.sven.userId, id as typeof requestId, 3);
    cloud.put({ key, bytes: new TextEncoder().encode(`{"type":"opened"}\n${JSON.stringify(line)}\n`) });
  };

  it('is missed an hour after the opening, once an hour for a day, then once a day', async () => {
    const cloud = createCloud();
    broken(cloud, 'to-follow');
    await cloud.run(59 * minute, sweeping);
    expect(said(cloud, /:ticket:/)).toEqual([]);
    await cloud.run(10 * minute, sweeping);
    expect(said(cloud, /:ticket:/)).toHaveLength(1);
    expect(said(cloud, /:ticket:/)[0]?.text).toContain('forge breakglass ticket bg-7f3k');
    await cloud.run(3 * hour, sweeping);
    expect(said(cloud, /:ticket:/)).toHaveLength(4);
    await cloud.run(6 * 24 * hour, sweeping);
    expect(said(cloud, /:ticket:/).length).toBeLessThan(24 + 7);
  });

  it.each([
    ['the name that forge gave the session', clientId, { type: 'ticket', ticket: 'INC-9' }],
    ['the name that the record has', `EV-${eventId}`, { type: 'closed', ticket: 'INC-9' }],
    ['the journal', clientId, { v: 1, type: 'breakglass.ticket', ticket: 'INC-9' }],
  ])('is missed no more once it came, under %s', async (_, id, line) => {
    const cloud = createCloud();
    broken(cloud, 'to-follow');
    await cloud.run(2 * hour + 10 * minute, sweeping);
    expect(said(cloud, /:ticket:/)).toHaveLength(2);
    deliver(cloud, id, line);
    await cloud.run(5 * hour, sweeping);
    expect(said(cloud, /:ticket:/)).toHaveLength(2);
  });

  it('is missed still when what came names none', async () => {
    const cloud = createCloud();
    broken(cloud, 'to-follow');
    deliver(cloud, clientId, { type: 'closed', ticket: ' ', note: 'my "ticket"' });
    await cloud.run(2 * hour, sweeping);
    expect(said(cloud, /:ticket:/).length).toBeGreaterThan(0);
  });

  it('is not asked for when the role was opened with one', async () => {
    const cloud = createCloud();
    broken(cloud, 'INC-9');
    await cloud.run(5 * hour, sweeping);
    expect(said(cloud, /:ticket:/)).toEqual([]);
  });

  it('is looked for in the newest pieces, and in no more of them than can be read', async () => {
    const cloud = createCloud();
    broken(cloud, 'to-follow');
    await cloud.run(50 * minute);
    for (let number = 0; number < 400; number++) {
      const key = evidenceKey(people.sven.userId, clientId, number);
      cloud.put({ key, bytes: new TextEncoder().encode('{}\n'), lastModified: cloud.now() - 1 });
    }
    const ticket = `{"type":"ticket","ticket":"INC-9"}\n`;
    const key = evidenceKey(people.sven.userId, clientId, 999_999);
    cloud.put({ key, bytes: new TextEncoder().encode(ticket) });
    cloud.calls.length = 0;
    await cloud.run(15 * minute, sweeping);
    expect(said(cloud, /:ticket:/)).toEqual([]);
    cloud.intake.delete(key);
    cloud.calls.length = 0;
    await cloud.run(2 * minute);
    await cloud.sweep();
    await cloud.run(minute);
    expect(said(cloud, /:ticket:/)).toHaveLength(1);
    expect(cloud.calls.filter((name) => name === 'sweeper intake.get').length).toBeLessThan(150);
  });
});
