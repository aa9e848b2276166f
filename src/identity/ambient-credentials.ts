import type { RoleStep } from '../config/config.ts';
import type { CredentialCache } from './credential-cache.ts';
import { findEnvironmentVariableCredentials } from './environment-variable-credentials.ts';
import type { IdentityParts } from './identity-parts.ts';
import type { MfaCodes } from './mfa-code.ts';
import type { RoleCredentials } from './role-credentials.ts';

export interface AmbientRequest {
  /** --profile: wins over everything. */
  readonly profile: string | undefined;
  readonly region: string;
  readonly mfa: MfaCodes;
  /** Undefined: keys of this account, or of one that these roles lead to, must not be kept. */
  cache(
    account: string | undefined,
    roles: readonly Pick<RoleStep, 'roleArn'>[],
  ): Promise<CredentialCache | undefined>;
}

/**
 * Keys from where AWS tools look for them. The AWS CLI and the SDK for JavaScript disagree when both keys and
 * AWS_PROFILE are set: forge does as the CLI does and says so. Instance metadata is asked only when a profile
 * names it: on a laptop that look-up is seconds of waiting for nothing.
 */
export async function ambientCredentials(
  parts: IdentityParts,
  request: AmbientRequest,
): Promise<RoleCredentials> {
  const { env } = parts.host;
  const named = env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE;
  if (request.profile === undefined) {
    const found = findEnvironmentVariableCredentials(parts.host);
    if (found !== undefined) {
      if (named) {
        parts.output.note(
          `Using the keys in the environment variables; AWS_PROFILE (${named}) is ignored. --profile ${named} would use it.`,
        );
      }
      return found;
    }
  }
  const { profileCredentials } = await import('./profile-credentials.ts');
  return profileCredentials(parts, { ...request, profile: request.profile ?? (named || undefined) });
}
