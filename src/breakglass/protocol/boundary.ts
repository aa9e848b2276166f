import { isoSeconds } from '../../lib/iso-seconds.ts';
import { asJsonObject, parseJsonObject } from '../../lib/json-object.ts';
import { isIdentityStoreId } from './ids.ts';
import { parseTime } from './trail-event.ts';

/** From `at` (epoch milliseconds) on, credentials issued to this person until then are refused. */
export interface Cut {
  /** An id of the identity store; or a user name, as roles that are assumed from a grant have it; `*`: everybody. */
  readonly who: string;
  readonly at: number;
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
 * Two statements a cut, for no session carries both: what Identity Center issued has the user id, what was assumed from
 * there has the SourceIdentity alone, which tier 0 sets to the id and the databases' roles to the name, and which nobody
 * can change on the way.
 *
 * A cut that is so old that it has nothing left to refuse is dropped; of several for one person the newest
 * counts. When IAM's limit is reached, neighbours in time share a statement with the newer time of both: someone let
 * in again in between has to sign in once more, nobody keeps what was taken away. Cuts in the future are kept.
 */
export function boundaryDocument(cuts: Iterable<Cut>, now: number): string {
  const newest = new Map<string, number>();
  for (const { who, at } of cuts) {
    if ((who !== everybody && !canBeSource(who)) || !Number.isFinite(at) || isOver({ who, at }, now))
      continue;
    newest.set(who, Math.max(newest.get(who) ?? 0, at));
  }
  const forAll = newest.get(everybody) ?? -1;
  let statements: readonly Statement[] = [...newest]
    .filter(([who, at]) => who === everybody || at > forAll)
    .map(([who, at]) => ({ users: [who], at }))
    .sort((a, b) => a.at - b.at || (a.users[0] ?? '').localeCompare(b.users[0] ?? ''));
  let text = encode(statements);
  while (text.length > longestPolicy && statements.length > 1) {
    statements = pairs(statements);
    text = encode(statements);
  }
  // Hundreds within an hour: everybody signs in again.
  return text.length > longestPolicy
    ? encode([{ users: [everybody], at: statements.at(-1)?.at ?? now }])
    : text;
}

/**
 * The boundary with these cuts, and with all of its other versions, of which the first is the one that counts: what two
 * writers wrote at once is in one of them each. That one itself when it has all of them.
 */
export function extendBoundary(versions: readonly string[], cuts: readonly Cut[], now: number): string {
  const [current = ''] = versions;
  const there = parseBoundary(current);
  const all = [...versions.flatMap(parseBoundary), ...cuts];
  const missing = all.some(
    ({ who, at }) =>
      !isOver({ who, at }, now) &&
      !there.some((cut) => (cut.who === who || cut.who === everybody) && cut.at >= at),
  );
  return missing ? boundaryDocument(all, now) : current;
}

/** The cuts in a boundary that `boundaryDocument` wrote; none of anything else. */
export function parseBoundary(document: string): readonly Cut[] {
  const statements = parseJsonObject(document)?.Statement;
  return (Array.isArray(statements) ? statements : []).flatMap((item) => {
    const condition = asJsonObject(asJsonObject(item)?.Condition);
    const at = parseTime(asJsonObject(condition?.DateLessThanEquals)?.[timeKey]);
    if (condition === undefined || at === undefined) return [];
    const named = asJsonObject(condition.StringEquals);
    if (named === undefined) return [{ who: everybody, at }];
    const ids = texts(named[userKey]).filter(isIdentityStoreId);
    // Ids are in both statements, names in this one alone.
    const names = texts(named[sourceKey]).filter((name) => canBeSource(name) && !isIdentityStoreId(name));
    return [...ids, ...names].map((who) => ({ who, at }));
  });
}

const everybody = '*';
const userKey = 'identitystore:UserId';
const sourceKey = 'aws:SourceIdentity';
const timeKey = 'aws:TokenIssueTime';

const isOver = ({ at }: Cut, now: number): boolean => at < now - keepMinutes * 60_000;

/** What STS takes for a SourceIdentity; nothing of it means anything in a policy. */
const canBeSource = (text: string): boolean => /^[\w+=,.@-]{2,64}$/.test(text);

const texts = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');

interface Statement {
  readonly users: readonly string[];
  readonly at: number;
}

function pairs(statements: readonly Statement[]): readonly Statement[] {
  const merged: Statement[] = [];
  for (let index = 0; index < statements.length; index += 2) {
    const both = statements.slice(index, index + 2);
    const users = both.flatMap((statement) => statement.users);
    merged.push({
      users: users.includes(everybody) ? [everybody] : users,
      at: Math.max(...both.map((statement) => statement.at)),
    });
  }
  return merged;
}

const allow = { Sid: 'TakesNothingAway', Effect: 'Allow', Action: '*', Resource: '*' };

/** Seconds rounded up: IAM compares whole seconds, and a token of this very second is to go too. */
const upTo = (at: number): string => isoSeconds(Math.ceil(at / 1_000) * 1_000);

const encode = (statements: readonly Statement[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow,
      ...statements.flatMap(({ users, at }) => {
        if (users[0] === everybody) return [deny(at)];
        const ids = users.filter(isIdentityStoreId);
        return [...(ids.length > 0 ? [deny(at, userKey, ids)] : []), deny(at, sourceKey, users)];
      }),
    ],
  });

function deny(at: number, key?: string, users: readonly string[] = []) {
  return {
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: {
      ...(key === undefined ? {} : { StringEquals: { [key]: users.length === 1 ? users[0] : users } }),
      DateLessThanEquals: { [timeKey]: upTo(at) },
    },
  };
}
