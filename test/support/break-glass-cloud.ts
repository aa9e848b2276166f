import type { StoredObject } from '../../src/breakglass/protocol/document.ts';
import type { Policy } from '../../src/breakglass/protocol/policy.ts';
import { verifyChain } from '../../src/breakglass/protocol/verify-chain.ts';
import type { ObjectVersion } from '../../src/breakglass/protocol/verify-versions.ts';
import { mostKeys } from '../../src/lambda/bounded-list.ts';
import { type ExporterInput, exporter } from '../../src/lambda/exporter.ts';
import type { Member, Ports, TailCut } from '../../src/lambda/ports.ts';
import { recorder } from '../../src/lambda/recorder.ts';
import { type RevokerInput, revoker } from '../../src/lambda/revoker.ts';
import { sweeper } from '../../src/lambda/sweeper.ts';
import { StateFailure } from '../../src/sandbox/machine/asl/state-failure.ts';
import { createExecutions, type Executions } from '../../src/sandbox/machine/executions.ts';
import { handlerOf, sessionWorkflow } from '../../src/sandbox/machine/session-workflow.ts';
import { createTimers, type Timers } from '../../src/sandbox/machine/timers.ts';
import { membershipEvent, minute, noon, people, storyPolicy } from './break-glass-story.ts';

/** A handler's process ended: everything that it would have done after that does not happen. */
class Crash extends Error {}

/** Before or after the call took effect: the two sides of every crash point. */
export type Side = 'before' | 'after';

export type Handler = 'recorder' | 'revoker' | 'sweeper' | 'exporter';

/**
 * What the handlers need of AWS, in memory, with a clock that is turned: the real handlers on the real workflow, run by
 * the sandbox's interpreter; every port call can fail, be the handler's last, or find its service down.
 */
export interface Cloud {
  readonly policy: Policy;
  readonly intake: Map<string, StoredObject>;
  readonly archive: Map<string, readonly ObjectVersion[]>;
  readonly members: Map<string, Member>;
  /** User names by id. */
  readonly names: Map<string, string>;
  readonly cuts: ({ account: string } & TailCut)[];
  readonly said: { channel: string | undefined; text: string }[];
  readonly shells: Map<string, string>;
  readonly trail: { account: string; event: Record<string, unknown> }[];
  readonly executions: Executions;
  readonly timers: Timers;
  /** How often each handler was called, and each port of it. */
  readonly calls: string[];
  now(): number;
  /** Ports and handlers that fail now, by name: `people.removeMembership`, `people`, `recorder`. Value: the error's name. */
  readonly down: Map<string, string>;
  /** The handler that makes the n-th port call from here on ends there. */
  crashAt(call: number, side: Side): void;
  /** What a handler answers from now on, whatever it is asked. */
  answer(handler: Handler, answer: unknown): void;
  /** No handler crashes any more. */
  heal(): void;
  put(object: Pick<StoredObject, 'key' | 'bytes'> & { lastModified?: number }): void;
  /** The event reaches the recorder, as EventBridge does it: tried again after one and two minutes. */
  deliver(event: unknown): void;
  /** An approver makes somebody a member: the membership, the event in the trail, and (unless it is lost) its delivery. */
  grant(options?: GrantOptions): { readonly membershipId: string; readonly event: Record<string, unknown> };
  sweep(): Promise<void>;
  /** Turns the clock, letting everything happen in its time; `sweeping`: every five minutes the sweeper runs. */
  run(milliseconds: number, options?: { sweeping?: boolean }): Promise<void>;
  /** Everything that the archive has, as the auditor would read it. */
  verify(): ReturnType<typeof verifyChain>;
}

export interface GrantOptions {
  readonly lost?: boolean;
  readonly twice?: boolean;
  readonly change?: Record<string, unknown>;
  readonly groupId?: string;
  readonly userId?: string;
}

