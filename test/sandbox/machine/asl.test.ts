import { describe, expect, it } from 'vitest';
import { type Outcome, runExecution } from '../../../src/sandbox/machine/asl/run-execution.ts';
import { StateFailure } from '../../../src/sandbox/machine/asl/state-failure.ts';
import { parseStateMachine } from '../../../src/sandbox/machine/asl/state-machine.ts';
import { handlerOf, sessionWorkflow } from '../../../src/sandbox/machine/session-workflow.ts';

const machineOf = (states: object, startAt = 'A') =>
  parseStateMachine(JSON.stringify({ StartAt: startAt, States: states }));

/** Runs states with a clock that jumps to whatever is waited for. */
async function run(
  states: object,
  input: unknown,
  invoke: (payload: unknown, call: number) => unknown = (payload) => payload,
): Promise<{ outcome: Outcome; took: number; calls: number }> {
  let [clock, calls] = [0, 0];
  const outcome = await runExecution(
    machineOf(states),
    input,
    { Execution: { Input: input } },
    {
      now: () => clock,
      entered: () => {},
      async until(time) {
        clock = Math.max(clock, time);
      },
      async invoke(_, payload) {
        return invoke(payload, ++calls);
      },
    },
  );
  return { outcome, took: clock / 1_000, calls };
}

const done = { Type: 'Succeed' };
const choosing = (rule: object) => ({ Type: 'Choice', Choices: [{ ...rule, Next: 'B' }], Default: 'B' });
const trying = (...rules: object[]) => ({ Type: 'Task', Resource: 'x', End: true, Retry: rules });

