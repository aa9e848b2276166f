import { randomBytes } from 'node:crypto';
import { type AssumedRole, assumeRole } from '../../aws/sts.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { emergencyKeys } from '../emergency/emergency-keys.ts';
import { knowsWebhook } from '../emergency/open-emergency.ts';
import { deliverSpool } from '../evidence/deliver-spool.ts';
import { openEvidence } from '../evidence/evidence-state.ts';
import { spool } from '../evidence/spool.ts';
import { rememberedUserCalled } from '../own-user.ts';
import { newRequestId, type RequestId } from '../protocol/ids.ts';
import { emergencyTags } from '../protocol/judge-emergency.ts';
import { recordStep } from '../record-step.ts';
import { webhookVariable } from '../slack.ts';
import { rememberDueRotation } from './due-rotation.ts';
import { askMfaCode, isWrongCode } from './offline-code.ts';
import { type OfflineKey, offlineSigningKeys } from './offline-key.ts';
import type { OfflinePeople } from './offline-people.ts';
import { offlineOpeningText } from './offline-text.ts';
import type { OfflinePlan } from './plan-offline.ts';

export interface OfflineSession {
  /** Names the session here and in AWS's tags. */
  readonly id: RequestId;
  readonly plan: OfflinePlan;
  readonly people: OfflinePeople;
  readonly credentials: RoleCredentials & { readonly expiration: number };
}

/** So long may telling take before the role is assumed. */
const patienceMs = 6_000;
const mostTries = 3;

/**
 * Tier 3: the journal, what is to be told on the disk, Slack, the second person's code, and only then the role. Nothing here asks
 * Identity Center: the evidence, which only its keys can deliver, waits on the disk for a later command.
 */
export async function openOffline(
  parts: IdentityParts,
  place: BreakGlassPlace,
  plan: OfflinePlan,
  people: OfflinePeople,
  key: OfflineKey,
): Promise<OfflineSession> {
  const { host, output } = parts;
  const aws = await parts.aws();
  const id = newRequestId(aws.now(), randomBytes(10));
  const { environment, tier, reason, ticket } = plan;
  const person = await rememberedUserCalled(host, place.identityStoreId, people.keyHolder);
  if (person !== undefined) await openEvidence(host, place, person.userId, id);
  else
    output.warn(
      `The id of ${people.keyHolder} in the identity store is not known here: the evidence stays in this machine's journal.`,
    );
  await recordStep(parts, {
    type: 'breakglass.emergency',
    id,
    person: people.both,
    tier: Number(tier.name),
    account: environment.account,
    environment: environment.name,
    role: plan.roleArn,
    reason,
    ticket,
  });
  if (await knowsWebhook(parts)) {
    await spool(host, { kind: 'slack', text: offlineOpeningText(plan, people, id) });
    const { waiting, why } = await deliverSpool(parts, place, patienceMs, 'slack');
    if (waiting > 0) output.warn(`Slack could not be told yet; forge goes on trying. ${why ?? ''}`.trim());
  } else {
    const channel = tier.alert === undefined ? undefined : place.breakGlass.channels.get(tier.alert);
    output.warn(
      `No Slack webhook is known (forge breakglass webhook set, or ${webhookVariable}): tell ${channel ?? 'your colleagues'} yourself.`,
    );
  }
  await rememberUse(parts, plan, key);
  const issued = await assumeTogether(parts, place, plan, people, key, id);
  return {
    id,
    plan,
    people,
    credentials: await emergencyKeys(parts, id, issued, plan),
  };
}

/** A code that was mistyped, or that somebody used, is asked for anew: AWS takes each once. */
async function assumeTogether(
  parts: IdentityParts,
  { region }: BreakGlassPlace,
  plan: OfflinePlan,
  people: OfflinePeople,
  key: OfflineKey,
  id: RequestId,
): Promise<AssumedRole> {
  const aws = await parts.aws();
  for (let tries = 1; ; tries++) {
    const tokenCode = await askMfaCode(parts, people);
    try {
      return await assumeRole(aws, region, offlineSigningKeys(key), {
        roleArn: plan.roleArn,
        sessionName: people.both,
        sourceIdentity: people.both,
        durationSeconds: plan.seconds,
        serialNumber: people.mfaSerial,
        tokenCode,
        tags: { ...plan.tags, [emergencyTags.id]: id },
        transitiveTags: [emergencyTags.tier, emergencyTags.incident],
        who: people.both,
        deniedHint: `Is it ${plan.userArn} that the role trusts, and the device ${people.mfaSerial}?`,
      });
    } catch (error) {
      if (!isWrongCode(error)) throw error;
      if (tries === mostTries) {
        throw new ForgeError('denied', `AWS did not take the code, ${mostTries} times.`, {
          code: 'MFA_REFUSED',
          hint: `Is it the device ${people.mfaSerial}, and its clock right?`,
          cause: error,
        });
      }
      parts.output.warn('AWS did not take this code. Each is good once: wait for the next one.');
    }
  }
}

/** From here on the key counts as used, whatever becomes of it. */
async function rememberUse(
  { host, output }: IdentityParts,
  { userArn }: OfflinePlan,
  { accessKeyId }: OfflineKey,
) {
  try {
    await rememberDueRotation(host, { userArn, accessKeyId, usedAt: host.now() });
  } catch (error) {
    host.signal.throwIfAborted();
    // The bank is down: a reminder that can't be kept is no reason to stay out. The server side has its own.
    output.debug(`the reminder is not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
