import { BlockList, isIP } from 'node:net';
import { compilePattern, matchesArn, matchesPattern } from './pattern.ts';
import { type ConditionBlock, list } from './policy.ts';
import type { RequestContext } from './request-context.ts';

/**
 * Condition blocks. Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Creating a
 * condition with multiple keys or values": conditions and keys are ANDed, the values of a key ORed (NORed for
 * negated operators), an absent key fails a plain operator and satisfies a negated one and …IfExists.
 */
export interface ConditionOptions {
  readonly variables: boolean;
}

export function conditionsHold(
  block: ConditionBlock | undefined,
  context: RequestContext,
  options: ConditionOptions,
): boolean {
  return Object.entries(block ?? {}).every(([name, keys]) => {
    const operator = parseOperator(name);
    if (!operator) return false;
    return Object.entries(keys).every(([key, wanted]) =>
      holds(operator, context.get(key.toLowerCase()), list(wanted).map(String), context, options),
    );
  });
}

interface Operator {
  readonly compare: Comparison | 'null';
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly quantifier: 'ForAnyValue' | 'ForAllValues' | undefined;
}

/** Undefined for what IAM does not know; such a policy is malformed. */
export function parseOperator(name: string): Operator | undefined {
  const [, prefix, base = '', suffix] =
    /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  if (base === 'Null') {
    if (suffix || prefix) return undefined;
    return { compare: 'null', negated: false, ifExists: false, quantifier: undefined };
  }
  const positive = negations[base];
  const compare = comparisons[positive ?? base];
  if (!compare) return undefined;
  return {
    compare,
    negated: positive !== undefined,
    ifExists: suffix !== undefined,
    quantifier: prefix as Operator['quantifier'],
  };
}

function holds(
  operator: Operator,
  actual: readonly string[] | undefined,
  wanted: readonly string[],
  context: RequestContext,
  options: ConditionOptions,
): boolean {
  const { compare, negated, quantifier } = operator;
  if (compare === 'null') {
    return wanted.some(
      (value) => (value.toLowerCase() === 'true') === (actual === undefined || actual.length === 0),
    );
  }
  const absent = actual === undefined || actual.length === 0;
  if (absent) {
    if (quantifier === 'ForAllValues') return true;
    if (quantifier === 'ForAnyValue') return operator.ifExists;
    return operator.ifExists || negated;
  }
  const one = (value: string) => wanted.some((entry) => compare(value, entry, context, options)) !== negated;
  if (quantifier === 'ForAllValues') return actual.every(one);
  if (quantifier === 'ForAnyValue') return actual.some(one);
  // A plain negated operator on several values must not be satisfied by one harmless value.
  return negated ? actual.every(one) : actual.some(one);
}

type Comparison = (
  actual: string,
  wanted: string,
  context: RequestContext,
  options: ConditionOptions,
) => boolean;

const negations: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NotIpAddress: 'IpAddress',
};

const comparisons: Readonly<Record<string, Comparison>> = {
  StringEquals: (actual, wanted, context, { variables }) =>
    patternMatches(wanted, context, { variables, wildcards: false }, (pattern) =>
      matchesPattern(pattern, actual),
    ),
  StringEqualsIgnoreCase: (actual, wanted, context, { variables }) =>
    patternMatches(wanted, context, { variables, wildcards: false }, (pattern) =>
      matchesPattern(
        pattern.map((token) => (typeof token === 'string' ? token.toLowerCase() : token)),
        actual.toLowerCase(),
      ),
    ),
  StringLike: (actual, wanted, context, { variables }) =>
    patternMatches(wanted, context, { variables, wildcards: true }, (pattern) =>
      matchesPattern(pattern, actual),
    ),
  ArnEquals: arnLike,
  ArnLike: arnLike,
  Bool: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase() && /^(true|false)$/i.test(wanted),
  BinaryEquals: (actual, wanted) => actual === wanted,
  IpAddress: (actual, wanted) => inNetwork(actual, wanted),
  NumericEquals: numeric((actual, wanted) => actual === wanted),
  NumericLessThan: numeric((actual, wanted) => actual < wanted),
  NumericLessThanEquals: numeric((actual, wanted) => actual <= wanted),
  NumericGreaterThan: numeric((actual, wanted) => actual > wanted),
  NumericGreaterThanEquals: numeric((actual, wanted) => actual >= wanted),
  DateEquals: date((actual, wanted) => actual === wanted),
  DateLessThan: date((actual, wanted) => actual < wanted),
  DateLessThanEquals: date((actual, wanted) => actual <= wanted),
  DateGreaterThan: date((actual, wanted) => actual > wanted),
  DateGreaterThanEquals: date((actual, wanted) => actual >= wanted),
};

/** ArnEquals and ArnLike are the same to IAM: both take wildcards, part by part. */
function arnLike(
  actual: string,
  wanted: string,
  context: RequestContext,
  { variables }: ConditionOptions,
): boolean {
  return patternMatches(wanted, context, { variables, wildcards: true }, (pattern) =>
    matchesArn(pattern, actual),
  );
}

function patternMatches(
  text: string,
  context: RequestContext,
  options: Parameters<typeof compilePattern>[2],
  test: (pattern: NonNullable<ReturnType<typeof compilePattern>>) => boolean,
): boolean {
  const pattern = compilePattern(text, context, options);
  return pattern !== undefined && test(pattern);
}

function numeric(test: (actual: number, wanted: number) => boolean): Comparison {
  return (actual, wanted) => {
    const [a, b] = [parseNumber(actual), parseNumber(wanted)];
    return a !== undefined && b !== undefined && test(a, b);
  };
}

function parseNumber(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function date(test: (actual: number, wanted: number) => boolean): Comparison {
  return (actual, wanted) => {
    const [a, b] = [parseDate(actual), parseDate(wanted)];
    return a !== undefined && b !== undefined && test(a, b);
  };
}

/** W3C date formats, or seconds since the epoch. */
function parseDate(text: string): number | undefined {
  if (/^\d+$/.test(text) && text.length > 4) return Number(text) * 1000;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?)?)?$/.test(text)) return undefined;
  const value = Date.parse(text);
  return Number.isNaN(value) ? undefined : value;
}

function inNetwork(address: string, network: string): boolean {
  const [base = '', prefix] = network.split('/');
  const family = isIP(base);
  if (family === 0 || isIP(address) !== family) return false;
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const block = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  block.addSubnet(base, bits, kind);
  return block.check(address, kind);
}
