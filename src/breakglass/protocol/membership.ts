import { isIdentityStoreId } from './ids.ts';
import { memberObject, memberText, type Principal, readTrailEvent, type TrailEvent } from './trail-event.ts';

/** Somebody was made a member of a group: what a grant is. */
export interface Membership {
  /** Undefined where the event has none (the console's, a failed call): look it up by group and user. */
  readonly membershipId: string | undefined;
  readonly groupId: string;
  /** Who got in. */
  readonly userId: string;
  readonly identityStoreId: string | undefined;
  /**
   * Who did it, and when (epoch milliseconds). Undefined: no event was seen, the membership was found (sweeper), or
   * exists already and is granted once more; then only the decisions tell who approved, and when.
   */
  readonly made: MembershipEvent | undefined;
}

export interface MembershipEvent {
  readonly eventId: string;
  readonly at: number;
  readonly by: Principal;
  readonly region: string;
  /** `CreateGroupMembership`; `AddMemberToGroup` is the console's. */
  readonly call: string;
  /** Set: the call failed and nobody got in. `ConflictException`: was a member already. */
  readonly errorCode: string | undefined;
}

/**
 * The membership that a CloudTrail event is about; undefined for every other event.
 *
 * `identitystore:CreateGroupMembership`: requestParameters `{identityStoreId, groupId, memberId: {userId}}`,
 * responseElements `{membershipId, identityStoreId}`. The console makes members by `sso-directory:AddMemberToGroup`:
 * `{identityStoreId, groupId, member: {memberId}}`, no response. Who looks for the first alone is passed by.
 *
 * Ids stand there as the caller wrote them, and the API takes capitals: whoever writes their own so is still themselves.
 * https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_MemberId.html
 */
export function membershipFromEvent(input: unknown): Membership | undefined {
  const event = readTrailEvent(input);
  if (event === undefined) return undefined;
  const userId = memberOf(event)?.toLowerCase();
  const groupId = memberText(event.request, 'groupId')?.toLowerCase();
  if (userId === undefined || !isIdentityStoreId(userId)) return undefined;
  if (groupId === undefined || !isIdentityStoreId(groupId)) return undefined;
  const membershipId = memberText(event.response, 'membershipId');
  return {
    membershipId: membershipId !== undefined && isIdentityStoreId(membershipId) ? membershipId : undefined,
    groupId,
    userId,
    identityStoreId: memberText(event.request, 'identityStoreId'),
    made: {
      eventId: event.eventId,
      at: event.at,
      by: event.by,
      region: event.region,
      call: event.name,
      errorCode: event.errorCode,
    },
  };
}

/** A membership that was found, not seen being made; or one that is to last longer by another decision. */
export function foundMembership(
  found: Pick<Membership, 'groupId' | 'userId' | 'identityStoreId'> & { readonly membershipId: string },
): Membership {
  return { ...found, made: undefined };
}

/** Somebody was taken out of a group, by whomever. */
export interface Removal {
  /** What the API's event has; it names neither group nor person. */
  readonly membershipId: string | undefined;
  /** What the console's event has. */
  readonly groupId: string | undefined;
  readonly userId: string | undefined;
}

/**
 * `identitystore:DeleteGroupMembership`: requestParameters `{identityStoreId, membershipId}`; the console's is
 * `sso-directory:RemoveMemberFromGroup`: `{identityStoreId, groupId, member: {memberId}}`. Undefined for every other event,
 * and for calls that failed.
 */
export function removalFromEvent(input: unknown): Removal | undefined {
  const event = readTrailEvent(input);
  if (event === undefined || event.errorCode !== undefined) return undefined;
  const { source, name, request } = event;
  const id = (value: string | undefined) => {
    const lower = value?.toLowerCase();
    return lower !== undefined && isIdentityStoreId(lower) ? lower : undefined;
  };
  if (source === 'identitystore.amazonaws.com' && name === 'DeleteGroupMembership') {
    const membershipId = id(memberText(request, 'membershipId'));
    if (membershipId === undefined) return undefined;
    return { membershipId, groupId: undefined, userId: undefined };
  }
  if (source !== 'sso-directory.amazonaws.com' || name !== 'RemoveMemberFromGroup') return undefined;
  const groupId = id(memberText(request, 'groupId'));
  const userId = id(
    memberText(memberObject(request, 'member'), 'memberId') ?? memberText(request, 'memberId'),
  );
  return groupId === undefined || userId === undefined
    ? undefined
    : { membershipId: undefined, groupId, userId };
}

function memberOf({ source, name, request }: TrailEvent): string | undefined {
  if (source === 'identitystore.amazonaws.com' && name === 'CreateGroupMembership')
    return memberText(memberObject(request, 'memberId'), 'userId');
  if (source === 'sso-directory.amazonaws.com' && name === 'AddMemberToGroup')
    return memberText(memberObject(request, 'member'), 'memberId') ?? memberText(request, 'memberId');
  return undefined;
}
