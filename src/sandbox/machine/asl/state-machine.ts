import { asJsonObject, type JsonObject, parseJsonObject } from '../../../lib/json-object.ts';
import { checkCatch, checkChoices, checkFields, checkRetry } from './check-fields.ts';

/**
 * A state machine in Amazon States Language, as far as it is understood here: JSONPath, one level of states. What is not
 * understood is refused when it is read, not passed over when it runs. https://states-language.net/spec.html
 */
export interface StateMachine {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

export interface State {
  readonly name: string;
  readonly type: StateType;
  readonly fields: JsonObject;
}

type StateType = 'Task' | 'Wait' | 'Choice' | 'Pass' | 'Succeed' | 'Fail';

const shared = ['Type', 'Comment'];
const flow = [...shared, 'Next', 'End', 'InputPath', 'OutputPath'];
const known: Readonly<Record<StateType, readonly string[]>> = {
  Task: [...flow, 'Resource', 'Parameters', 'ResultPath', 'TimeoutSeconds', 'Retry', 'Catch'],
  Wait: [...flow, 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'],
  Choice: [...shared, 'InputPath', 'OutputPath', 'Choices', 'Default'],
  Pass: [...flow, 'Result', 'ResultPath', 'Parameters'],
  Succeed: [...shared, 'InputPath', 'OutputPath'],
  Fail: [...shared, 'Error', 'Cause'],
};
const knownOfRetry = [
  'ErrorEquals',
  'IntervalSeconds',
  'BackoffRate',
  'MaxDelaySeconds',
  'MaxAttempts',
  'Comment',
];
const knownOfCatch = ['ErrorEquals', 'ResultPath', 'Next', 'Comment'];

/** Throws for everything that is not understood, and for what AWS would refuse. */
export function parseStateMachine(definition: string): StateMachine {
  const placeholder = /\$\{[^}]*\}?/.exec(definition)?.[0];
  if (placeholder !== undefined) throw wrong(`nothing stands for ${placeholder}`);
  const top = parseJsonObject(definition);
  if (top === undefined) throw wrong('it is not a JSON object');
  only(top, ['Comment', 'StartAt', 'States'], 'the state machine');
  const states = new Map<string, State>();
  for (const [name, value] of Object.entries(asJsonObject(top.States) ?? {})) {
    states.set(name, parseState(name, asJsonObject(value) ?? {}));
  }
  const startAt = String(top.StartAt);
  if (!states.has(startAt)) throw wrong(`it begins with ${startAt}, which is no state`);
  for (const state of states.values()) {
    for (const next of successors(state)) {
      if (!states.has(next)) throw wrong(`after ${state.name} comes ${next}, which is no state`);
    }
  }
  checkWays(startAt, states);
  return { startAt, states };
}

/** Each state is come to, as AWS demands; and from each there is a way out. */
function checkWays(startAt: string, states: ReadonlyMap<string, State>): void {
  const reached = new Set([startAt]);
  for (const name of reached) for (const next of stepsOf(states, name)) reached.add(next);
  const ending = new Set([...states.values()].filter(isEnd).map(({ name }) => name));
  // Once around for each state: those that lead to an end, those that lead to these, …
  for (let before = -1; before < ending.size; ) {
    before = ending.size;
    for (const name of states.keys())
      if (stepsOf(states, name).some((next) => ending.has(next))) ending.add(name);
  }
  for (const name of states.keys()) {
    if (!reached.has(name)) throw wrong(`nothing leads to ${name}`);
    if (!ending.has(name)) throw wrong(`from ${name} nothing leads to an end`);
  }
}

function stepsOf(states: ReadonlyMap<string, State>, name: string): readonly string[] {
  const state = states.get(name);
  return state === undefined ? [] : successors(state);
}

const isEnd = ({ type, fields }: State): boolean =>
  type === 'Succeed' || type === 'Fail' || fields.End === true;

function parseState(name: string, fields: JsonObject): State {
  const type = fields.Type;
  if (typeof type !== 'string' || !Object.hasOwn(known, type))
    throw wrong(`${name} is of the type ${String(type)}`);
  const state: State = { name, type: type as StateType, fields };
  if (name === '' || name.length > longestStateName) throw wrong(`a state can't be called ${name}`);
  only(fields, known[state.type], name);
  if (state.type === 'Wait') {
    const times = ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'].filter((key) => key in fields);
    if (times.length !== 1) throw wrong(`${name} must wait for exactly one time`);
  }
  if (known[state.type].includes('Next')) {
    if (typeof fields.Next !== 'string' && fields.End !== true) throw wrong(`nothing comes after ${name}`);
    if ('Next' in fields && 'End' in fields) throw wrong(`${name} goes on and ends`);
  }
  if (state.type === 'Task' && typeof fields.Resource !== 'string') throw wrong(`${name} has no Resource`);
  for (const rule of listOf(fields.Retry)) only(rule, knownOfRetry, `Retry of ${name}`);
  for (const rule of listOf(fields.Catch)) only(rule, knownOfCatch, `Catch of ${name}`);
  const problem =
    checkFields(fields) ??
    checkRetry(listOf(fields.Retry)) ??
    checkCatch(listOf(fields.Catch)) ??
    (state.type === 'Choice' ? checkChoices(listOf(fields.Choices)) : undefined);
  if (problem !== undefined) throw wrong(`${name} ${problem}`);
  return state;
}

const longestStateName = 80;

function successors({ fields }: State): readonly string[] {
  const all = [fields, ...listOf(fields.Catch), ...listOf(fields.Choices)].map(({ Next }) => Next);
  return [...all, fields.Default].filter((next) => typeof next === 'string');
}

/** The objects of a list: rules of Retry, Catch, Choices. */
export const listOf = (value: unknown): readonly JsonObject[] =>
  (Array.isArray(value) ? value : []).map((entry) => asJsonObject(entry) ?? {});

function only(fields: JsonObject, names: readonly string[], where: string): void {
  const strange = Object.keys(fields).find((name) => !names.includes(name));
  if (strange !== undefined) throw wrong(`${strange} of ${where} is not understood`);
}

const wrong = (why: string): Error => new Error(`This state machine can't be run: ${why}.`);
