import { randomBytes } from 'node:crypto';
import { assumeRole } from '../../aws/sts.ts';
import { ForgeError } from '../../errors.ts';
import { parseCallerArn } from '../../identity/caller-arn.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { permissionSetCredentials } from '../../identity/permission-set-credentials.ts';
import { type RoleCredentials, signingKeys } from '../../identity/role-credentials.ts';
import { ssoTokenOrSignIn } from '../../identity/sso-token-or-sign-in.ts';
import { requesterAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { deliverSpool } from '../evidence/deliver-spool.ts';
import { openEvidence } from '../evidence/evidence-state.ts';
import { spool } from '../evidence/spool.ts';
import { ownUser, rememberedUser } from '../own-user.ts';
import type { Person } from '../protocol/document-parts.ts';
import { newRequestId, type RequestId } from '../protocol/ids.ts';
import { emergencyTags } from '../protocol/judge-emergency.ts';
import { recordStep } from '../record-step.ts';
import { hasWebhook, webhookVariable } from '../slack.ts';
import { emergencyKeys } from './emergency-keys.ts';
import { emergencyOpeningText } from './emergency-text.ts';
import type { EmergencyPlan } from './plan-emergency.ts';

export interface Emergency {
  /** Names the session here and in the evidence; AWS's own record is by the event of the role's use. */
  readonly id: RequestId;
  readonly person: Person;
  readonly plan: EmergencyPlan;
  readonly credentials: RoleCredentials & { readonly expiration: number };
}

/** So long may telling take before the keys are used; what is not told by then is told later. */
const patienceMs = 6_000;

/**
 * Tier 0: nobody is asked, everybody is told. First the journal, then what is to be told is on the disk, then it is
 * delivered as far as that goes, and only then is the role assumed.
 */
export async function openEmergency(
  parts: IdentityParts,
  place: BreakGlassPlace,
  plan: EmergencyPlan,
): Promise<Emergency> {
  const { host, output } = parts;
  const own = await onCallKeys(parts, place, plan);
  const person = await whoIs(parts, place, own);
  const aws = await parts.aws();
  const id = newRequestId(aws.now(), randomBytes(10));
  const { environment, tier, reason, ticket } = plan;
  const facts = { id, person: person.userName, tier: 0, environment: environment.name, reason, ticket };
  await openEvidence(host, place, person.userId, id);
  await recordStep(parts, {
    type: 'breakglass.emergency',
    ...facts,
    account: environment.account,
    role: plan.roleArn,
  });
  if (await knowsWebhook(parts)) {
    await spool(host, { kind: 'slack', text: emergencyOpeningText(plan, person, id) });
  } else {
    const channel = tier.alert === undefined ? undefined : place.breakGlass.channels.get(tier.alert);
    output.warn(
      `No Slack webhook is known (forge breakglass webhook set, or ${webhookVariable}): tell ${channel ?? 'your colleagues'} yourself.`,
    );
  }
  const { waiting, why } = await deliverSpool(parts, place, patienceMs);
  if (waiting > 0)
    output.warn(
      `${waiting} of what is to be told could not be delivered yet; forge goes on trying. ${why ?? ''}`.trim(),
    );
  const issued = await assumeRole(aws, place.region, signingKeys(own), {
    roleArn: plan.roleArn,
    sessionName: person.userName,
    sourceIdentity: person.userId,
    durationSeconds: plan.seconds,
    tags: { ...plan.tags, [emergencyTags.id]: id },
    transitiveTags: [emergencyTags.tier, emergencyTags.incident],
    who: `${person.userName} as ${plan.permissionSet}`,
    deniedHint: `Tier ${tier.name} is for ${tier.requesters.join(', ') || 'those who are on call'}, on the VPN. What you hold: forge whoami --all`,
  });
  return {
    id,
    person,
    plan,
    credentials: await emergencyKeys(parts, id, issued, plan),
  };
}

/** One that can't be used is none: a typo in a variable must not keep the door shut. */
export async function knowsWebhook({ host, output }: IdentityParts): Promise<boolean> {
  try {
    return await hasWebhook(host);
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    output.warn(error.message);
    return false;
  }
}

async function onCallKeys(parts: IdentityParts, { signIn, region }: BreakGlassPlace, plan: EmergencyPlan) {
  const token = await ssoTokenOrSignIn(parts, signIn);
  const { environment, permissionSet, tier } = plan;
  return permissionSetCredentials(parts, token, {
    signIn,
    account: environment.account,
    permissionSet,
    region,
    deniedHint: `Tier ${tier.name} is for ${tier.requesters.join(', ') || `holders of ${permissionSet}`}. Others ask: forge breakglass --tier 1 --env ${environment.name}`,
  });
}

/** From memory where it can be: the access account may be what is down. */
async function whoIs(parts: IdentityParts, place: BreakGlassPlace, own: RoleCredentials): Promise<Person> {
  const userName = parseCallerArn(own.callerArn ?? '')?.sessionName ?? '';
  const kept = await rememberedUser(parts.host, place.identityStoreId, userName);
  if (kept !== undefined) return kept;
  try {
    return await ownUser(parts.host, await requesterAccount(parts, place)());
  } catch (error) {
    parts.host.signal.throwIfAborted();
    if (!(error instanceof ForgeError)) throw error;
    throw new ForgeError(
      error.kind,
      `Your id in the identity store is not known here yet. ${error.message}`,
      {
        code: 'OWN_ID_UNKNOWN',
        hint: 'It is kept by any earlier forge breakglass command, e.g. forge breakglass status. AWS tells it too: aws identitystore get-user-id',
        cause: error,
      },
    );
  }
}
