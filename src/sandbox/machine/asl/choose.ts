import type { JsonObject } from '../../../lib/json-object.ts';
import { lookUp, type Scope } from './paths.ts';
import { StateFailure } from './state-failure.ts';
import { listOf } from './state-machine.ts';

/** The state that a Choice leads to. https://states-language.net/spec.html#choice-state */
export function choose(fields: JsonObject, scope: Scope): string {
  const rule = listOf(fields.Choices).find((entry) => holds(entry, scope));
  const next = rule?.Next ?? fields.Default;
  if (typeof next === 'string') return next;
  throw new StateFailure('States.NoChoiceMatched', 'No choice holds, and there is no default.');
}

/** As States Language has it, And and Or stop at the first that decides. */
function holds(rule: JsonObject, scope: Scope): boolean {
  if ('And' in rule) return listOf(rule.And).every((entry) => holds(entry, scope));
  if ('Or' in rule) return listOf(rule.Or).some((entry) => holds(entry, scope));
  if ('Not' in rule) return listOf([rule.Not]).every((entry) => !holds(entry, scope));
  const [test, ...more] = Object.keys(rule).filter((name) => !['Variable', 'Next', 'Comment'].includes(name));
  if (test === undefined || more.length > 0 || typeof rule.Variable !== 'string')
    throw new StateFailure('States.Runtime', 'A choice must compare one variable in one way.');
  const { found, value } = lookUp(rule.Variable, scope);
  if (test === 'IsPresent') return found === rule.IsPresent;
  if (!found) throw new StateFailure('States.Runtime', `There is no ${rule.Variable} to compare.`);
  const expected = rule[test];
  switch (test) {
    case 'IsString':
      return (typeof value === 'string') === expected;
    case 'IsNull':
      return (value === null) === expected;
    case 'IsTimestamp':
      return isTimestamp(value) === expected;
    case 'StringEquals':
      return typeof value === 'string' && value === expected;
    case 'BooleanEquals':
      return typeof value === 'boolean' && value === expected;
    default:
      throw new StateFailure('States.Runtime', `The comparison ${test} is not understood.`);
  }
}

/** RFC 3339 with capital T and Z, as States Language wants it. */
export function isTimestamp(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(value) &&
    Number.isFinite(Date.parse(value))
  );
}
