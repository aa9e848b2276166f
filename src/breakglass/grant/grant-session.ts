import { findMembership } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import type { Output } from '../../terminal/output.ts';
import { refusingPrompt } from '../../terminal/refusing-prompt.ts';
import { type AccessAccount, requesterAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { deliverMeanwhile } from '../evidence/deliver-meanwhile.ts';
import { openEvidence } from '../evidence/evidence-state.ts';
import { findKill } from '../intake.ts';
import type { RequestId } from '../protocol/ids.ts';
import type { AccessRequest } from '../protocol/request.ts';
import { recordOutcome, recordStep } from '../record-step.ts';
import { findProlonging } from '../request/find-prolonging.ts';
import type { LoadedRequest } from '../request/load-request.ts';
import { stopText } from '../request/request-facts.ts';
import type { ActiveGrant } from '../session/active-grant.ts';
import { runSession, type SessionEnd } from '../session/run-session.ts';
import { closeShells } from './close-shells.ts';
import { safeAfterRecentEnd } from './recent-end.ts';
import { grantedCredentials, waitForRole } from './wait-for-role.ts';
import { watchKill } from './watch-kill.ts';

export interface SessionParts extends IdentityParts {
  readonly output: Output;
}

/**
 * A shell, or a program, with the access that was granted, until it ends; where that is prolonged, until then. `stands`: the
 * grant
 * goes on when its program has ended.
 */
export async function runGrantSession(
  parts: SessionParts,
  place: BreakGlassPlace,
  loaded: LoadedRequest,
  command: readonly string[] | undefined,
  { stands = false }: { readonly stands?: boolean } = {},
): Promise<SessionEnd> {
  const { request, state, id } = loaded;
  await waitForRole(parts, place, request);
  const aws = await parts.aws();
  const grant: ActiveGrant = {
    id,
    tier: sessionTier(request.tier),
    environment: request.environment,
    region: place.config.environments.get(request.environment)?.region ?? place.region,
    reason: request.reason,
    // What AWS's clock says, by this machine's.
    endsAt: (state.endsAt ?? 0) - aws.clockSkew(),
  };
  // The terminal belongs to the shell: nothing is asked there.
  const silent = { ...parts, prompt: refusingPrompt };
  const account = requesterAccount(silent, place);
  const prolonging = findProlonging(place, account, loaded);
  await openEvidence(parts.host, place, request.requester.userId, id);
  const renewAt = safeAfterRecentEnd(parts.host);
  await recordStep(parts, { type: 'breakglass.session.opened', id, environment: request.environment });
  await using _delivery = deliverMeanwhile(silent, place);
  const end = await runSession(parts, {
    grant,
    command,
    renewAt,
    source: async () => recorded(parts, id, await grantedCredentials(silent, place, request)),
    revoked: () => findRevocation(account, request, id),
    killed: watchKill(parts.host, account, id),
    async later() {
      const ends = (await prolonging.find()).map((other) => other.state.endsAt ?? 0);
      // Both by AWS's clock.
      return grant.endsAt + Math.max(0, ...ends.map((endsAt) => endsAt - (state.endsAt ?? endsAt)));
    },
    // What stands may be in use on another machine, under the same name at AWS.
    close: async (keys, ending) =>
      stands && ending.why === 'finished' ? [] : closeShells(parts, grant, keys, ending),
  });
  await recordOutcome(parts, {
    type: 'breakglass.session.closed',
    id,
    why: end.ending.why,
    exitCode: end.exitCode,
  });
  return end;
}

/** No keys without a record of whose they are: it is how what AWS has seen is found again. */
async function recorded(parts: SessionParts, id: RequestId, keys: RoleCredentials): Promise<RoleCredentials> {
  await recordStep(parts, {
    type: 'breakglass.credentials',
    id,
    caller: keys.callerArn ?? keys.source,
    keyId: keys.accessKeyId,
    expiresAt: new Date(keys.expiration ?? 0).toISOString(),
  });
  return keys;
}

/** Why, in words: whoever stopped it is named, for the one thrown out has to know whom to call. */
async function findRevocation(
  account: AccessAccount,
  request: AccessRequest,
  id: RequestId,
): Promise<string | undefined> {
  const caller = await account();
  const member = { groupId: request.groupId, userId: request.requester.userId };
  if ((await findMembership(caller, member)) !== undefined) return undefined;
  // Out of the group is what counts; a failure to read by whom must not hide it.
  const killed = await findKill(caller, id).catch(() => undefined);
  return killed === undefined ? 'you are no longer in its group' : `by ${stopText(killed)}`;
}

/** Tiers beyond 3 are nobody's: a request of one is not granted. */
export function sessionTier(tier: number): ActiveGrant['tier'] {
  if (tier === 0 || tier === 1 || tier === 2 || tier === 3) return tier;
  throw new ForgeError('usage', `Tier ${tier} has no sessions.`, {
    code: 'UNKNOWN_TIER',
    hint: 'Tiers are 0 to 3: forge config show',
  });
}
