import { parseDuration } from '../config/duration.ts';

export type Plain = string | number | boolean | null | readonly Plain[] | PlainMap;
export interface PlainMap {
  readonly [key: string]: Plain;
}

export const isPlainMap = (value: Plain | undefined): value is PlainMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const durations = new Set([
  'request_lifetime',
  'min_duration',
  'max_duration',
  'mfa_within',
  'within',
  'retention',
]);

/** What a missing key means, as docs/configuration.md has it. */
const defaults: Readonly<Record<string, Plain>> = {
  approvals: 1,
  environments: [],
  mfa: false,
  mfa_within: '15m',
  production: false,
  request_lifetime: '4h',
  requesters: [],
  scenarios: [],
  ticket: { when: 'before' },
};

/** Mappings that say nothing when nothing is in them. A name with nothing behind it says that there is one of that name. */
const containers = new Set([
  'approvers',
  'channels',
  'environments',
  'groups',
  'mfa_devices',
  'scenarios',
  'tiers',
]);

/**
 * Does the file say already what is wanted? `240m` is `4h`, the order of a list says nothing, a missing key means its default, and
 * what the file has beyond the wanted keys is no difference.
 */
export function saysAlready(key: string, found: Plain | undefined, wanted: Plain): boolean {
  if (isPlainMap(wanted) && containers.has(key) && Object.keys(wanted).length === 0) return true;
  const value = found === undefined || found === null ? defaultFor(key, wanted) : found;
  if (value === undefined) return false;
  if (isPlainMap(wanted)) {
    return (
      isPlainMap(value) &&
      Object.keys(wanted).every((name) => saysAlready(name, value[name], wanted[name] ?? null))
    );
  }
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && sameMembers(value, wanted);
  }
  if (durations.has(key)) return parseDuration(String(value)) === parseDuration(String(wanted));
  return value === wanted;
}

/** A name under `environments` can be any word: a default is of a value of the same kind only. */
function defaultFor(key: string, wanted: Plain): Plain | undefined {
  const value = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
  const kind = (of: Plain | undefined) => (Array.isArray(of) ? 'list' : typeof of);
  return kind(value) === kind(wanted) ? value : undefined;
}

function sameMembers(some: readonly Plain[], others: readonly Plain[]): boolean {
  const [left, right] = [new Set(some), new Set(others)];
  return left.size === right.size && [...left].every((item) => right.has(item));
}

/** As people write it: `240m` is `4h`, and what holds anyway is left out. */
export function asWritten(key: string, value: Plain): Plain {
  if (isPlainMap(value)) {
    const said = Object.entries(value).filter(([name, item]) => !saysAlready(name, undefined, item));
    return Object.fromEntries(said.map(([name, item]) => [name, asWritten(name, item)]));
  }
  if (!durations.has(key) || typeof value !== 'string') return value;
  const seconds = parseDuration(value);
  if (seconds === undefined) return value;
  const [unit, size] = units.find(([, length]) => seconds % length === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;
