import type { Config, Environment, RoleStep } from '../config/config.ts';
import { ambientCredentials } from './ambient-credentials.ts';
import { parseCallerArn } from './caller-arn.ts';
import type { IdentityParts } from './identity-parts.ts';
import { mfaCodes } from './mfa-code.ts';
import type { RoleCredentials } from './role-credentials.ts';

export interface CredentialsRequest {
  readonly config: Config;
  readonly environment: Environment | undefined;
  /** --profile: in place of the environment's permission set. */
  readonly profile: string | undefined;
  /** Where STS is asked; undefined: the environment's region, or AWS_REGION. */
  readonly region: string | undefined;
  /** Assumed after the environment's own chain. */
  readonly roles: readonly RoleStep[];
  /** --mfa-code. */
  readonly mfaCode?: string | undefined;
  /** Ask AWS even where the cache has an answer, and put the new one there. */
  readonly fresh?: boolean | undefined;
  /** Of a break-glass session: in place of the environment's permission set. */
  readonly granted?: (() => Promise<RoleCredentials>) | undefined;
}

/** Keys for an environment, or for whatever AWS variables and profiles say when there is none. */
export async function credentialsFor(
  parts: IdentityParts,
  request: CredentialsRequest,
): Promise<RoleCredentials> {
  const { environment } = request;
  const chain = [...(environment?.roleChain ?? []), ...request.roles];
  const region = stsRegion(parts, request);
  const mfa = mfaCodes(parts, request.mfaCode);
  const cache = async (account: string | undefined, roles: readonly Pick<RoleStep, 'roleArn'>[]) => {
    if (!mayCache(request, account, roles)) return undefined;
    const { openCredentialCache } = await import('./credential-cache.ts');
    return openCredentialCache(parts, request.config.credentialStore, { fresh: request.fresh === true });
  };
  const first = await firstCredentials();
  if (chain.length === 0) return first;
  const { assumeChain } = await import('./role-chain.ts');
  const options = {
    region,
    mfa,
    strict: environment?.production === true,
    deniedHint: chainDeniedHint(environment, first),
    nameSource: request.granted === undefined || !isEmergency(first),
  };
  const assume = () => assumeChain(parts, first, chain, options);
  const kept = await cache(first.account, chain);
  if (kept === undefined) return assume();
  const key = ['chain', first.accessKeyId, region, JSON.stringify(chain)];
  return kept.credentials(key, assume, { alone: chain.every((step) => !step.mfaSerial) });

  async function firstCredentials(): Promise<RoleCredentials> {
    if (request.granted !== undefined) return request.granted();
    const { signIn } = request.config;
    const permissionSet = environment?.permissionSet;
    if (request.profile !== undefined || environment === undefined || !signIn || !permissionSet) {
      return ambientCredentials(parts, { profile: request.profile, region, mfa, cache });
    }
    const { heldPermissionSetCredentials } = await import('./permission-set-credentials.ts');
    const { account, permissionSets } = environment;
    const others = permissionSets.filter((other) => other !== permissionSet);
    const wanted = { signIn, account, region, deniedHint: deniedHint(environment) };
    return heldPermissionSetCredentials(
      parts,
      { ...wanted, permissionSets: [permissionSet, ...others] },
      await cache(account, []),
    );
  }
}

/**
 * Of what break-glass gives, only a permission set carries no SourceIdentity yet. The roles of tier 0 and 3 are assumed with
 * one; it goes along, and STS refuses another.
 */
function isEmergency({ callerArn }: RoleCredentials): boolean {
  return callerArn !== undefined && parseCallerArn(callerArn)?.permissionSet === undefined;
}

/** STS of the environment's own region; every region's gives keys that work everywhere. */
export function stsRegion(
  parts: Pick<IdentityParts, 'host'>,
  request: Pick<CredentialsRequest, 'environment' | 'region'>,
): string {
  const { env } = parts.host;
  return (
    request.region ?? request.environment?.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1')
  );
}

/** Who gives access: AWS's own refusal does not say. */
export function deniedHint(environment: Environment | undefined): string | undefined {
  if (environment === undefined) return undefined;
  const { groups, name } = environment;
  const held = 'What you hold: forge whoami --all';
  if (groups.length === 0) return held;
  return `Access to ${name} comes with the group${groups.length === 1 ? '' : 's'} ${groups.join(', ')}. ${held}`;
}

/** Who already has what the group gives is not sent to the group again. */
function chainDeniedHint(environment: Environment | undefined, first: RoleCredentials): string | undefined {
  const held = first.callerArn === undefined ? undefined : parseCallerArn(first.callerArn)?.permissionSet;
  if (held === undefined || held !== environment?.permissionSet) return deniedHint(environment);
  return `Your access to ${environment.name}, by ${held}, does not include this role. What else you hold: forge whoami --all`;
}

/**
 * Keys of production are never written anywhere: not those of an environment that says so, and not those of its
 * account under another name.
 */
export function mayCache(
  request: Pick<CredentialsRequest, 'config' | 'environment'>,
  firstAccount: string | undefined,
  chain: readonly Pick<RoleStep, 'roleArn'>[],
): boolean {
  if (request.environment?.production === true) return false;
  const production = new Set<string | undefined>();
  for (const environment of request.config.environments.values()) {
    if (environment.production) production.add(environment.account);
  }
  return ![firstAccount, ...chain.map((step) => step.roleArn.split(':')[4])].some((account) =>
    production.has(account),
  );
}
