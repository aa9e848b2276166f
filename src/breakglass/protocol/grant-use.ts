import type { GrantPolicy, Policy } from './policy.ts';
import { memberObject, memberText, readTrailEvent } from './trail-event.ts';

/** Identity Center issued credentials of a permission set that only a just-in-time group gives. */
export interface GrantUse {
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly roleArn: string;
  /** Names the credentials in CloudTrail; not secret. */
  readonly accessKeyId: string | undefined;
  /** Of the person, as Identity Center wrote it. */
  readonly userName: string;
  /** The groups that give it: one for each tier and scenario. */
  readonly grants: readonly GrantPolicy[];
}

/**
 * The issuing that a CloudTrail event is about; undefined for every other event, and for what was refused. Nobody but
 * Identity Center can make, or sign in to, roles of these names.
 * https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
 */
export function grantUseFromEvent(input: unknown, policy: Policy): GrantUse | undefined {
  const event = readTrailEvent(input);
  if (event?.source !== 'sts.amazonaws.com' || event.name !== 'AssumeRoleWithSAML') return undefined;
  const roleArn = memberText(event.request, 'roleArn') ?? '';
  const [, account, permissionSet] =
    /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:[^/]+\/)*AWSReservedSSO_(.{1,32})_[0-9a-f]{16}$/.exec(roleArn) ??
    [];
  const userName = memberText(event.request, 'roleSessionName');
  const grants = policy.grants.filter(
    (grant) => grant.account === account && grant.permissionSet === permissionSet,
  );
  if (event.errorCode !== undefined || userName === undefined || grants.length === 0) return undefined;
  const accessKeyId = memberText(memberObject(event.response, 'credentials'), 'accessKeyId');
  return { eventId: event.eventId, at: event.at, roleArn, accessKeyId, userName, grants };
}