export function createCloud(policy: Policy = storyPolicy()): Cloud {
  let clock = noon;
  let ids = 0;
  let countdown: { left: number; side: Side } | undefined;
  const answers = new Map<Handler, unknown>();
  const timers = createTimers(() => clock);
  const nextId = () => `9067f7c0de-00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const eventId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const json = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

  /** A handler's ports: the cloud's, and what can go wrong with each call. */
  function portsOf(handler: Handler): { readonly ports: Ports; readonly dead: () => boolean } {
    let dead = false;
    const call = async <Result>(name: string, act: () => Result): Promise<Result> => {
      if (dead) throw new Crash('the process is gone');
      cloud.calls.push(`${handler} ${name}`);
      const failure = cloud.down.get(name) ?? cloud.down.get(name.split('.')[0] ?? '');
      if (failure !== undefined) throw Object.assign(new Error(`${name} is down`), { name: failure });
      const crash = countdown !== undefined && --countdown.left === 0 ? countdown.side : undefined;
      if (crash !== undefined) {
        countdown = undefined;
        dead = true;
        if (crash === 'after') act();
        throw new Crash('the process ended');
      }
      // A turn of the loop, as a network call is: handlers that run at once meet in between.
      await Promise.resolve();
      return act();
    };
    return { ports: createPorts(call), dead: () => dead };
  }

  const createPorts = (call: <Result>(name: string, act: () => Result) => Promise<Result>): Ports => ({
    policy,
    now: () => clock,
    log: () => {},
    tell: (channel, text) => call('slack.post', () => void cloud.said.push({ channel, text })),
    intake: {
      get: (key) => call('intake.get', () => cloud.intake.get(key)),
      list: (prefix, most = mostKeys) =>
        call('intake.list', () => {
          const found = [...cloud.intake.values()].filter(({ key }) => key.startsWith(prefix));
          if (found.length > most) return [];
          return found.map(({ key, bytes, lastModified }) => ({ key, size: bytes.length, lastModified }));
        }),
    },
    archive: {
      versions: (prefix) =>
        call('archive.versions', () =>
          [...cloud.archive.values()]
            .flat()
            .flatMap((version) =>
              version.key.startsWith(prefix) ? [{ ...version, size: version.bytes?.length ?? 0 }] : [],
            ),
        ),
      get: (key, versionId) =>
        call('archive.get', () => {
          const bytes = cloud.archive.get(key)?.find((version) => version.versionId === versionId)?.bytes;
          if (bytes === undefined) throw new Error(`there is no ${key}`);
          return bytes;
        }),
      put: (key, bytes) =>
        call('archive.put', () => {
          if (cloud.archive.has(key)) return false;
          const lock = { mode: 'COMPLIANCE', until: clock + policy.retentionDays * 86_400_000 };
          const version = {
            key,
            versionId: `v${++ids}`,
            lastModified: clock,
            deleteMarker: false,
            bytes,
            lock,
          };
          cloud.archive.set(key, [version]);
          return true;
        }),
      list: (prefix, startAfter = '') =>
        call('archive.list', () =>
          [...cloud.archive.values()]
            .flat()
            .flatMap(({ key, lastModified, bytes }) =>
              key.startsWith(prefix) && key > startAfter
                ? [{ key, lastModified, size: bytes?.length ?? 0 }]
                : [],
            ),
        ),
    },
    people: {
      findMembership: (groupId, userId) =>
        call(
          'people.findMembership',
          () =>
            [...cloud.members.values()].find((one) => one.groupId === groupId && one.userId === userId)
              ?.membershipId,
        ),
      membersOf: (groupId) =>
        call('people.membersOf', () => [...cloud.members.values()].filter((one) => one.groupId === groupId)),
      removeMembership: (id) => call('people.removeMembership', () => cloud.members.delete(id)),
      userName: (userId) => call('people.userName', () => cloud.names.get(userId)),
    },
    workflow: {
      start: (name, input) =>
        call('workflow.start', () => {
          if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) throw new Error(`InvalidName: ${name}`);
          return cloud.executions.start(name, JSON.stringify(input)) !== 'exists';
        }),
      running: () =>
        call('workflow.running', () =>
          cloud.executions.all().flatMap(({ name, status }) => (status === 'RUNNING' ? [name] : [])),
        ),
      unfinished: () =>
        call('workflow.unfinished', () =>
          cloud.executions
            .all()
            .filter(({ status }) => status === 'FAILED' || status === 'ABORTED')
            .map(({ name, input }) => ({
              name,
              input: () => call('workflow.input', () => JSON.parse(input) as unknown),
            })),
        ),
    },
    production: {
      cutTail: (account, cut) => call('production.cutTail', () => void cloud.cuts.push({ account, ...cut })),
      endShells: (_, isTheirs) =>
        call('production.endShells', () => {
          const theirs = [...cloud.shells].filter(([, owner]) => isTheirs(owner, undefined));
          for (const [id] of theirs) cloud.shells.delete(id);
          return { terminated: theirs.length, remaining: 0 };
        }),
    },
    trail: {
      lookup: ({ account, by, value, from, to }) =>
        call('trail.lookup', () => {
          const found = cloud.trail.filter(({ account: where, event }) => {
            const at = Date.parse(String(event.eventTime));
            const text = JSON.stringify(event);
            const named = by === 'Username' ? text.includes(`/${value}"`) : text.includes(`"${value}"`);
            return where === account && at >= from && at <= to && named;
          });
          return { events: found.map(({ event }) => JSON.stringify(event)), nextToken: undefined };
        }),
    },
  });

  async function invoke(handler: Handler, payload: unknown): Promise<unknown> {
    const failure = cloud.down.get(handler);
    if (failure !== undefined) throw new StateFailure(failure, `${handler} is down`);
    if (answers.has(handler)) return json(answers.get(handler));
    const { ports, dead } = portsOf(handler);
    const input = json(payload);
    try {
      const result = await runHandler(handler, ports, input);
      if (dead()) throw new Crash('the process ended');
      return json(result);
    } catch (error) {
      if (dead()) throw new StateFailure('Lambda.Unknown', 'the process ended');
      throw new StateFailure((error as Error).name, (error as Error).message);
    }
  }

  const cloud: Cloud = {
    policy,
    intake: new Map(),
    archive: new Map(),
    members: new Map(),
    names: new Map(Object.values(people).map(({ userId, userName }) => [userId, userName])),
    cuts: [],
    said: [],
    shells: new Map(),
    trail: [],
    calls: [],
    timers,
    down: new Map(),
    executions: createExecutions({
      machine: sessionWorkflow(),
      arnPrefix: 'arn:aws:states:us-east-1:999999999999:execution:forge-breakglass-session',
      timers,
      now: () => clock,
      invoke: (resource, payload) => invoke(handlerOf(resource), payload),
    }),
    now: () => clock,
    crashAt(left, side) {
      countdown = { left, side };
    },
    answer: (handler, answer) => void answers.set(handler, answer),
    heal() {
      countdown = undefined;
    },
    put({ key, bytes, lastModified = clock }) {
      if (!cloud.intake.has(key)) cloud.intake.set(key, { key, bytes, lastModified });
    },
    deliver(event) {
      void timers.during(async () => {
        for (const delay of [0, 1, 2]) {
          await timers.until(clock + delay * minute);
          try {
            await invoke('recorder', event);
            return;
          } catch {
            // Tried again; after the third time it is lost, and the sweeper's.
          }
        }
      });
    },
    grant({ lost, twice, change = {}, groupId, userId = people.dana.userId } = {}) {
      const parameters = membershipEvent().requestParameters as Record<string, unknown>;
      const group = groupId ?? String(parameters.groupId);
      const known = [...cloud.members.values()].find((one) => one.groupId === group && one.userId === userId);
      const membershipId = known?.membershipId ?? nextId();
      if (known === undefined) cloud.members.set(membershipId, { membershipId, groupId: group, userId });
      const event = membershipEvent({
        eventTime: new Date(Math.floor(clock / 1_000) * 1_000).toISOString().replace('.000Z', 'Z'),
        eventID: eventId(),
        requestParameters: { ...parameters, groupId: group, memberId: { userId } },
        ...(known === undefined
          ? { responseElements: { membershipId, identityStoreId: 'd-9067f7c0de' } }
          : { responseElements: null, errorCode: 'ConflictException' }),
        ...change,
      });
      const wrapped = {
        source: 'aws.identitystore',
        'detail-type': 'AWS API Call via CloudTrail',
        detail: event,
      };
      cloud.trail.push({ account: '999999999999', event });
      if (lost !== true) cloud.deliver(wrapped);
      if (twice === true) cloud.deliver(wrapped);
      return { membershipId, event };
    },
    sweep: () =>
      timers.during(() =>
        invoke('sweeper', {}).then(
          () => {},
          () => {},
        ),
      ),
    async run(milliseconds, { sweeping = false } = {}) {
      const target = clock + milliseconds;
      let nextSweep = sweeping ? clock + 5 * minute : Number.POSITIVE_INFINITY;
      for (;;) {
        await timers.idle();
        const next = Math.min(timers.next() ?? Number.POSITIVE_INFINITY, nextSweep);
        if (next > target) break;
        clock = Math.max(clock, next);
        if (next === nextSweep) {
          nextSweep += 5 * minute;
          void cloud.sweep();
        }
        timers.fire(clock);
      }
      clock = target;
    },
    verify: () =>
      verifyChain({
        versions: [...cloud.archive.values()].flat(),
        policy,
        now: clock,
        trail: cloud.trail.map(({ event }) => event),
      }),
  };
  return cloud;
}

function runHandler(handler: Handler, ports: Ports, input: unknown): Promise<unknown> {
  switch (handler) {
    case 'recorder':
      return recorder(ports, input);
    case 'revoker':
      return revoker(ports, input as RevokerInput);
    case 'sweeper':
      return sweeper(ports);
    case 'exporter':
      return exporter(ports, input as ExporterInput);
  }
}

/** As EventBridge tells that something was written into the intake. */
export const objectCreated = (key: string): Record<string, unknown> => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  detail: { bucket: { name: 'intake' }, object: { key } },
});
