import { randomBytes } from 'node:crypto';
import { findGroupByName } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import type { AccessCaller } from '../access-account.ts';
import { writeDocument } from '../intake.ts';
import type { Change } from '../protocol/change.ts';
import type { Person } from '../protocol/document-parts.ts';
import { newRequestId, type RequestId } from '../protocol/ids.ts';
import { requestKey } from '../protocol/keys.ts';
import { type AccessRequest, encodeRequest } from '../protocol/request.ts';
import { recordStep } from '../record-step.ts';
import type { RequestPlan } from './plan-request.ts';

/** Writes the request, once. From then on it stands, whatever becomes of this process. */
export async function writeRequest(
  parts: Pick<IdentityParts, 'host' | 'output'>,
  caller: AccessCaller,
  requester: Person,
  plan: RequestPlan & { readonly extends?: RequestId; readonly change?: Change },
): Promise<AccessRequest> {
  const groupId = await groupIdOf(caller, plan.rule.groupName);
  const now = caller.aws.now();
  const id = newRequestId(now, randomBytes(10));
  const request: AccessRequest = {
    v: 1,
    kind: 'request',
    id,
    tier: plan.tier,
    account: plan.environment.account,
    environment: plan.environment.name,
    ...(plan.scenario === undefined ? {} : { scenario: plan.scenario }),
    permissionSet: plan.rule.permissionSet,
    groupId,
    minutes: plan.minutes,
    ...(plan.ticket === undefined ? {} : { ticket: plan.ticket }),
    reason: plan.reason,
    requester,
    createdAt: isoSeconds(now),
    ...(plan.extends === undefined ? {} : { extends: plan.extends }),
    ...(plan.change === undefined ? {} : { change: plan.change }),
  };
  const bytes = encodeRequest(request);
  await recordStep(parts, {
    type: 'breakglass.requested',
    id,
    person: requester.userName,
    tier: plan.tier,
    environment: request.environment,
    scenario: plan.scenario,
    minutes: plan.minutes,
    ticket: plan.ticket,
    reason: plan.reason,
    extends: plan.extends,
    change: plan.change?.sha256,
  });
  await writeDocument(caller, requestKey(requester.userId, id), bytes);
  return request;
}

/** Throws failed NO_SUCH_GROUP. */
export async function groupIdOf(caller: AccessCaller, groupName: string): Promise<string> {
  const found = await findGroupByName(caller, groupName);
  if (found !== undefined) return found;
  throw new ForgeError('failed', `Identity Center has no group ${groupName}.`, {
    code: 'NO_SUCH_GROUP',
    hint: 'An administrator has to make it, or to correct its name: forge config show',
  });
}
