import { asJsonObject, type JsonObject } from './json-object.ts';

/** Whether an event fits. */
export type EventMatcher = (event: JsonObject) => boolean;

/** Whether a value that is there fits. */
type ValueTest = (value: unknown) => boolean;

/**
 * An event pattern of EventBridge, ready to be asked. Throws for everything that is not understood: a rule that means something
 * else here than at AWS is worse than none.
 *
 * All fields must fit; of the elements of a list, and of `$or`, one. Of an event's array, one element: with all that the pattern
 * says of its fields. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function compilePattern(pattern: unknown): EventMatcher {
  const fields = asJsonObject(pattern);
  if (fields === undefined || Object.keys(fields).length === 0) throw wrong('it is no object with fields');
  const tests = Object.entries(fields).map(([name, value]) =>
    name === '$or' ? compileOr(value) : compileField(name, value),
  );
  return (event) => tests.every((fits) => fits(event));
}

function compileOr(value: unknown): EventMatcher {
  if (!Array.isArray(value) || value.length < 2) throw wrong('$or must have two patterns or more');
  const patterns = value.map(compilePattern);
  return (event) => patterns.some((fits) => fits(event));
}

function compileField(name: string, value: unknown): EventMatcher {
  const own = (event: JsonObject): unknown => (Object.hasOwn(event, name) ? event[name] : undefined);
  if (!Array.isArray(value)) {
    const inner = compilePattern(value);
    return (event) => {
      const found = own(event);
      if (!Array.isArray(found)) return inner(asJsonObject(found) ?? {});
      return found.length === 0 ? inner({}) : found.some((element) => inner(asJsonObject(element) ?? {}));
    };
  }
  if (value.length === 0) throw wrong(`nothing fits ${name}`);
  const tests = value.map((one) => compileElement(name, one));
  return (event) => tests.some((fits) => fits(leavesOf(own(event))));
}

/** Values at a field, which are none where it is absent, an object or an empty array. */
function leavesOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return asJsonObject(value) === undefined ? [value] : [];
}

function compileElement(name: string, element: unknown): (leaves: readonly unknown[]) => boolean {
  const operator = asJsonObject(element);
  if (operator === undefined) {
    if (!isPlain(element)) throw wrong(`${name} is compared with what is no value`);
    return (leaves) => leaves.includes(element);
  }
  const [[kind, operand] = ['', undefined], ...more] = Object.entries(operator);
  if (more.length > 0) throw wrong(`${name} is compared in two ways at once`);
  if (kind === 'exists') {
    if (typeof operand !== 'boolean') throw wrong(`${name} must exist or not`);
    return (leaves) => leaves.length > 0 === operand;
  }
  const fits = kind === 'anything-but' ? anythingBut(name, operand) : compileTest(name, kind, operand);
  return (leaves) => leaves.some(fits);
}

const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

function compileTest(name: string, kind: string, operand: unknown): ValueTest {
  switch (kind) {
    case 'prefix':
      return affix(name, operand, (text, part) => text.startsWith(part));
    case 'suffix':
      return affix(name, operand, (text, part) => text.endsWith(part));
    case 'equals-ignore-case':
      return affix(name, { 'equals-ignore-case': operand }, (text, part) => text === part);
    case 'wildcard':
      return wildcard(textOf(name, operand));
    case 'numeric':
      return numeric(name, operand);
    default:
      throw wrong(`the comparison ${kind} of ${name} is not understood`);
  }
}

/** Prefixes and suffixes; `{"equals-ignore-case": …}` instead of a text compares in any case. */
function affix(name: string, operand: unknown, fits: (text: string, part: string) => boolean): ValueTest {
  const { 'equals-ignore-case': anyCase, ...rest } = asJsonObject(operand) ?? {};
  if (anyCase === undefined || Object.keys(rest).length > 0) {
    const part = textOf(name, operand);
    return (value) => typeof value === 'string' && fits(value, part);
  }
  const part = textOf(name, anyCase).toLowerCase();
  return (value) => typeof value === 'string' && fits(value.toLowerCase(), part);
}

/** `*` is any text; `\*` and `\\` are themselves. */
function wildcard(pattern: string): ValueTest {
  if (!/^(?:\\[*\\]|\*(?!\*)|[^*\\])+$/su.test(pattern))
    throw wrong(`the wildcard ${pattern} is not understood`);
  const parts = [''];
  for (const [, escaped, star, plain] of pattern.matchAll(/\\([*\\])|(\*)|([^*\\])/gsu))
    if (star === undefined) parts[parts.length - 1] += escaped ?? plain ?? '';
    else parts.push('');
  const [first = '', ...middle] = parts;
  const last = middle.pop();
  return (value) => {
    if (typeof value !== 'string') return false;
    if (last === undefined) return value === first;
    if (!value.startsWith(first)) return false;
    let at = first.length;
    // The first place for each is as good as any later one: what follows has more room.
    for (const part of middle) {
      const found = value.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return value.length - last.length >= at && value.endsWith(last);
  };
}

function numeric(name: string, operand: unknown): ValueTest {
  const parts: readonly unknown[] = Array.isArray(operand) ? operand : [];
  const tests: ((value: number) => boolean)[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const [sign, number] = [parts[at], parts[at + 1]];
    if (typeof number !== 'number') throw wrong(`${name} is compared with no number`);
    tests.push(comparison(name, sign, number));
  }
  if (tests.length === 0 || tests.length > 2) throw wrong(`${name} is within no range`);
  return (value) => typeof value === 'number' && tests.every((fits) => fits(value));
}

function comparison(name: string, sign: unknown, number: number): (value: number) => boolean {
  switch (sign) {
    case '=':
      return (value) => value === number;
    case '<':
      return (value) => value < number;
    case '<=':
      return (value) => value <= number;
    case '>':
      return (value) => value > number;
    case '>=':
      return (value) => value >= number;
    default:
      throw wrong(`${name} is compared by ${String(sign)}`);
  }
}

/** Of values, of texts that begin so, … : none of them. */
function anythingBut(name: string, operand: unknown): ValueTest {
  const operator = asJsonObject(operand);
  if (operator === undefined) {
    const values = listOf(operand);
    const kinds = new Set(values.map((value) => typeof value));
    if (values.length === 0 || kinds.size > 1 || !['string', 'number'].includes([...kinds][0] ?? ''))
      throw wrong(`${name} may be anything but what is no text and no number`);
    return (value) => !values.includes(value);
  }
  const [[kind, parts] = ['', undefined], ...more] = Object.entries(operator);
  if (more.length > 0 || !['prefix', 'suffix', 'wildcard', 'equals-ignore-case'].includes(kind))
    throw wrong(`the comparison anything-but ${kind} of ${name} is not understood`);
  const tests = listOf(parts).map((part) => compileTest(name, kind, textOf(name, part)));
  if (tests.length === 0) throw wrong(`${name} may be anything but nothing`);
  return (value) => !tests.some((fits) => fits(value));
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function textOf(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw wrong(`${name} is compared with no text`);
  return value;
}

const wrong = (why: string): Error => new Error(`This event pattern can't be used: ${why}.`);
