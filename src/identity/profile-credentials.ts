import type { ProviderFiles, SdkProvider } from '../aws/profile-credentials.ts';
import { awsConfigPath, loadAwsConfigFile } from '../config/aws-config-file.ts';
import { awsCredentialsPath, loadAwsCredentialsFile } from '../config/aws-credentials-file.ts';
import { ForgeError } from '../errors.ts';
import { Secret } from '../lib/secret.ts';
import type { AmbientRequest } from './ambient-credentials.ts';
import { type ProfilePlan, type ProfileStart, planProfile } from './aws-profile.ts';
import { findEnvironmentVariableCredentials } from './environment-variable-credentials.ts';
import type { IdentityParts } from './identity-parts.ts';
import { toSessionName } from './person.ts';
import type { RoleCredentials } from './role-credentials.ts';

/** Keys of a profile in ~/.aws; without a name those of `default`, or what the container or CI system gives. */
export async function profileCredentials(
  parts: IdentityParts,
  request: AmbientRequest,
): Promise<RoleCredentials> {
  const { host } = parts;
  const config = await loadAwsConfigFile(host);
  const files = { ...config, credentials: await loadAwsCredentialsFile(host) };
  const name = request.profile ?? 'default';
  const exists = files.profiles.has(name) || files.credentials.has(name);
  if (request.profile === undefined && !exists) return withoutProfile(parts, request);
  const plan = planProfile(files, name);
  const first = await startingKeys(parts, request, plan);
  return plan.roles.length === 0 ? first : assumeProfileRoles(parts, request, plan, first);
}

async function assumeProfileRoles(
  parts: IdentityParts,
  { region, mfa, cache }: AmbientRequest,
  plan: ProfilePlan,
  first: RoleCredentials,
): Promise<RoleCredentials> {
  const { assumeChain } = await import('./role-chain.ts');
  const assume = async () => {
    let current = first;
    for (const { sessionName, ...step } of plan.roles) {
      const options = { region, mfa, strict: false, sessionName, nameSource: false };
      current = await assumeChain(parts, current, [step], options);
    }
    return { ...current, source: `profile ${plan.name}` };
  };
  const key = ['profile', first.accessKeyId, region, JSON.stringify(plan.roles)];
  const kept = await cache(first.account, plan.roles);
  if (kept === undefined) return assume();
  return kept.credentials(key, assume, { alone: plan.roles.every((role) => !role.mfaSerial) });
}

async function startingKeys(
  parts: IdentityParts,
  request: AmbientRequest,
  plan: ProfilePlan,
): Promise<RoleCredentials> {
  const { start } = plan;
  const source = `profile ${plan.name}`;
  switch (start.kind) {
    case 'keys':
      return {
        accessKeyId: start.accessKeyId,
        secretAccessKey: new Secret(start.secretAccessKey),
        sessionToken: start.sessionToken === undefined ? undefined : new Secret(start.sessionToken),
        expiration: undefined,
        source,
        account: undefined,
        callerArn: undefined,
      };
    case 'permission-set': {
      const { heldPermissionSetCredentials } = await import('./permission-set-credentials.ts');
      const cache = await request.cache(start.account, []);
      const found = await heldPermissionSetCredentials(
        parts,
        { ...start, permissionSets: [start.permissionSet], region: request.region },
        cache,
      );
      return { ...found, source };
    }
    case 'environment': {
      const found = findEnvironmentVariableCredentials(parts.host);
      if (found !== undefined) return found;
      throw new ForgeError(
        'signed-out',
        `The AWS profile ${plan.name} takes its keys from the environment variables, which hold none.`,
        {
          code: 'NO_CREDENTIALS',
          hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
        },
      );
    }
    default:
      return fromSdk(parts, request, sdkProvider(parts, start), source);
  }
}

type SdkStart = Exclude<ProfileStart, { kind: 'keys' | 'permission-set' | 'environment' }>;

function sdkProvider({ host }: IdentityParts, start: SdkStart): SdkProvider {
  if (start.kind !== 'web-identity') return start;
  return { ...start, sessionName: start.sessionName ?? toSessionName(host.userName) };
}

/** CI systems and containers say by variables where keys are; nothing else is tried. */
async function withoutProfile(parts: IdentityParts, request: AmbientRequest): Promise<RoleCredentials> {
  const { env, userName } = parts.host;
  const { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: roleArn } = env;
  if (tokenFile && roleArn) {
    const sessionName = env.AWS_ROLE_SESSION_NAME || toSessionName(userName);
    const provider = { kind: 'web-identity', tokenFile, roleArn, sessionName } as const;
    return fromSdk(parts, request, provider, 'web identity');
  }
  if (env.AWS_CONTAINER_CREDENTIALS_FULL_URI || env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI) {
    return fromSdk(parts, request, { kind: 'container' }, 'container');
  }
  throw new ForgeError('signed-out', 'There are no AWS credentials here.', {
    code: 'NO_CREDENTIALS',
    hint: 'Name an environment of forge.yaml and sign in (forge login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID.',
  });
}

async function fromSdk(
  parts: IdentityParts,
  { region }: AmbientRequest,
  provider: SdkProvider,
  source: string,
): Promise<RoleCredentials> {
  const { provideCredentials } = await import('../aws/profile-credentials.ts');
  const files: ProviderFiles = {
    config: awsConfigPath(parts.host),
    credentials: awsCredentialsPath(parts.host),
  };
  const provided = await provideCredentials(await parts.aws(), region, provider, files);
  return { ...provided, source, callerArn: undefined };
}