describe('a state machine', () => {
  it.each([
    [
      'a state of another type',
      { A: { Type: 'Parallel', Branches: [], Next: 'B' }, B: done },
      /type Parallel/,
    ],
    [
      'a field that is not understood',
      { A: { Type: 'Pass', ResultSelector: {}, Next: 'B' }, B: done },
      /ResultSelector of A/,
    ],
    [
      'jitter',
      {
        A: {
          Type: 'Task',
          Resource: 'x',
          End: true,
          Retry: [{ ErrorEquals: ['States.ALL'], JitterStrategy: 'FULL' }],
        },
      },
      /JitterStrategy/,
    ],
    [
      'a heartbeat',
      { A: { Type: 'Task', Resource: 'x', End: true, HeartbeatSeconds: 5 } },
      /HeartbeatSeconds/,
    ],
    ['a next state that is none', { A: { Type: 'Pass', Next: 'B' } }, /after A comes B/],
    ['an end that is none', { A: { Type: 'Pass' } }, /nothing comes after A/],
    ['a wait without a time', { A: { Type: 'Wait', End: true } }, /exactly one time/],
    [
      'a wait for two times',
      { A: { Type: 'Wait', Seconds: 1, Timestamp: '2026-11-21T12:00:00Z', End: true } },
      /exactly one time/,
    ],
    ['a task without a resource', { A: { Type: 'Task', End: true } }, /no Resource/],
    ['a state that nothing leads to', { A: done, B: done }, /nothing leads to B/],
    [
      'a circle that nothing leads out of',
      { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } },
      /from A nothing leads to an end/,
    ],
    ['an end that goes on', { A: { Type: 'Pass', Next: 'B', End: true }, B: done }, /goes on and ends/],
    [
      'a name that is too long',
      { A: { Type: 'Pass', Next: 'x'.repeat(81) }, ['x'.repeat(81)]: done },
      /can't be called/,
    ],
    [
      'a path that is none',
      { A: { Type: 'Pass', InputPath: '$..a', End: true } },
      /InputPath that is no path/,
    ],
    [
      'a result in the context',
      { A: { Type: 'Pass', ResultPath: '$$.a', End: true } },
      /ResultPath that is no path/,
    ],
    [
      'an intrinsic function',
      { A: { Type: 'Pass', Parameters: { a: [{ 'b.$': 'States.UUID()' }] }, End: true } },
      /Parameters that are no template/,
    ],
    ['a wait for minus one second', { A: { Type: 'Wait', Seconds: -1, End: true } }, /no number of seconds/],
    ['a wait for a day', { A: { Type: 'Wait', Timestamp: '2026-11-21', End: true } }, /waits for no time/],
    [
      'no time to work',
      { A: { Type: 'Task', Resource: 'x', TimeoutSeconds: 0, End: true } },
      /TimeoutSeconds/,
    ],
    ['nothing to choose from', { A: { Type: 'Choice', Choices: [], Default: 'B' }, B: done }, /no choices/],
    [
      'a choice that leads nowhere',
      { A: { Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true }], Default: 'B' }, B: done },
      /leads nowhere/,
    ],
    [
      'a choice within a choice that leads somewhere',
      { A: choosing({ And: [{ Variable: '$.a', IsNull: true, Next: 'B' }] }), B: done },
      /not one comparison/,
    ],
    [
      'a comparison with another kind',
      { A: choosing({ Variable: '$.a', StringEquals: 3 }), B: done },
      /another kind of value/,
    ],
    [
      'a comparison that is not understood',
      { A: choosing({ Not: { Variable: '$.a', NumericEquals: 3 } }), B: done },
      /comparison NumericEquals/,
    ],
    ['tries for errors that are not named', { A: trying({ ErrorEquals: [] }) }, /names no errors/],
    [
      'tries for all errors and one more',
      { A: trying({ ErrorEquals: ['States.ALL', 'a'] }) },
      /States.ALL beside other errors/,
    ],
    [
      'tries for all errors before others',
      { A: trying({ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['a'] }) },
      /before other rules/,
    ],
    [
      'tries that come sooner each time',
      { A: trying({ ErrorEquals: ['a'], BackoffRate: 0.5 }) },
      /BackoffRate/,
    ],
    [
      'tries that wait longer than the longest',
      { A: trying({ ErrorEquals: ['a'], IntervalSeconds: 60, MaxDelaySeconds: 60 }) },
      /MaxDelaySeconds/,
    ],
    ['half a try', { A: trying({ ErrorEquals: ['a'], MaxAttempts: 0.5 }) }, /no number of times/],
    [
      'a failure that is caught, and then nothing',
      { A: { Type: 'Task', Resource: 'x', End: true, Catch: [{ ErrorEquals: ['a'] }] } },
      /nothing comes after it/,
    ],
  ])('with %s is refused when it is read', (_, states, message) => {
    expect(() => machineOf(states)).toThrow(message);
  });

  it('that carries more than 256 KiB ends, whatever it catches', async () => {
    const task = {
      Type: 'Task',
      Resource: 'x',
      ResultPath: '$.result',
      Retry: [{ ErrorEquals: ['States.ALL'] }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
      Next: 'B',
    };
    const { outcome, calls } = await run({ A: task, B: done }, {}, () => 'x'.repeat(262_144));
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(calls).toBe(1);
    // Each fits, and both together do not.
    const both = await run({ A: task, B: done }, { before: 'x'.repeat(200_000) }, () => 'x'.repeat(100_000));
    expect(both.outcome).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('ends after 25,000 events of its history, tries of a task included', async () => {
    const task = {
      Type: 'Task',
      Resource: 'x',
      Next: 'A',
      Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 9 }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
    };
    const { outcome, calls } = await run({ A: task, B: done }, {}, (_, call) => {
      if (call % 10 !== 0) throw new StateFailure('Lambda.Unknown', 'no');
      return {};
    });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(calls).toBeLessThanOrEqual(7_820);
    expect(calls).toBeGreaterThan(7_800);
  });

  it('with a placeholder that nothing stands for is refused', () => {
    const placeholder = `\${Nobody}`;
    expect(() => parseStateMachine(`{"StartAt":"${placeholder}","States":{}}`)).toThrow(
      `nothing stands for ${placeholder}`,
    );
  });
});

