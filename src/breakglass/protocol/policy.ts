import * as v from 'valibot';
import { type Parsed, sha256 } from './document.ts';
import {
  account,
  identityStoreId,
  line,
  longestMinutes,
  minutes,
  name,
  pattern,
  permissionSet,
  strict,
  tier,
  wholeNumber,
} from './document-parts.ts';

/**
 * What the handlers know of forge.yaml, and all that they know: made by the CLI (names already looked up, so that
 * nothing has to be asked while judging), handed to them as an object in a bucket.
 */
const tierPolicy = strict({
  tier,
  /** How many different people must approve. */
  approvals: wholeNumber(1, 5),
  /** Permission sets (in the access account) whose holders may approve. */
  approverPermissionSets: v.pipe(v.array(permissionSet, 'a list'), v.minLength(1, 'a list of one or more')),
  maximumMinutes: minutes,
  ticket: v.picklist(['before', 'after', 'none'], '"before", "after" or "none"'),
  /** Channel that is told: `#platform-support`. */
  channel: v.optional(line(200)),
});
export type TierPolicy = Readonly<v.InferOutput<typeof tierPolicy>>;

const grantPolicy = strict({
  /** Just-in-time group: its members hold the permission set in the account, nobody else does. */
  groupId: identityStoreId,
  tier,
  account,
  environment: name,
  permissionSet,
  scenario: v.optional(name),
  /** Longest for this scenario; a tier may say less. */
  maximumMinutes: minutes,
});
export type GrantPolicy = Readonly<v.InferOutput<typeof grantPolicy>>;

const emergencyRole = strict({
  roleArn: pattern('the ARN of a role', /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/),
  tier,
  account,
  environment: name,
  maximumMinutes: minutes,
  /** How soon a ticket must follow; undefined: none is asked for. */
  ticketWithinMinutes: v.optional(wholeNumber(1, 10_080)),
  channel: v.optional(line(200)),
});
export type EmergencyRole = Readonly<v.InferOutput<typeof emergencyRole>>;

const policySchema = v.pipe(
  strict({
    v: v.literal(1, '1'),
    identityStoreId: pattern(
      'an identity store',
      /^(?:d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
    ),
    /** Access account: groups, buckets, approvers' roles. */
    account,
    /** Home region: emergency calls must be made there. */
    region: pattern('a region', /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/),
    /** An unanswered request can be approved for so long. */
    requestLifeMinutes: wholeNumber(1, 10_080),
    /** Longest life of role credentials that break-glass permission sets issue: of the sets, up to four hours. */
    credentialMinutes: v.optional(wholeNumber(15, longestMinutes), 240),
    /** Least retention of a record. */
    retentionDays: wholeNumber(1, 99_999),
    tiers: v.array(tierPolicy, 'a list'),
    grants: v.array(grantPolicy, 'a list'),
    emergencyRoles: v.array(emergencyRole, 'a list'),
  }),
  v.check(({ tiers }) => unique(tiers.map((entry) => entry.tier)), 'one with each tier once'),
  v.check(({ grants }) => unique(grants.map((entry) => entry.groupId)), 'one with each group once'),
  v.check(
    ({ emergencyRoles }) => unique(emergencyRoles.map((entry) => entry.roleArn)),
    'one with each emergency role once',
  ),
  v.check(
    ({ tiers, grants }) => grants.every((grant) => tiers.some((entry) => entry.tier === grant.tier)),
    'one with a tier for every group',
  ),
);

export type Policy = Readonly<v.InferOutput<typeof policySchema>>;

/** JSON of a policy, however it is laid out; `null` is what is not said, as Terraform writes it. */
export function parsePolicy(json: string): Parsed<Policy> {
  let value: unknown;
  try {
    value = JSON.parse(json, (_, member: unknown) => member ?? undefined);
  } catch {
    return { ok: false, problem: 'the policy is not JSON' };
  }
  const result = v.safeParse(policySchema, value, { abortEarly: true });
  if (result.success) return { ok: true, value: result.output };
  const [issue] = result.issues;
  return { ok: false, problem: `the policy's ${v.getDotPath(issue) ?? 'content'} must be ${issue.message}` };
}

/** Largest policy that is read: some ten thousand groups. */
export const policyBytes = 4 * 1024 * 1024;

/**
 * Where the policy is in the configuration bucket: its name is its content's. Whoever may change a function's variables chooses among
 * policies that were written there, and makes none.
 */
export const policyKey = (bytes: Uint8Array): string => `policy/${sha256(bytes)}.json`;

/** The one spelling of a policy: the same policy is the same object. */
export const encodePolicy = (policy: Policy): string => JSON.stringify(v.parse(policySchema, policy));

export const findTier = (policy: Policy, number: number): TierPolicy | undefined =>
  policy.tiers.find((entry) => entry.tier === number);

export const findGrant = (policy: Policy, groupId: string): GrantPolicy | undefined =>
  policy.grants.find((entry) => entry.groupId === groupId);

export const findEmergencyRole = (policy: Policy, roleArn: string): EmergencyRole | undefined =>
  policy.emergencyRoles.find((entry) => entry.roleArn === roleArn);

const unique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
