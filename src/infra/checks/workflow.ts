import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { type Check, type Fact, type Judged, stated } from '../check.ts';

const fix = 'Take workflow.asl.json as forge infra export writes it.';

const findDefinition = ({ deployment }: Judged): JsonObject | undefined =>
  deployment.stateMachines.find(({ name }) => name === 'forge-breakglass-session')?.definition;
const states = (definition: JsonObject | undefined): Readonly<Record<string, JsonObject>> =>
  (asJsonObject(definition?.States) ?? {}) as Readonly<Record<string, JsonObject>>;

const list = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.map((entry) => asJsonObject(entry) ?? {}) : [];
const catchesAll = (state: JsonObject | undefined): string | undefined => {
  const all = list(state?.Catch).find(
    ({ ErrorEquals }) => Array.isArray(ErrorEquals) && ErrorEquals.includes('States.ALL'),
  );
  return typeof all?.Next === 'string' ? all.Next : undefined;
};
const retries = (state: JsonObject | undefined): number =>
  list(state?.Retry)
    .filter(({ ErrorEquals }) => Array.isArray(ErrorEquals) && ErrorEquals.includes('States.ALL'))
    .reduce((sum, { MaxAttempts }) => sum + (typeof MaxAttempts === 'number' ? MaxAttempts : 3), 0);

/** Whether every way out of a failure of `name` comes back to it, whatever fails on the way. */
function neverGivesUp(all: Readonly<Record<string, JsonObject>>, name: string): string {
  let next = catchesAll(all[name]);
  if (next === undefined) return 'a failure ends it';
  for (let step = 0; step < 20; step++) {
    if (next === name) return 'it is tried again';
    const state: JsonObject | undefined = all[next];
    if (state === undefined) return 'its way leads nowhere';
    const { Type, Next }: JsonObject = state;
    if (Type === 'Task' && catchesAll(state) === undefined) return `a failure of ${next} ends it`;
    if (Type !== 'Task' && Type !== 'Wait' && Type !== 'Pass') return `${next} ends it`;
    if (typeof Next !== 'string') return `${next} ends it`;
    next = Next;
  }
  return 'it goes round and round without trying again';
}

const forever = (id: string, state: string, title: string, why: string): Check =>
  stated('what takes away', { id, title, why, fix }, (judged) => {
    const all = states(findDefinition(judged));
    const found = all[state] === undefined ? `no state ${state}` : neverGivesUp(all, state);
    return [
      {
        what: `a failure of ${state}`,
        resource: 'forge-breakglass-session',
        expected: 'it is tried again',
        found: findDefinition(judged) === undefined ? undefined : found,
        holds: found === 'it is tried again',
      },
    ];
  });

const wiring: Readonly<Record<string, string>> = {
  Open: 'recorder',
  TakeAway: 'revoker',
  TakeAwayUnrecorded: 'revoker',
  RecordTakingAway: 'recorder',
  Export: 'exporter',
  Seal: 'recorder',
};

export const workflow: readonly Check[] = [
  stated(
    'what takes away',
    {
      id: 'workflow.there',
      title: 'the workflow is there, and each step calls the function that it is for',
      why: 'Without it nothing ends by itself.',
      fix,
    },
    (judged) => {
      const definition = findDefinition(judged);
      const all = states(definition);
      return Object.entries(wiring).map(([state, handler]): Fact => {
        const resource = JSON.stringify([
          all[state]?.Resource,
          asJsonObject(all[state]?.Parameters)?.FunctionName,
        ]);
        const holds = resource.includes(`forge-breakglass-${handler}`);
        return {
          what: 'calls',
          resource: state,
          expected: `forge-breakglass-${handler}`,
          found: definition === undefined ? undefined : holds ? `forge-breakglass-${handler}` : resource,
          holds,
        };
      });
    },
  ),
  forever(
    'workflow.revoke',
    'TakeAway',
    'taking away never gives up',
    'Somebody would stay in production because a call failed.',
  ),
  forever(
    'workflow.revoke-unrecorded',
    'TakeAwayUnrecorded',
    'taking away what could not be recorded never gives up',
    'Somebody would be in production without a record.',
  ),
  forever(
    'workflow.record',
    'RecordTakingAway',
    'recording the end never gives up',
    'Nobody could tell when somebody was out.',
  ),
  stated(
    'what takes away',
    {
      id: 'workflow.unrecorded',
      title: 'what can’t be recorded is taken away',
      why: 'Access without a record is what the archive is there to rule out.',
      fix,
    },
    (judged) => {
      const next = catchesAll(states(findDefinition(judged)).Open);
      return [
        {
          what: 'a failure of Open',
          resource: 'forge-breakglass-session',
          expected: 'TakeAwayUnrecorded',
          found: findDefinition(judged) === undefined ? undefined : (next ?? 'ends'),
          holds: next === 'TakeAwayUnrecorded',
        },
      ];
    },
  ),
  stated(
    'what takes away',
    {
      id: 'workflow.default',
      title: 'what the workflow does not understand is taken away, not waited for',
      why: 'A session without a valid end would be for ever.',
      fix,
    },
    (judged) => {
      const state = states(findDefinition(judged)).WhatNow;
      return [
        {
          what: 'WhatNow, by default',
          resource: 'forge-breakglass-session',
          expected: 'TakeAwayUnrecorded',
          found: findDefinition(judged) === undefined ? undefined : String(state?.Default),
          holds: state?.Default === 'TakeAwayUnrecorded',
        },
      ];
    },
  ),
  stated(
    'what takes away',
    {
      id: 'workflow.retries',
      title: 'taking away is tried often before anybody is told that it is stuck',
      why: 'A minute’s outage of Identity Center would be an alert.',
      fix,
    },
    (judged) => {
      const count = retries(states(findDefinition(judged)).TakeAway);
      return [
        {
          what: 'attempts of TakeAway',
          resource: 'forge-breakglass-session',
          expected: '10 or more',
          found: findDefinition(judged) === undefined ? undefined : String(count),
          holds: count >= 10,
        },
      ];
    },
  ),
  stated(
    'what takes away',
    {
      id: 'workflow.sweeper',
      title: 'the sweeper runs every five minutes',
      why: 'It finds what no event told: the net under everything else.',
      fix: 'aws_scheduler_schedule: rate(5 minutes), ENABLED.',
    },
    ({ deployment }) => {
      const found = deployment.schedules.find(({ name }) => name.startsWith('forge-breakglass-'));
      const holds = found?.enabled === true && /^rate\([1-5] minutes?\)$/.test(found.expression);
      return [
        {
          what: 'schedule',
          resource: found?.name ?? 'forge-breakglass-sweep',
          expected: 'rate(5 minutes), enabled',
          found: found ? `${found.expression}, ${found.enabled ? 'enabled' : 'disabled'}` : 'missing',
          holds,
        },
      ];
    },
  ),
];
