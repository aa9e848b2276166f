import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { permissionSetCredentials } from '../../identity/permission-set-credentials.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import { ssoTokenOrSignIn } from '../../identity/sso-token-or-sign-in.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { pause } from '../pause.ts';
import { shortId } from '../protocol/ids.ts';
import type { AccessRequest } from '../protocol/request.ts';
import { approveLine, resumeLine } from '../request/request-facts.ts';

/** So long Identity Center may take to let a new member in; then something is amiss, and is said. */
const usualMs = 90_000;
const lookEveryMs = 2_000;

/** Keys of what was granted: new ones at each call. */
export async function grantedCredentials(
  parts: IdentityParts,
  { signIn, config, region }: BreakGlassPlace,
  request: AccessRequest,
): Promise<RoleCredentials> {
  const token = await ssoTokenOrSignIn(parts, signIn);
  return permissionSetCredentials(parts, token, {
    signIn,
    account: request.account,
    permissionSet: request.permissionSet,
    region: config.environments.get(request.environment)?.region ?? region,
    deniedHint: `What became of it: forge breakglass show ${shortId(request.id)}`,
  });
}

/**
 * The approval is a document first and a membership a moment later; and Identity Center takes some seconds to see
 * that. Throws time-up ROLE_NOT_USABLE when it stays away.
 */
export async function waitForRole(
  parts: IdentityParts,
  place: BreakGlassPlace,
  request: AccessRequest,
): Promise<RoleCredentials> {
  const { host, output } = parts;
  const started = host.monotonic();
  using progress = output.progress(
    `Approved. Waiting for ${request.permissionSet} in ${request.environment}`,
  );
  for (;;) {
    try {
      return await grantedCredentials(parts, place, request);
    } catch (error) {
      const passing =
        error instanceof ForgeError && (error.code === 'ACCESS_DENIED' || error.kind === 'unreachable');
      if (!passing) throw error;
      const waited = host.monotonic() - started;
      if (waited > usualMs) throw notUsable(request, waited, error);
      progress.update(
        `Approved. Waiting for ${request.permissionSet} in ${request.environment}, ${durationText(waited)}`,
      );
      await pause(host, lookEveryMs);
    }
  }
}

function notUsable(request: AccessRequest, waited: number, cause: unknown): ForgeError {
  const id = shortId(request.id);
  return new ForgeError(
    'time-up',
    `${id} is approved, but ${request.permissionSet} can't be used after ${durationText(waited)}.`,
    {
      code: 'ROLE_NOT_USABLE',
      hint: `The approver's last step may be missing; it is repeated with: ${approveLine(request.id)}\nThen: ${resumeLine(request.id)}`,
      cause,
    },
  );
}
