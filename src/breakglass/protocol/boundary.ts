import { isoSeconds } from '../../lib/iso-seconds.ts';
import { asJsonObject, parseJsonObject } from '../../lib/json-object.ts';
import { isIdentityStoreId } from './ids.ts';
import { parseTime } from './trail-event.ts';

/** From `at` (epoch milliseconds) on, credentials issued to this person until then are refused. */
export interface Cut {
  /** An id of the identity store; or a user name, as roles that are assumed from a grant have it; `*`: everybody. */
  readonly who: string;
  readonly at: number;
  /**
   * Of an id: only what was assumed in its name; or what Identity Center issued, of one permission set if it is named.
   * Undefined: both. What is under a name was always assumed.
   */
  readonly only?: 'assumed' | { readonly issuedBy: string | undefined } | undefined;
}

/** IAM's longest managed policy, in characters without blanks. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const longestPolicy = 6_144;

/**
 * Longest life of issued credentials, and room for clocks: a permission set's live for as long as its sessions, and tier
 * 3's as long, four hours. A cut that is dropped earlier gives back what it took.
 */
const keepMinutes = 255;

/**
 * The permissions boundary of all break-glass permission sets: it allows everything, so takes nothing away, but for
 * those whose access was ended: what they were issued until then. A boundary can't add a right, so who may write it
 * can only end access. https://docs.aws.amazon.com/singlesignon/latest/userguide/howtorevokeuseraccess.html
 *
 * What Identity Center issued has the user id, and the permission set's role; what was assumed from there has the
 * SourceIdentity alone, which tier 0 sets to the id and the databases' roles to the name, and which nobody can change on
 * the way. So no session carries both, and each is refused by a statement of its own.
 *
 * A cut that is so old that it has nothing left to refuse is dropped; of several for the same the newest
 * counts. When IAM's limit is reached, neighbours in time share a statement with the newer time of both, and without a
 * permission set where theirs differ: someone let in again in between needs new keys once more, nobody keeps what was
 * taken away. Cuts in the future are kept.
 */
export function boundaryDocument(cuts: Iterable<Cut>, now: number): string {
  const newest = new Map<string, Part>();
  for (const part of [...cuts].flatMap(partsOf)) {
    const key = JSON.stringify([part.who, part.kind, part.set]);
    if (!isOver(part, now) && part.at > (newest.get(key)?.at ?? -1)) newest.set(key, part);
  }
  const all = [...newest.values()];
  const needed = all
    .filter((part) => !all.some((other) => other !== part && covers(other, part)))
    .sort((a, b) => a.at - b.at || a.who.localeCompare(b.who));
  let statements: readonly Statement[] = needed.map(({ who, ...rest }) => ({ ...rest, users: [who] }));
  let text = encode(statements);
  while (text.length > longestPolicy) {
    const fewer = (['all', 'issued', 'assumed'] as const).flatMap((kind) => pairs(statements, kind));
    if (fewer.length === statements.length) break;
    statements = fewer;
    text = encode(statements);
  }
  // Hundreds within an hour: everybody signs in again.
  return text.length > longestPolicy
    ? encode([{ kind: 'all', users: [everybody], at: Math.max(...statements.map(({ at }) => at)) }])
    : text;
}

/**
 * The boundary with these cuts, and with all of its other versions, of which the first is the one that counts: what two
 * writers wrote at once is in one of them each. That one itself when it has all of them.
 */
export function extendBoundary(versions: readonly string[], cuts: readonly Cut[], now: number): string {
  const [current = ''] = versions;
  const there = readParts(current);
  const all = [...versions.flatMap(parseBoundary), ...cuts];
  const missing = all
    .flatMap(partsOf)
    .some((part) => !isOver(part, now) && !there.some((other) => covers(other, part)));
  return missing ? boundaryDocument(all, now) : current;
}

/** The cuts in a boundary that `boundaryDocument` wrote; none of anything else. */
export function parseBoundary(document: string): readonly Cut[] {
  const parts = readParts(document);
  const both = (part: Part, kind: Part['kind']) =>
    part.set === undefined &&
    parts.some(
      (other) =>
        other.kind === kind && other.who === part.who && other.at === part.at && other.set === undefined,
    );
  return parts.flatMap((part): Cut[] => {
    const { who, at, kind, set } = part;
    if (kind === 'all' || (kind === 'assumed' && !isIdentityStoreId(who))) return [{ who, at }];
    if (kind === 'assumed') return both(part, 'issued') ? [] : [{ who, at, only: 'assumed' }];
    return both(part, 'assumed') ? [{ who, at }] : [{ who, at, only: { issuedBy: set } }];
  });
}

