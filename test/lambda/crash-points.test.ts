import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/breakglass/protocol/document.ts';
import type { Person } from '../../src/breakglass/protocol/document-parts.ts';
import { encodeEnd } from '../../src/breakglass/protocol/end.ts';
import { endKey, evidenceKey, killKey } from '../../src/breakglass/protocol/keys.ts';
import { encodeKill } from '../../src/breakglass/protocol/kill.ts';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import { type Cloud, createCloud, objectCreated, type Side } from '../support/break-glass-cloud.ts';
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
 * Every handler is killed at every call it makes, before the call took effect and after: nobody may stay in, no record may
 * be missing or twice. The points are counted in a run without a crash, so a call that is added is tried, too.
 */
const hour = 60 * minute;

interface Story {
  readonly name: string;
  play(cloud: Cloud): Promise<void>;
  readonly session: (cloud: Cloud) => string;
  /** Records that must be there, in this order, once each; `revoke`, `export` and `seal` may come again with more in them. */
  readonly kinds: readonly string[];
  /** When everybody must be out, from the start. */
  readonly outAfter: number;
}

function asked(cloud: Cloud): void {
  const request = storedRequest(storyRequest({ minutes: 30 }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes: 30 }));
}

const evidence = (id: typeof requestId, number: number, { userId }: Person = people.dana) => ({
  key: evidenceKey(userId, id, number),
  bytes: new TextEncoder().encode(`{"said":${number}}\n`),
});

const whole = ['open', 'revoke', 'export', 'seal'];
const stories: readonly Story[] = [
  {
    name: 'a grant, with evidence',
    async play(cloud) {
      asked(cloud);
      cloud.grant();
      await cloud.run(10 * minute, { sweeping: true });
      for (const number of [1, 2]) {
        cloud.put(evidence(requestId, number));
        cloud.deliver(objectCreated(evidence(requestId, number).key));
      }
    },
    session: () => requestId,
    kinds: ['open', 'revoke', 'evidence', 'export', 'seal'],
    outAfter: 30 * minute,
  },
  {
    name: 'a grant whose event is lost',
    async play(cloud) {
      asked(cloud);
      cloud.grant({ lost: true });
    },
    session: () => requestId,
    kinds: whole,
    outAfter: 30 * minute,
  },
  {
    name: 'a grant that an approver stops',
    async play(cloud) {
      asked(cloud);
      cloud.grant();
      await cloud.run(10 * minute, { sweeping: true });
      const key = killKey(requestId, people.mia.userId);
      cloud.put({ key, bytes: encodeKill({ v: 1, kind: 'kill', sessionId: requestId, by: people.mia }) });
      cloud.deliver(objectCreated(key));
    },
    session: () => requestId,
    kinds: ['open', 'end', 'revoke', 'export', 'seal'],
    outAfter: 10 * minute,
  },
  {
    name: 'a grant that nobody asked for',
    async play(cloud) {
      cloud.grant();
    },
    session: (cloud) => `UN-${[...cloud.trail].map(({ event }) => idOf(event))[0]}`,
    kinds: whole,
    outAfter: 0,
  },
  {
    name: 'a grant that is ended early',
    async play(cloud) {
      asked(cloud);
      cloud.grant();
      await cloud.run(10 * minute, { sweeping: true });
      const key = endKey(people.dana.userId, requestId);
      cloud.put({ key, bytes: encodeEnd({ v: 1, kind: 'end', sessionId: requestId, user: people.dana }) });
      cloud.deliver(objectCreated(key));
    },
    session: () => requestId,
    kinds: ['open', 'end', 'revoke', 'export', 'seal'],
    outAfter: 10 * minute,
  },
  {
    name: 'an emergency',
    async play(cloud) {
      // Its forge has told of it before AWS does.
      const said = evidence(clientId, 0, people.sven);
      cloud.put(said);
      cloud.deliver(objectCreated(said.key));
      const event = assumeRoleEvent();
      cloud.trail.push({ account: '333333333333', event });
      cloud.deliver({ source: 'aws.sts', detail: event });
    },
    session: () => `EV-${eventId}`,
    kinds: ['open', 'revoke', 'evidence', 'export', 'seal'],
    outAfter: 0,
  },
];

