import * as v from 'valibot';
import {
  account,
  identityStoreId,
  line,
  name,
  pattern,
  permissionSet,
  person,
  requestId,
  sessionId,
  strict,
  tier,
  time,
} from './document-parts.ts';

/**
 * Access that somebody has, or had: what `open` records, what the workflow waits on, what is ended. Sanctioned or
 * not, it always has an end: a wait without one would never fire.
 */
export const session = strict({
  id: sessionId,
  sanctioned: v.boolean('true or false'),
  /** Why it is not sanctioned. */
  why: v.optional(line(500)),
  tier: v.optional(tier),
  /** Who got in. */
  userId: v.optional(identityStoreId),
  userName: v.optional(line(256)),
  /** Grants (tier 1 and 2). */
  groupId: v.optional(identityStoreId),
  membershipId: v.optional(identityStoreId),
  permissionSet: v.optional(permissionSet),
  scenario: v.optional(name),
  /** Roles that were assumed (tier 0 and 3). */
  roleArn: v.optional(line(700)),
  accessKeyId: v.optional(pattern('an access key id', /^[A-Z0-9]{16,128}$/)),
  account: v.optional(account),
  environment: v.optional(name),
  ticket: v.optional(line(256)),
  reason: v.optional(line(500)),
  /** When the access began: when AWS says that the grant was made, or the last decision that it needed. */
  openedAt: time,
  /** When it ends. Of what is not sanctioned: at once. */
  expiresAt: time,
  approvers: v.array(person, 'a list'),
  /**
   * Of an emergency: what its person's forge named it before AWS had an event of it. Their evidence and their end are under
   * this name; anybody may have written any name here.
   */
  clientId: v.optional(requestId),
  /** The session that this one prolongs. */
  extends: v.optional(sessionId),
});

export type Session = Readonly<v.InferOutput<typeof session>>;

/** Epoch milliseconds of a session's time; sessions are validated, so there always is one. */
export const epoch = (time: string): number => Date.parse(time);
