import type { JsonObject } from '../../../lib/json-object.ts';
import { choose, isTimestamp } from './choose.ts';
import { fill, place, read, type Scope } from './paths.ts';
import { StateFailure } from './state-failure.ts';
import { listOf, type State, type StateMachine } from './state-machine.ts';

/** What an execution needs of the world. */
export interface ExecutionHost {
  /** Epoch milliseconds. */
  now(): number;
  /** Settles at that time; never, once the execution is stopped. */
  until(time: number): Promise<void>;
  /** Runs a task. Throws a StateFailure. */
  invoke(resource: string, payload: unknown, timeoutSeconds: number | undefined): Promise<unknown>;
  /** A state begins. */
  entered(state: string): void;
}

export type Outcome =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string };

/** AWS's own limits: an execution with more events ends, and so does one of whose states carries more.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const mostEvents = 25_000;
export const mostBytes = 262_144;
/** A state is entered and left; a task is scheduled, started, and succeeds or fails, each time that it is tried. */
const eventsOf = { state: 2, attempt: 3 } as const;

/** Runs a state machine from its start to its end. Never throws. */
export async function runExecution(
  machine: StateMachine,
  input: unknown,
  context: JsonObject,
  host: ExecutionHost,
): Promise<Outcome> {
  let data = input;
  let name = machine.startAt;
  let events = 1;
  const count = (more: number) => {
    events += more;
    if (events > mostEvents) throw new StateFailure('States.Runtime', 'The execution has too many events.');
  };
  const counting: ExecutionHost = {
    ...host,
    async invoke(resource, payload, timeoutSeconds) {
      count(eventsOf.attempt);
      checkSize(payload);
      const result = await host.invoke(resource, payload, timeoutSeconds);
      checkSize(result);
      return result;
    },
  };
  try {
    for (;;) {
      count(eventsOf.state);
      const state = machine.states.get(name);
      if (state === undefined) throw new StateFailure('States.Runtime', `There is no state ${name}.`);
      host.entered(name);
      if (state.type === 'Succeed') return { status: 'SUCCEEDED', output: data };
      if (state.type === 'Fail') {
        return { status: 'FAILED', error: String(state.fields.Error), cause: String(state.fields.Cause) };
      }
      const step = await runState(state, data, context, counting);
      data = step.output;
      checkSize(data);
      if (step.next === undefined) return { status: 'SUCCEEDED', output: data };
      name = step.next;
    }
  } catch (error) {
    const failure = asFailure(error);
    return { status: 'FAILED', error: failure.error, cause: failure.message };
  }
}

function checkSize(value: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (bytes > mostBytes)
    throw new StateFailure('States.DataLimitExceeded', `A state would carry ${bytes} bytes.`);
}

interface Step {
  readonly output: unknown;
  readonly next: string | undefined;
}

async function runState(
  state: State,
  data: unknown,
  context: JsonObject,
  host: ExecutionHost,
): Promise<Step> {
  const { fields } = state;
  const whole: Scope = { input: data, context };
  const input = typeof fields.InputPath === 'string' ? read(fields.InputPath, whole) : data;
  const scope: Scope = { input, context };
  const leave = (output: unknown, next: unknown): Step => ({
    output:
      typeof fields.OutputPath === 'string' ? read(fields.OutputPath, { input: output, context }) : output,
    next: typeof next === 'string' ? next : undefined,
  });
  switch (state.type) {
    case 'Choice':
      return leave(input, choose(fields, scope));
    case 'Wait':
      await host.until(endOfWait(fields, scope, host.now()));
      return leave(input, fields.Next);
    case 'Pass': {
      const given = 'Parameters' in fields ? fill(fields.Parameters, scope) : input;
      const result = 'Result' in fields ? fields.Result : given;
      // The result goes into what the state was given, not into what InputPath chose of it.
      return leave(place(fields.ResultPath, data, result), fields.Next);
    }
    default:
      return runTask(state, data, scope, host, leave);
  }
}

async function runTask(
  { fields }: State,
  data: unknown,
  scope: Scope,
  host: ExecutionHost,
  leave: (output: unknown, next: unknown) => Step,
): Promise<Step> {
  const payload = 'Parameters' in fields ? fill(fields.Parameters, scope) : scope.input;
  const timeout = typeof fields.TimeoutSeconds === 'number' ? fields.TimeoutSeconds : undefined;
  const retried = new Map<JsonObject, number>();
  for (;;) {
    try {
      const result = await host.invoke(String(fields.Resource), payload, timeout);
      return leave(place(fields.ResultPath, data, result), fields.Next);
    } catch (error) {
      const failure = asFailure(error);
      const rule = listOf(fields.Retry).find((entry) => fits(entry, failure));
      const times = (rule && retried.get(rule)) ?? 0;
      if (rule !== undefined && times < numberOr(rule.MaxAttempts, 3)) {
        retried.set(rule, times + 1);
        await host.until(host.now() + delayOf(rule, times) * 1_000);
        continue;
      }
      const caught = listOf(fields.Catch).find((entry) => fits(entry, failure));
      if (caught === undefined) throw failure;
      return {
        output: place(caught.ResultPath, data, { Error: failure.error, Cause: failure.message }),
        next: String(caught.Next),
      };
    }
  }
}

/** States.ALL is all but what nothing can help with. */
function fits(rule: JsonObject, { error }: StateFailure): boolean {
  const names: readonly unknown[] = Array.isArray(rule.ErrorEquals) ? rule.ErrorEquals : [];
  const terminal = error === 'States.Runtime' || error === 'States.DataLimitExceeded';
  return names.some((name) => name === error || (name === 'States.ALL' && !terminal));
}

function delayOf(rule: JsonObject, times: number): number {
  const delay = numberOr(rule.IntervalSeconds, 1) * numberOr(rule.BackoffRate, 2) ** times;
  return Math.min(delay, numberOr(rule.MaxDelaySeconds, Number.MAX_SAFE_INTEGER));
}

function endOfWait(fields: JsonObject, scope: Scope, now: number): number {
  if ('Seconds' in fields || 'SecondsPath' in fields) {
    const seconds = 'Seconds' in fields ? fields.Seconds : read(String(fields.SecondsPath), scope);
    if (typeof seconds !== 'number' || seconds < 0)
      throw new StateFailure('States.Runtime', 'A wait must be for a number of seconds.');
    return now + seconds * 1_000;
  }
  const time = 'Timestamp' in fields ? fields.Timestamp : read(String(fields.TimestampPath), scope);
  if (!isTimestamp(time)) throw new StateFailure('States.Runtime', 'A wait must be until a timestamp.');
  return Date.parse(time);
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

function asFailure(error: unknown): StateFailure {
  if (error instanceof StateFailure) return error;
  return new StateFailure('States.TaskFailed', error instanceof Error ? error.message : String(error));
}
