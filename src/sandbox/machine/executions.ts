import type { JsonObject } from '../../lib/json-object.ts';
import { type Outcome, runExecution } from './asl/run-execution.ts';
import type { StateMachine } from './asl/state-machine.ts';
import type { Timers } from './timers.ts';

export interface Execution {
  readonly name: string;
  readonly arn: string;
  /** The JSON it was started with, as it came. */
  readonly input: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  stoppedAt: number | undefined;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  error: string | undefined;
  cause: string | undefined;
  output: unknown;
  /** The states that it was in. */
  readonly states: string[];
}

export interface ExecutionsOptions {
  readonly machine: StateMachine;
  /** `arn:aws:states:<region>:<account>:execution:<state machine>` */
  readonly arnPrefix: string;
  readonly timers: Timers;
  now(): number;
  invoke(resource: string, payload: unknown): Promise<unknown>;
}

/** Of an execution's name; AWS takes no more. */
export const longestName = 80;

/** The executions of one state machine. */
export interface Executions {
  /** `exists`: one of this name was started before, and is over or has another input. */
  start(name: string, input: string): Execution | 'exists';
  /** False: it does not run. */
  stop(arn: string, error?: string, cause?: string): boolean;
  find(arn: string): Execution | undefined;
  /** Newest first. */
  all(): readonly Execution[];
}

export function createExecutions({ machine, arnPrefix, timers, now, invoke }: ExecutionsOptions): Executions {
  const byName = new Map<string, { readonly execution: Execution; readonly stopping: AbortController }>();

  async function run(execution: Execution, stopping: AbortController): Promise<void> {
    const { signal } = stopping;
    const never = new Promise<never>(() => {});
    const context: JsonObject = {
      Execution: {
        Id: execution.arn,
        Name: execution.name,
        Input: JSON.parse(execution.input) as unknown,
        StartTime: new Date(execution.startedAt).toISOString(),
      },
    };
    const input = JSON.parse(execution.input) as unknown;
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const outcome = await Promise.race<Outcome | undefined>([
      stopped,
      runExecution(machine, input, context, {
        now,
        entered: (state) => void execution.states.push(state),
        async until(time) {
          await timers.until(time, signal);
          if (signal.aborted) await never;
        },
        async invoke(resource, payload) {
          if (signal.aborted) await never;
          const result = await invoke(resource, payload);
          return signal.aborted ? never : result;
        },
      }),
    ]);
    if (outcome === undefined) return;
    execution.status = outcome.status;
    execution.stoppedAt = now();
    if (outcome.status === 'SUCCEEDED') execution.output = outcome.output;
    else {
      execution.error = outcome.error;
      execution.cause = outcome.cause;
    }
  }

  return {
    start(name, input) {
      const earlier = byName.get(name)?.execution;
      if (earlier !== undefined)
        return earlier.status === 'RUNNING' && earlier.input === input ? earlier : 'exists';
      const execution: Execution = {
        name,
        arn: `${arnPrefix}:${name}`,
        input,
        startedAt: now(),
        stoppedAt: undefined,
        status: 'RUNNING',
        error: undefined,
        cause: undefined,
        output: undefined,
        states: [],
      };
      const stopping = new AbortController();
      byName.set(name, { execution, stopping });
      void timers.during(() => run(execution, stopping));
      return execution;
    },
    stop(arn, error, cause) {
      const found = [...byName.values()].find(({ execution }) => execution.arn === arn);
      if (found?.execution.status !== 'RUNNING') return false;
      found.execution.status = 'ABORTED';
      found.execution.stoppedAt = now();
      found.execution.error = error;
      found.execution.cause = cause;
      found.stopping.abort();
      return true;
    },
    find: (arn) => [...byName.values()].find(({ execution }) => execution.arn === arn)?.execution,
    all: () => [...byName.values()].map(({ execution }) => execution).reverse(),
  };
}
