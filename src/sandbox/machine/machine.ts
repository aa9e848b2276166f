import type { JsonObject } from '../../lib/json-object.ts';
import { handlerRoleArn, stateMachineArn } from '../break-glass/arns.ts';
import { jitGroups } from '../break-glass/jit-groups.ts';
import type { CallEvent } from '../event-log.ts';
import type { World } from '../world.ts';
import { StateFailure } from './asl/state-failure.ts';
import { createExecutions, type Executions } from './executions.ts';
import { requestLifeMinutes } from './handler-policy.ts';
import type { HandlerName, HandlerRunner } from './handler-runner.ts';
import { eventsForRecorder, isRequest } from './rules.ts';
import { handlerOf, sessionWorkflow } from './session-workflow.ts';
import type { SlackMessage } from './slack.ts';
import { createTimers, type Timers } from './timers.ts';

/**
 * What runs by itself in the sandbox's access account: rules that bring events to the recorder, the workflow, the sweeper
 * every five minutes; on the sandbox's clock. Nothing of it runs before the first event that concerns it.
 */
export interface Machine {
  readonly executions: Executions;
  readonly messages: SlackMessage[];
  readonly timers: Timers;
  /** From now on handlers can run. */
  connect(runner: HandlerRunner): void;
  /** Runs the sweeper now. */
  sweep(): Promise<unknown>;
  /** Turns the clock, letting everything that falls due on the way happen in its time. Backward: at once. */
  turnClock(offset: number): Promise<void>;
  /** The next so many events that a rule fits are lost. */
  dropEvents(count: number): void;
  /** The handler's process ends with its n-th call from now, which took effect. */
  crashHandler(handler: HandlerName, call: number): void;
  /** Nothing goes on any more: for a sandbox that ends. */
  stop(): void;
}

const sweepEveryMs = 5 * 60_000;
/** The sweeper looks at requests four times an hour. */
const lapseAfterMs = 16 * 60_000;
/** EventBridge and Lambda try an event again after so long, and then not any more. */
const retryAfterMs = [60_000, 120_000];
/** What `setTimeout` can wait for. */
const longestTimer = 2 ** 31 - 1;

type Watched = Pick<World, 'events' | 'organisation' | 'now' | 'hostNow' | 'setClockOffset'>;

export function createMachine(world: Watched): Machine {
  const timers = createTimers(world.now);
  let runner: HandlerRunner | undefined;
  let executions: Executions | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let crash: { handler: HandlerName; left: number } | undefined;
  let [awake, stirred, stopped, turning] = [false, false, false, false];
  const messages: SlackMessage[] = [];

  const schedule = () => {
    clearTimeout(timer);
    const next = timers.next();
    if (next === undefined || stopped || turning) return;
    const wait = Math.min(Math.max(0, next - world.now()), longestTimer);
    timer = setTimeout(() => {
      timers.fire(world.now());
      schedule();
    }, wait);
    timer.unref();
  };
  timers.onChange(schedule);

  const invoke = async (handler: HandlerName, payload: unknown): Promise<unknown> => {
    if (runner === undefined || stopped) throw new StateFailure('Lambda.Unknown', 'No handlers run here.');
    return runner.invoke(handler, payload);
  };

  async function deliver(event: JsonObject): Promise<void> {
    for (const delay of [0, ...retryAfterMs]) {
      await timers.until(world.now() + delay);
      try {
        await invoke('recorder', event);
        return;
      } catch {
        // The next try, or the sweeper.
      }
    }
  }

  /** Until there is nothing left that a sweep could find. */
  async function sweepOnAndOn(): Promise<void> {
    for (let quiet = false; !quiet && !stopped; ) {
      stirred = false;
      await timers.until(world.now() + sweepEveryMs);
      const done = await invoke('sweeper', {}).catch(() => undefined);
      const nothing = done !== undefined && (done as { done?: readonly string[] }).done?.length === 0;
      quiet = nothing && !stirred && !isBusy();
    }
    awake = false;
  }

  /** Of a request that nobody answers the sweeper tells, which rests by then. */
  async function sweepWhenLapsed(): Promise<void> {
    await timers.until(world.now() + requestLifeMinutes * 60_000 + lapseAfterMs);
    await invoke('sweeper', {}).catch(() => undefined);
  }

  const isBusy = (): boolean => {
    const groups = new Set(jitGroups.map(({ group }) => group.id));
    return (
      executions?.all().some(({ status }) => status === 'RUNNING') === true ||
      world.organisation.memberships.some(({ groupId }) => groups.has(groupId))
    );
  };

  function wake(): void {
    stirred = true;
    if (awake || runner === undefined) return;
    awake = true;
    void timers.during(sweepOnAndOn);
  }

  function countCrash({ principal }: CallEvent): void {
    if (crash === undefined || principal === undefined) return;
    const role = handlerRoleArn(crash.handler).split('/').at(-1) ?? '';
    if (!principal.includes(`:assumed-role/${role}/`) || --crash.left > 0) return;
    runner?.kill(crash.handler);
    crash = undefined;
  }

  world.events.subscribe((event) => {
    countCrash(event);
    if (runner === undefined || stopped) return;
    const wanted = eventsForRecorder(event);
    if (wanted.length === 0) return;
    // Whoever only signs in to production is told of, and leaves nothing that a sweep could find.
    if (event.name !== 'AssumeRoleWithSAML') wake();
    if (dropped > 0) dropped--;
    else for (const told of wanted) void timers.during(() => deliver(told));
    if (isRequest(event)) void timers.during(sweepWhenLapsed);
  });

  return {
    get executions() {
      executions ??= createExecutions({
        machine: sessionWorkflow(),
        arnPrefix: stateMachineArn.replace(':stateMachine:', ':execution:'),
        timers,
        now: world.now,
        invoke: (resource, payload) => invoke(handlerOf(resource), payload),
      });
      return executions;
    },
    messages,
    timers,
    connect(handlers) {
      runner = handlers;
    },
    sweep: () => timers.during(() => invoke('sweeper', {})),
    async turnClock(offset) {
      turning = true;
      try {
        for (;;) {
          if (!stopped) await timers.idle();
          const next = timers.next();
          if (next === undefined || next > world.hostNow() + offset || stopped) break;
          if (next > world.now()) world.setClockOffset(next - world.hostNow());
          timers.fire(Math.max(next, world.now()));
        }
        world.setClockOffset(offset);
      } finally {
        turning = false;
        schedule();
      }
    },
    dropEvents(count) {
      dropped = count;
    },
    crashHandler(handler, left) {
      crash = { handler, left };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