describe('running it', () => {
  it('fills templates, places results, and reads the context', async () => {
    const states = {
      A: {
        Type: 'Task',
        Resource: 'x',
        Parameters: { 'all.$': '$$.Execution.Input', deep: { 'b.$': '$.a.b' }, c: 3 },
        ResultPath: '$.r.s',
        Next: 'B',
      },
      B: { Type: 'Pass', InputPath: '$.a', ResultPath: '$.copy', Next: 'C' },
      C: { Type: 'Task', Resource: 'x', ResultPath: null, Next: 'D' },
      D: done,
    };
    const { outcome } = await run(states, { a: { b: 2 } });
    expect(outcome).toEqual({
      status: 'SUCCEEDED',
      output: { a: { b: 2 }, r: { s: { all: { a: { b: 2 } }, deep: { b: 2 }, c: 3 } }, copy: { b: 2 } },
    });
  });

  it('tries again with growing pauses, then catches, with what went wrong', async () => {
    const states = {
      A: {
        Type: 'Task',
        Resource: 'x',
        Retry: [
          { ErrorEquals: ['Slow'], IntervalSeconds: 100, MaxAttempts: 1 },
          {
            ErrorEquals: ['States.ALL'],
            IntervalSeconds: 2,
            BackoffRate: 2,
            MaxDelaySeconds: 5,
            MaxAttempts: 4,
          },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.problem', Next: 'B' }],
        End: true,
      },
      B: done,
    };
    const { outcome, took, calls } = await run(states, { kept: 1 }, () => {
      throw new StateFailure('Boom', 'no luck');
    });
    expect(outcome).toMatchObject({
      status: 'SUCCEEDED',
      output: { kept: 1, problem: { Error: 'Boom', Cause: 'no luck' } },
    });
    expect([took, calls]).toEqual([2 + 4 + 5 + 5, 5]);
  });

  it('waits for seconds and timestamps; for what is no time it fails, and nothing catches that', async () => {
    const wait = (fields: object) => ({ A: { Type: 'Wait', ...fields, Next: 'B' }, B: done });
    expect((await run(wait({ SecondsPath: '$.s' }), { s: 90 })).took).toBe(90);
    expect((await run(wait({ TimestampPath: '$.t' }), { t: '1970-01-01T00:02:00Z' })).took).toBe(120);
    for (const t of ['soon', 5, null, undefined]) {
      const { outcome } = await run(wait({ TimestampPath: '$.t' }), { t });
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    }
  });

  it.each([
    [{ v: true }, 'yes'],
    [{ v: false }, 'no'],
    [{ v: 'true' }, 'no'],
    [{}, 'no'],
  ])('%j leads to %s', async (input, error) => {
    const states = {
      A: {
        Type: 'Choice',
        Choices: [
          {
            And: [
              { Variable: '$.v', IsPresent: true },
              { Variable: '$.v', BooleanEquals: true },
            ],
            Next: 'Yes',
          },
        ],
        Default: 'No',
      },
      Yes: { Type: 'Fail', Error: 'yes', Cause: '' },
      No: { Type: 'Fail', Error: 'no', Cause: '' },
    };
    expect((await run(states, input)).outcome).toMatchObject({ status: 'FAILED', error });
  });

  it('to compare what is not there is a failure', async () => {
    const states = { A: choosing({ Variable: '$.v', BooleanEquals: true }), B: done };
    expect((await run(states, { w: 1 })).outcome).toMatchObject({ error: 'States.Runtime' });
  });
});

describe('the workflow that is deployed', () => {
  it('is understood whole, and its tasks are the three functions', () => {
    const { startAt, states } = sessionWorkflow();
    expect(startAt).toBe('WhatFor');
    const resources = [...states.values()].flatMap(({ fields }) =>
      typeof fields.Resource === 'string' ? [fields.Resource] : [],
    );
    expect([...new Set(resources.map(handlerOf))].sort()).toEqual(['exporter', 'recorder', 'revoker']);
    expect(() => handlerOf('arn:aws:lambda:us-east-1:999999999999:function:another')).toThrow('no function');
    // What AWS takes: a megabyte.
    expect(JSON.stringify([...states.values()].map(({ fields }) => fields)).length).toBeLessThan(1_000_000);
  });

  it('never gives up to take away: no failure of it leads to an end', () => {
    const { states } = sessionWorkflow();
    for (const name of ['TakeAway', 'TakeAwayUnrecorded', 'RecordTakingAway']) {
      const caught = states.get(name)?.fields.Catch;
      expect(caught, name).toMatchObject([{ ErrorEquals: ['States.ALL'] }]);
    }
  });
});
