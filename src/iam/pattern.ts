import type { RequestContext } from './request-context.ts';

/**
 * Text with wildcards and policy variables, as policies write it: `*` any characters, `?` one character,
 * `${key}` and `${key, 'default'}` the request's value, `${*}` `${?}` `${$}` those characters themselves.
 * Source: IAM User Guide, "IAM policy elements: Variables and tags".
 * What a variable brings in is literal: a value that contains `*` must not match everything.
 */
const star = Symbol('*');
const one = Symbol('?');
/** A colon that the policy wrote: the ones that part an ARN. */
const colon = Symbol(':');
type Token = string | typeof star | typeof one | typeof colon;
export type Pattern = readonly Token[];

export interface PatternOptions {
  /** Only policies of Version 2012-10-17 have variables. */
  readonly variables: boolean;
  readonly wildcards: boolean;
}

/** Undefined when a variable has no (single) value and no default: then it matches nothing. */
export function compilePattern(
  text: string,
  context: RequestContext,
  options: PatternOptions,
): Pattern | undefined {
  const tokens: Token[] = [];
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    const end = options.variables && text.startsWith('${', index) ? text.indexOf('}', index) : -1;
    if (end > 0) {
      const value = variableValue(text.slice(index + 2, end), context);
      if (value === undefined) return undefined;
      tokens.push(...value.split(''));
      index = end;
    } else if (character === '*' && options.wildcards) tokens.push(star);
    else if (character === '?' && options.wildcards) tokens.push(one);
    else tokens.push(character === ':' ? colon : character);
  }
  return tokens;
}

function variableValue(inside: string, context: RequestContext): string | undefined {
  if (inside === '*' || inside === '?' || inside === '$') return inside;
  const [, key = '', fallback] = /^\s*([^,]+?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inside) ?? [];
  const values = context.get(key.toLowerCase());
  // Multivalued keys can't be variables.
  return values?.length === 1 ? values[0] : fallback;
}

/** Greedy, with one point of return: at worst the product of the lengths, never exponential. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  let at = 0;
  let token = 0;
  let lastStar = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const expected = pattern[token];
    if (expected === star) {
      lastStar = token++;
      resumeAt = at;
    } else if (expected === one || (expected === colon ? ':' : expected) === text[at]) {
      token++;
      at++;
    } else if (lastStar >= 0) {
      token = lastStar + 1;
      at = ++resumeAt;
    } else return false;
  }
  while (pattern[token] === star) token++;
  return token === pattern.length;
}

/**
 * ARNs are matched part by part: a wildcard does not reach across the colons, except within the last part.
 * A pattern with fewer parts is completed with wildcards, as IAM does; `*` alone is any resource.
 */
export function matchesArn(pattern: Pattern, arn: string): boolean {
  const patternParts = splitPattern(pattern);
  if (patternParts.length === 1) return matchesPattern(pattern, arn);
  while (patternParts.length < arnParts) patternParts.push([star]);
  const parts = splitArn(arn);
  return (
    parts.length === arnParts && patternParts.every((part, index) => matchesPattern(part, parts[index] ?? ''))
  );
}

const arnParts = 6;

function splitPattern(pattern: Pattern): Pattern[] {
  const parts: Token[][] = [[]];
  for (const token of pattern) {
    if (token === colon && parts.length < arnParts) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function splitArn(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= arnParts
    ? parts
    : [...parts.slice(0, arnParts - 1), parts.slice(arnParts - 1).join(':')];
}
