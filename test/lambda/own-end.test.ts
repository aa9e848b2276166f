import { expect, it } from 'vitest';
import type { Person } from '../../src/breakglass/protocol/document-parts.ts';
import { encodeEnd } from '../../src/breakglass/protocol/end.ts';
import { newRequestId, type RequestId } from '../../src/breakglass/protocol/ids.ts';
import { endKey } from '../../src/breakglass/protocol/keys.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import { assumeRoleEvent, clientId, minute, people } from '../support/break-glass-story.ts';

/** Tier 0 and 3 are ended under the name that the person's forge gave them: it knows no other. */
interface Opening {
  readonly id?: RequestId;
  readonly event?: string;
  readonly offline?: boolean;
}

function open(cloud: Cloud, { id = clientId, event = '0', offline = false }: Opening = {}): void {
  const at = new Date(cloud.now());
  const change = {
    eventID: `7f0c1c1e-52e2-4f8e-9c2e-${event.padStart(12, '0')}`,
    eventTime: at.toISOString().replace(/\.\d+Z/, 'Z'),
    responseElements: {
      credentials: {
        accessKeyId: `ASIAEMERGENCYEXAMPL${event}`,
        expiration: new Date(cloud.now() + 60 * minute).toISOString(),
      },
    },
  };
  const tags = (tier: string) => [
    { key: 'forge:tier', value: tier },
    { key: 'forge:incident', value: 'INC-99' },
    { key: 'forge:reason', value: 'Site down' },
    { key: 'forge:id', value: id },
  ];
  const detail = offline
    ? assumeRoleEvent(
        {
          ...change,
          userIdentity: {
            type: 'IAMUser',
            arn: 'arn:aws:iam::999999999999:user/forge/forge-emergency-a',
            accountId: '999999999999',
          },
        },
        {
          roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-EmergencyOffline',
          sourceIdentity: 'sven+mia',
          tags: tags('3'),
        },
      )
    : assumeRoleEvent(change, { tags: tags('0') });
  cloud.deliver({ source: 'aws.sts', detail });
}

function end(cloud: Cloud, id: RequestId = clientId, user: Person = people.sven, lost = false): void {
  const key = endKey(user.userId, id);
  cloud.put({ key, bytes: encodeEnd({ v: 1, kind: 'end', sessionId: id, user }) });
  if (!lost) cloud.deliver(objectCreated(key));
}

const another = newRequestId(Date.UTC(2026, 10, 21, 12), new Uint8Array(10).fill(3));
const svens = { account: '333333333333', userId: people.sven.userId, assumedOnly: true };

it('tier 0 that its person ended loses what was issued, at once', async () => {
  const cloud = createCloud();
  open(cloud);
  await cloud.run(10 * minute);
  expect(cloud.cuts).toEqual([]);
  end(cloud);
  await cloud.run(minute);
  expect(cloud.cuts).toEqual([expect.objectContaining(svens)]);
  expect(cloud.cuts[0]?.at).toBeGreaterThanOrEqual(cloud.now() - 2 * minute);
});

it('the event of the paper being lost, the sweeper finds it', async () => {
  const cloud = createCloud();
  open(cloud);
  await cloud.run(10 * minute);
  end(cloud, clientId, people.sven, true);
  await cloud.run(7 * minute, { sweeping: true });
  expect(cloud.cuts).toEqual([expect.objectContaining(svens)]);
});

it('ended before CloudTrail told of its beginning, it is over as soon as that is known', async () => {
  const cloud = createCloud();
  end(cloud);
  await cloud.run(2 * minute);
  open(cloud);
  await cloud.run(minute);
  expect(cloud.cuts).toEqual([expect.objectContaining(svens)]);
});

it('an intake that does not answer when it opens keeps nobody from being told, and the end is found later', async () => {
  const cloud = createCloud();
  end(cloud);
  await cloud.run(minute);
  cloud.down.set('intake', 'ServiceUnavailable');
  open(cloud);
  await cloud.run(minute);
  expect(cloud.said.some(({ text }) => text.includes('Site down'))).toBe(true);
  cloud.down.clear();
  await cloud.run(7 * minute, { sweeping: true });
  expect(cloud.cuts).toEqual([expect.objectContaining(svens)]);
});

it('somebody else’s paper under that name ends nothing', async () => {
  const cloud = createCloud();
  open(cloud);
  await cloud.run(minute);
  end(cloud, clientId, people.dana);
  await cloud.run(10 * minute, { sweeping: true });
  expect(cloud.cuts).toEqual([]);
});

it('another session of the same person goes on, whichever of the two began first', async () => {
  for (const first of [true, false]) {
    const cloud = createCloud();
    const start = cloud.now();
    open(cloud, { event: '1' });
    await cloud.run(2 * minute);
    open(cloud, { id: another, event: '2' });
    await cloud.run(2 * minute);
    end(cloud, first ? clientId : another);
    await cloud.run(minute);
    // Of two that overlap the older one's keys are older than any cut that spares the other: its own end cuts both.
    const spared = first ? start + 2 * minute : start;
    expect(cloud.cuts.map(({ at }) => at < spared)).toEqual([true]);
    expect(cloud.cuts[0]?.at).toBeGreaterThanOrEqual(first ? start : start - minute);
    end(cloud, first ? another : clientId);
    await cloud.run(minute);
    expect(cloud.cuts.at(-1)?.at).toBeGreaterThanOrEqual(start + 3 * minute);
  }
});

it('broken anew before CloudTrail tells of it: what is newer than the end is not refused', async () => {
  const cloud = createCloud();
  open(cloud);
  await cloud.run(minute);
  end(cloud, clientId, people.sven, true);
  const ended = cloud.now();
  await cloud.run(3 * minute);
  cloud.deliver(objectCreated(endKey(people.sven.userId, clientId)));
  await cloud.run(minute);
  expect(cloud.cuts.map(({ at }) => at)).toEqual([ended - 1_000]);
});

it('tier 3 is ended by whoever was at the keyboard, by name, and by nobody else', async () => {
  for (const lost of [false, true]) {
    const cloud = createCloud();
    open(cloud, { offline: true });
    await cloud.run(minute);
    end(cloud, clientId, people.dana);
    await cloud.run(7 * minute, { sweeping: true });
    expect(cloud.cuts).toEqual([]);
    end(cloud, clientId, people.sven, lost);
    await cloud.run(7 * minute, { sweeping: lost });
    expect(cloud.cuts).toEqual([expect.objectContaining({ userId: 'sven+mia', assumedOnly: true })]);
  }
});
