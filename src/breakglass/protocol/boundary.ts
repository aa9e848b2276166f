import { isoSeconds } from '../../lib/iso-seconds.ts';
import { asJsonObject, parseJsonObject } from '../../lib/json-object.ts';
import { isIdentityStoreId } from './ids.ts';
import { parseTime } from './trail-event.ts';

/** From `at` (epoch milliseconds) on, credentials issued to this person until then are refused. */
export interface Cut {
  /** `*`: everybody. */
  readonly userId: string;
  readonly at: number;
}

/** IAM's longest managed policy, in characters without blanks. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const longestPolicy = 6_144;

/** Longest life of issued credentials (an hour), and room for clocks. */
const keepMinutes = 75;

/**
 * The permissions boundary of all break-glass permission sets: it allows everything, so takes nothing away, but for
 * those whose access was ended: what they were issued until then. A boundary can't add a right, so who may write it
 * can only end access. https://docs.aws.amazon.com/singlesignon/latest/userguide/howtorevokeuseraccess.html
 *
 * A cut older than `keep` minutes has nothing left to refuse and is dropped; of several for one person the newest
 * counts. When IAM's limit is reached, neighbours in time share a statement with the newer time of both: someone let
 * in again in between has to sign in once more, nobody keeps what was taken away. Cuts in the future are kept.
 */
export function boundaryDocument(cuts: Iterable<Cut>, now: number, keep = keepMinutes): string {
  const newest = new Map<string, number>();
  for (const { userId, at } of cuts) {
    if (
      (userId !== everybody && !isIdentityStoreId(userId)) ||
      !Number.isFinite(at) ||
      at < now - keep * 60_000
    )
      continue;
    newest.set(userId, Math.max(newest.get(userId) ?? 0, at));
  }
  const forAll = newest.get(everybody) ?? -1;
  let statements: readonly Statement[] = [...newest]
    .filter(([userId, at]) => userId === everybody || at > forAll)
    .map(([userId, at]) => ({ users: [userId], at }))
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

/** The cuts in a boundary that `boundaryDocument` wrote; none of anything else. */
export function parseBoundary(document: string): readonly Cut[] {
  const statements = parseJsonObject(document)?.Statement;
  return (Array.isArray(statements) ? statements : []).flatMap((item) => {
    const condition = asJsonObject(asJsonObject(item)?.Condition);
    const at = parseTime(asJsonObject(condition?.DateLessThanEquals)?.[timeKey]);
    if (condition === undefined || at === undefined) return [];
    const named = asJsonObject(condition.StringEquals);
    const users = named === undefined ? everybody : named[userKey];
    return (Array.isArray(users) ? users : [users])
      .filter(
        (user): user is string =>
          typeof user === 'string' &&
          (isIdentityStoreId(user) || (user === everybody && named === undefined)),
      )
      .map((userId) => ({ userId, at }));
  });
}

const everybody = '*';
const userKey = 'identitystore:UserId';
const timeKey = 'aws:TokenIssueTime';

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
      ...statements.map(({ users, at }) => ({
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: {
          ...(users[0] === everybody
            ? {}
            : { StringEquals: { [userKey]: users.length === 1 ? users[0] : users } }),
          DateLessThanEquals: { [timeKey]: upTo(at) },
        },
      })),
    ],
  });