function readParts(document: string): readonly Part[] {
  const statements = parseJsonObject(document)?.Statement;
  return (Array.isArray(statements) ? statements : []).flatMap((item): Part[] => {
    const condition = asJsonObject(asJsonObject(item)?.Condition);
    const at = parseTime(asJsonObject(condition?.DateLessThanEquals)?.[timeKey]);
    if (condition === undefined || at === undefined) return [];
    const named = asJsonObject(condition.StringEquals);
    if (named === undefined) return [{ who: everybody, kind: 'all', at }];
    const set = setOf(asJsonObject(condition.ArnLike)?.[roleKey]);
    const ids = texts(named[userKey]).filter(isIdentityStoreId);
    const names = texts(named[sourceKey]).filter(canBeSource);
    return [
      ...ids.map((who): Part => ({ who, kind: 'issued', at, set })),
      ...names.map((who): Part => ({ who, kind: 'assumed', at })),
    ];
  });
}

const everybody = '*';
const userKey = 'identitystore:UserId';
const sourceKey = 'aws:SourceIdentity';
const timeKey = 'aws:TokenIssueTime';
const roleKey = 'aws:PrincipalArn';

/** One kind of credentials of one person (`*`: of everybody); `set`: of this permission set alone. */
interface Part {
  readonly who: string;
  readonly kind: 'all' | 'issued' | 'assumed';
  readonly set?: string | undefined;
  readonly at: number;
}

function partsOf({ who, at, only }: Cut): readonly Part[] {
  if (!Number.isFinite(at)) return [];
  if (who === everybody) return [{ who, kind: 'all', at }];
  if (!canBeSource(who)) return [];
  const assumed: Part = { who, kind: 'assumed', at };
  if (!isIdentityStoreId(who) || only === 'assumed') return [assumed];
  if (only === undefined) return [{ who, kind: 'issued', at }, assumed];
  // A name that no permission set can have narrows nothing.
  return [
    {
      who,
      kind: 'issued',
      at,
      set: only.issuedBy !== undefined && isSet(only.issuedBy) ? only.issuedBy : undefined,
    },
  ];
}

/** What the one refuses the other need not. */
const covers = (one: Part, other: Part): boolean =>
  one.at >= other.at &&
  (one.kind === 'all' ||
    (one.kind === other.kind && one.who === other.who && (one.set === undefined || one.set === other.set)));

const isOver = ({ at }: Part, now: number): boolean => at < now - keepMinutes * 60_000;

/** https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html */
const isSet = (text: string): boolean => /^[\w+=,.@-]{1,32}$/.test(text);

/** The role of a permission set, in whichever region Identity Center is: 16 hex digits are its own. */
const roleOf = (set: string): string =>
  `arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_${set}_${'?'.repeat(16)}`;

/** Undefined: not one of `roleOf`, so it is taken for all of them. */
function setOf(pattern: unknown): string | undefined {
  const set = typeof pattern === 'string' ? /AWSReservedSSO_(.+)_\?{16}$/.exec(pattern)?.[1] : undefined;
  return set !== undefined && isSet(set) ? set : undefined;
}

/** What STS takes for a SourceIdentity; nothing of it means anything in a policy. */
const canBeSource = (text: string): boolean => /^[\w+=,.@-]{2,64}$/.test(text);

const texts = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');

interface Statement extends Omit<Part, 'who'> {
  readonly users: readonly string[];
}

function pairs(statements: readonly Statement[], kind: Part['kind']): readonly Statement[] {
  const alike = statements.filter((statement) => statement.kind === kind);
  const merged: Statement[] = [];
  for (let index = 0; index < alike.length; index += 2) {
    const both = alike.slice(index, index + 2);
    const sets = new Set(both.map(({ set }) => set));
    merged.push({
      kind,
      users: [...new Set(both.flatMap(({ users }) => users))],
      set: sets.size === 1 ? both[0]?.set : undefined,
      at: Math.max(...both.map(({ at }) => at)),
    });
  }
  return merged;
}

const allow = { Sid: 'TakesNothingAway', Effect: 'Allow', Action: '*', Resource: '*' };

/** Seconds rounded up: IAM compares whole seconds, and a token of this very second is to go too. */
const upTo = (at: number): string => isoSeconds(Math.ceil(at / 1_000) * 1_000);

const encode = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [allow, ...statements.map(deny)] });

function deny({ kind, users, set, at }: Statement) {
  const key = kind === 'issued' ? userKey : sourceKey;
  return {
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: {
      ...(kind === 'all' ? {} : { StringEquals: { [key]: users.length === 1 ? users[0] : users } }),
      ...(set === undefined ? {} : { ArnLike: { [roleKey]: roleOf(set) } }),
      DateLessThanEquals: { [timeKey]: upTo(at) },
    },
  };
}
