import { asJsonObject, type JsonObject } from '../../../lib/json-object.ts';
import { isTimestamp } from './choose.ts';
import { parsePath } from './paths.ts';

/**
 * What AWS demands of a state's fields when a state machine is made, and an interpreter might pass over until it is too late.
 * Each returns what is wrong, in words that follow the state's name; undefined: nothing.
 * https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
 */
export function checkFields(fields: JsonObject): string | undefined {
  for (const name of ['InputPath', 'OutputPath', 'TimestampPath', 'SecondsPath'])
    if (name in fields && !isPath(fields[name])) return `has a ${name} that is no path`;
  const { ResultPath: result } = fields;
  if ('ResultPath' in fields && result !== null && !(isPath(result) && !String(result).startsWith('$$')))
    return 'has a ResultPath that is no path into its input';
  if ('Parameters' in fields && !isTemplate(fields.Parameters)) return 'has Parameters that are no template';
  if ('TimeoutSeconds' in fields && !isWhole(fields.TimeoutSeconds, 1))
    return 'has a TimeoutSeconds that is no number of seconds';
  if ('Seconds' in fields && !isWhole(fields.Seconds, 0)) return 'waits for no number of seconds';
  if ('Timestamp' in fields && !isTimestamp(fields.Timestamp)) return 'waits for no time';
  return undefined;
}

export function checkRetry(rules: readonly JsonObject[]): string | undefined {
  for (const rule of rules) {
    const { IntervalSeconds: interval = 1, MaxAttempts: attempts = 3 } = rule;
    const { BackoffRate: rate = 2, MaxDelaySeconds: delay = mostDelaySeconds } = rule;
    if (!isWhole(interval, 1)) return 'tries again after no number of seconds';
    if (!isWhole(attempts, 0)) return 'tries again no number of times';
    if (typeof rate !== 'number' || rate < 1) return 'has a BackoffRate below 1';
    if (!isWhole(delay, 1) || Number(delay) > mostDelaySeconds || Number(delay) <= Number(interval))
      return 'has a MaxDelaySeconds that is no longer than its IntervalSeconds, or than AWS takes';
  }
  return checkErrors(rules);
}

export function checkCatch(rules: readonly JsonObject[]): string | undefined {
  for (const rule of rules) {
    const problem = checkFields(rule);
    if (problem !== undefined) return problem;
    if (typeof rule.Next !== 'string') return 'catches, and nothing comes after it';
  }
  return checkErrors(rules);
}

/** A year, less a day: what AWS takes. */
const mostDelaySeconds = 31_622_399;

/** States.ALL stands alone, in the last rule. https://states-language.net/spec.html#errors */
function checkErrors(rules: readonly JsonObject[]): string | undefined {
  for (const [index, { ErrorEquals: names }] of rules.entries()) {
    if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === 'string'))
      return 'has a rule that names no errors';
    if (names.includes('States.ALL') && (names.length > 1 || index < rules.length - 1))
      return 'has States.ALL beside other errors, or before other rules';
  }
  return undefined;
}

const operands: Readonly<Record<string, string>> = {
  IsPresent: 'boolean',
  IsString: 'boolean',
  IsNull: 'boolean',
  IsTimestamp: 'boolean',
  StringEquals: 'string',
  BooleanEquals: 'boolean',
};

export function checkChoices(choices: readonly JsonObject[]): string | undefined {
  if (choices.length === 0) return 'has no choices';
  for (const { Next, Comment: _, ...rule } of choices) {
    if (typeof Next !== 'string') return 'has a choice that leads nowhere';
    const problem = checkRule(rule);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkRule(rule: JsonObject): string | undefined {
  const { Variable: variable, ...tests } = rule;
  const [[name, operand] = [], ...more] = Object.entries(tests);
  if (name === undefined || more.length > 0) return 'has a choice that is not one comparison';
  if (name === 'And' || name === 'Or') {
    if (variable !== undefined || !Array.isArray(operand) || operand.length === 0)
      return `has an ${name} of nothing`;
    return operand.map((one) => checkRule(asJsonObject(one) ?? {})).find((problem) => problem !== undefined);
  }
  if (name === 'Not')
    return variable === undefined ? checkRule(asJsonObject(operand) ?? {}) : 'has a wrong Not';
  if (!isPath(variable)) return 'compares what is no path';
  if (!Object.hasOwn(operands, name)) return `has the comparison ${name}, which is not understood`;
  return typeof operand === operands[name] ? undefined : `has a ${name} with another kind of value`;
}

/** Members whose names end in `.$` are paths, all the way down. */
function isTemplate(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isTemplate);
  const object = asJsonObject(value);
  if (object === undefined) return true;
  return Object.entries(object).every(([name, member]) =>
    name.endsWith('.$') ? isPath(member) : isTemplate(member),
  );
}

function isPath(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    parsePath(value);
    return true;
  } catch {
    return false;
  }
}

const isWhole = (value: unknown, least: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= 99_999_999;