function idOf(event: Record<string, unknown>): string {
  return (event.responseElements as { membershipId: string }).membershipId;
}

function kinds(cloud: Cloud, id: string): readonly string[] {
  return [...cloud.archive.values()]
    .flat()
    .filter(({ key }) => key.startsWith(`sessions/${id}/0`))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ bytes }) => {
      const parsed = parseRecord(bytes ?? new Uint8Array());
      return parsed.ok ? parsed.value.kind : parsed.problem;
    });
}

/** What is written a second time, with more in it, counts as once. */
const withoutRepeats = (all: readonly string[]): readonly string[] =>
  all.filter((kind, index) => !['revoke', 'export', 'seal'].includes(kind) || all.indexOf(kind) === index);

/** Records that say nothing new: the same of the same kind in the same session. */
function doubled(cloud: Cloud): readonly string[] {
  const seen = new Set<string>();
  return [...cloud.archive.values()].flat().flatMap(({ bytes }) => {
    const parsed = parseRecord(bytes ?? new Uint8Array());
    if (!parsed.ok) return [];
    const { session, kind, body } = parsed.value;
    const what = `${session} ${kind} ${JSON.stringify(body)}`;
    if (seen.has(what)) return [what];
    seen.add(what);
    return [];
  });
}

/** What people must be told, and were not, or were more than twice: a handler that died after saying it says it again. */
function untold({ said, archive }: Cloud): readonly string[] {
  const heads = [...archive.values()]
    .flat()
    .flatMap(({ key, bytes }) => (key.startsWith('ledger/') && bytes !== undefined ? [sha256(bytes)] : []));
  const marks = [
    /^:(?:white_check_mark|rotating_light):/,
    /^:lock:/,
    ...heads.map((head) => new RegExp(head)),
  ];
  return marks
    .map((mark) => ({ mark, times: said.filter(({ text }) => mark.test(plain(text))).length }))
    .flatMap(({ mark, times }) => (times < 1 || times > 2 ? [`${mark}: ${times} times`] : []));
}

const plain = (text: string): string => text.replace(/^\(.*?, told late\) /, '');

/** Two sweeps, and a little. */
const patience = 12 * minute;

async function playWith(story: Story, crash: { call: number; side: Side } | undefined) {
  const cloud = createCloud();
  if (crash !== undefined) cloud.crashAt(crash.call, crash.side);
  await story.play(cloud);
  const began = cloud.now();
  await cloud.run(story.outAfter + patience, { sweeping: true });
  const stillIn = cloud.members.size;
  await cloud.run(100 * minute - (cloud.now() - began), { sweeping: true });
  const calls = cloud.calls.length;
  await cloud.run(48 * hour);
  return { cloud, stillIn, calls };
}

let points = 0;
describe.each(stories)('$name', (story) => {
  it('ends, and is recorded once, wherever a handler is killed', async () => {
    const { cloud, stillIn } = await playWith(story, undefined);
    expect(stillIn).toBe(0);
    expect(kinds(cloud, story.session(cloud))).toEqual(story.kinds);
    expect(cloud.verify().findings).toEqual([]);
    // Sweeps that find nothing to do are all alike.
    const sweeps = cloud.calls.flatMap((name, index) => (name.startsWith('sweeper') ? [index] : []));
    const alike = new Set(sweeps.slice(10));
    for (let call = 1; call <= cloud.calls.length; call++) {
      if (alike.has(call - 1)) continue;
      for (const side of ['before', 'after'] as const) {
        points++;
        const where = `${side} call ${call}, ${cloud.calls[call - 1]}`;
        const crashed = await playWith(story, { call, side });
        expect(crashed.stillIn, `${where}: somebody is still in`).toBe(0);
        expect(withoutRepeats(kinds(crashed.cloud, story.session(crashed.cloud))), where).toEqual(
          story.kinds,
        );
        expect(doubled(crashed.cloud), where).toEqual([]);
        expect(untold(crashed.cloud), `${where}: nobody was told`).toEqual([]);
        expect(crashed.cloud.verify().findings, where).toEqual([]);
      }
    }
  });
});

it('there are enough points', () => {
  expect(points).toBeGreaterThan(300);
});
