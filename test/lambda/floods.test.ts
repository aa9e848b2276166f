import { describe, expect, it } from 'vitest';
import { newRequestId, type SessionId } from '../../src/breakglass/protocol/ids.ts';
import { evidenceKey, parseRecordKey } from '../../src/breakglass/protocol/keys.ts';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  assumeRoleEvent,
  clientId,
  eventId,
  minute,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

/**
 * Whoever may write into their own folder may write as much as they like. What ends their access reads it, in the minutes that
 * a function of Lambda has, so none of it may make that longer.
 */
function letIn(cloud: Cloud): void {
  const request = storedRequest(storyRequest({ minutes: 30 }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes: 30 }));
  cloud.grant();
}

function deliver(cloud: Cloud, id: SessionId, number: number, text = `piece ${number}\n`): void {
  const userId = id === requestId ? people.dana.userId : people.sven.userId;
  const key = evidenceKey(userId, id, number);
  cloud.put({ key, bytes: new TextEncoder().encode(text) });
  cloud.deliver(objectCreated(key));
}

const records = (cloud: Cloud, id: SessionId) =>
  [...cloud.archive.keys()].filter((key) => parseRecordKey(key)?.session === id).sort();

/** Files of the last seal. */
function sealed(cloud: Cloud, id: SessionId): readonly string[] {
  const parsed = parseRecord(
    cloud.archive.get(records(cloud, id).at(-1) ?? '')?.[0]?.bytes ?? new Uint8Array(),
  );
  return parsed.ok && parsed.value.kind === 'seal' ? parsed.value.body.files.map(({ key }) => key) : [];
}

describe('who writes without end', () => {
  it('requests, is put out in time all the same, and by few calls', async () => {
    const cloud = createCloud();
    letIn(cloud);
    await cloud.run(10 * minute);
    for (let count = 0; count < 3_000; count++) {
      const random = new Uint8Array(10);
      new DataView(random.buffer).setUint32(0, count);
      cloud.put(
        storedRequest(storyRequest({ id: newRequestId(cloud.now(), random) }), { lastModified: cloud.now() }),
      );
    }
    cloud.calls.length = 0;
    await cloud.run(22 * minute, { sweeping: true });
    expect(cloud.members.size).toBe(0);
    const of = (handler: string) => cloud.calls.filter((name) => name.startsWith(handler)).length;
    expect(of('revoker')).toBeLessThan(1_000);
    // A sweep every five minutes: requests of everybody are looked through in the last part of it.
    expect(of('sweeper') / 4).toBeLessThan(2_500);
  });

  it('evidence after the seal, makes no chain that is too long to be read; all of it is sealed in the end', async () => {
    const cloud = createCloud();
    letIn(cloud);
    await cloud.run(100 * minute, { sweeping: true });
    expect(records(cloud, requestId).length).toBeLessThan(10);
    for (let number = 0; number < 300; number++) {
      deliver(cloud, requestId, number);
      await cloud.run(2_000, { sweeping: false });
    }
    expect(records(cloud, requestId).length).toBeLessThan(120);
    await cloud.run(10 * 60 * minute, { sweeping: true });
    expect(records(cloud, requestId).length).toBeLessThan(150);
    expect(sealed(cloud, requestId).filter((key) => key.includes('/client-'))).toHaveLength(300);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('evidence under the largest numbers, keeps no session from being sealed', async () => {
    const cloud = createCloud();
    letIn(cloud);
    for (let number = 4_980; number < 20_000; number++) {
      const key = evidenceKey(people.dana.userId, requestId, number);
      cloud.put({ key, bytes: new TextEncoder().encode('.') });
    }
    deliver(cloud, requestId, 999_999);
    await cloud.run(100 * minute, { sweeping: true });
    expect(sealed(cloud, requestId).filter((key) => key.includes('/client-'))).toHaveLength(20);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('evidence under both names of an emergency, hides nothing of either', async () => {
    const cloud = createCloud();
    const event = assumeRoleEvent();
    cloud.trail.push({ account: '333333333333', event });
    cloud.deliver({ source: 'aws.sts', detail: event });
    await cloud.run(minute);
    deliver(cloud, `EV-${eventId}`, 0, 'not what forge delivers\n');
    await cloud.run(minute);
    deliver(cloud, clientId, 0, 'what forge delivers\n');
    await cloud.run(100 * minute, { sweeping: true });
    const [file = ''] = sealed(cloud, `EV-${eventId}`).filter((key) => key.includes('/client-'));
    expect(Buffer.from(cloud.archive.get(file)?.[0]?.bytes ?? []).toString()).toBe('what forge delivers\n');
  });
});
