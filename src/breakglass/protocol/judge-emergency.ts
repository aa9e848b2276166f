import { isoSeconds } from '../../lib/iso-seconds.ts';
import { cleanLine, isTime } from './document-parts.ts';
import { type EmergencyUse, personOf } from './emergency-use.ts';
import { isIdentityStoreId, isRequestId, type RequestId } from './ids.ts';
import { findEmergencyRole, type Policy } from './policy.ts';
import { type Refusal, refusals } from './refusals.ts';
import type { Session } from './session.ts';

/** Session tags that a trust policy of an emergency role demands. */
export const emergencyTags = {
  tier: 'forge:tier',
  incident: 'forge:incident',
  reason: 'forge:reason',
  /** What the CLI named the session before AWS had an event of it: evidence and ends are under this name. */
  id: 'forge:id',
} as const;

/** The incident of an emergency whose ticket is still to come. */
export const ticketToFollow = 'to-follow';

export type EmergencyVerdict =
  | { readonly sanctioned: true; readonly session: Session }
  | {
      readonly sanctioned: false;
      readonly refusal: Refusal;
      readonly why: string;
      readonly session: Session;
    };

/**
 * Whether the use of an emergency role was as the trust policy demands: belt and braces, since AWS refuses what is
 * not. Tier 0: in the person's own name (source identity = their id), tagged, in the home region, no longer than
 * allowed. Tier 3: in two people's names, `a+b`. A sanctioned session ends when the role's credentials do.
 *
 * `now` in epoch milliseconds. Never throws; there always is a session with an end. What is not sanctioned ends now.
 */
export function judgeEmergency(use: EmergencyUse, policy: Policy, now: number): EmergencyVerdict {
  const refusal = refuse(use, policy);
  const role = findEmergencyRole(policy, use.roleArn);
  const at = isTime(use.at) ? use.at : isTime(now) ? now : 0;
  const end = isTime(now) ? now : at;
  const person = personOf(use);
  const tag = (name: keyof typeof emergencyTags) => use.tags.get(emergencyTags[name]);
  const session: Session = {
    id: `EV-${use.eventId}`,
    sanctioned: refusal === undefined,
    ...(refusal === undefined ? {} : { why: `${refusal}: ${refusals[refusal]}` }),
    tier: role?.tier,
    userId: person !== undefined && isIdentityStoreId(person) ? person : undefined,
    userName: cleanLine(role?.tier === 3 ? use.sourceIdentity : use.by.sessionName, 256),
    roleArn: cleanLine(use.roleArn, 700),
    accessKeyId:
      use.accessKeyId !== undefined && /^[A-Z0-9]{16,128}$/.test(use.accessKeyId)
        ? use.accessKeyId
        : undefined,
    account: role?.account,
    environment: role?.environment,
    ticket: cleanLine(tag('incident'), 256),
    reason: cleanLine(tag('reason'), 500),
    clientId: clientId(tag('id')),
    openedAt: isoSeconds(refusal === undefined ? at : Math.min(at, end)),
    expiresAt: isoSeconds(refusal === undefined ? use.expiresAt : end),
    approvers: [],
  };
  return refusal === undefined
    ? { sanctioned: true, session }
    : { sanctioned: false, refusal, why: refusals[refusal], session };
}

function refuse(use: EmergencyUse, policy: Policy): Refusal | undefined {
  if (use.denied) return 'call-failed';
  if (!isTime(use.at) || !isTime(use.expiresAt)) return 'time-unknown';
  const role = findEmergencyRole(policy, use.roleArn);
  if (role === undefined) return 'unknown-role';
  if (use.region !== policy.region) return 'wrong-region';
  if (use.tags.get(emergencyTags.tier) !== String(role.tier)) return 'no-incident';
  if (blank(use.tags.get(emergencyTags.incident))) return 'no-incident';
  if (role.tier !== 3 && blank(use.tags.get(emergencyTags.reason))) return 'no-incident';
  if (role.tier === 3 ? !twoPeople(use.sourceIdentity) : !ownName(use)) return 'wrong-source';
  return use.expiresAt - use.at > role.maximumMinutes * 60_000 + 1_000 ? 'too-long' : undefined;
}

const clientId = (text: string | undefined): RequestId | undefined =>
  text !== undefined && isRequestId(text) ? text : undefined;

const blank = (text: string | undefined): boolean => text === undefined || text.trim() === '';

/** Of one who came through Identity Center AWS says who it is; where it does not, the trust policy has compared. */
const ownName = ({ sourceIdentity, by }: EmergencyUse): boolean =>
  sourceIdentity !== undefined &&
  isIdentityStoreId(sourceIdentity) &&
  (by.userId === undefined || by.userId === sourceIdentity);

function twoPeople(sourceIdentity: string | undefined): boolean {
  const [first, second, ...more] = (sourceIdentity ?? '').split('+').map((name) => name.trim());
  return !!first && !!second && more.length === 0 && first.toLowerCase() !== second.toLowerCase();
}
