import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAwsConfigFile } from '../../config/aws-config-file.ts';
import type { PrivateSocket } from '../../files/private-socket.ts';
import type { Environment, Host } from '../../host.ts';
import { conflictingVariables, ownVariables } from '../../identity/aws-variables.ts';
import type { ActiveGrant } from './active-grant.ts';
import type { CredentialServer } from './credential-server.ts';
import { keyVariable, socketVariable } from './socket-variable.ts';

/** Names under which other tools have known keys, and the ways round this session that only it need close. */
const moreSources = [
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_CREDENTIAL_FILE',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_VAULT',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'BOTO_CONFIG',
  'FORGE_MFA_CODE',
] as const;

/**
 * Settings of the person's profile that say how AWS is reached and shown, and nothing of who one is: those hold in the
 * session too. https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
const harmlessSettings = [
  'ca_bundle',
  'output',
  'cli_pager',
  'cli_auto_prompt',
  'cli_timestamp_format',
  'retry_mode',
  'max_attempts',
  'use_dualstack_endpoint',
  'use_fips_endpoint',
  'sts_regional_endpoints',
  'endpoint_url',
] as const;

export interface SessionVariables {
  /** Say nothing secret, and may be set again where a start-up file changed them. */
  readonly open: Readonly<Record<string, string>>;
  /** The token and the key. */
  readonly secret: Readonly<Record<string, string>>;
  /** To be unset, also after start-up files. */
  readonly removed: readonly string[];
}

/**
 * What leads every AWS tool to this session and to nothing else. The files of ~/.aws come before it in the order of
 * the SDKs, so that others, with nothing of an identity in them, stand in for them; they are written into `folder`.
 */
export async function sessionVariables(
  host: Pick<Host, 'env' | 'directories'>,
  folder: string,
  grant: ActiveGrant,
  servers: { readonly credentials: CredentialServer; readonly session: PrivateSocket },
): Promise<SessionVariables> {
  const config = join(folder, 'aws-config');
  const none = join(folder, 'aws-credentials');
  await writeFile(config, await harmlessConfig(host, grant.region), { mode: 0o600 });
  await writeFile(none, '', { mode: 0o600 });
  const open = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: servers.credentials.url,
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: none,
    // boto's own files come before the container's credentials in botocore.
    BOTO_CONFIG: none,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: grant.region,
    AWS_DEFAULT_REGION: grant.region,
    FORGE_ENV: grant.environment,
    [socketVariable]: servers.session.path,
  };
  const secret = {
    AWS_CONTAINER_AUTHORIZATION_TOKEN: servers.credentials.token.reveal(),
    [keyVariable]: servers.session.key.reveal(),
  };
  const set = new Set([...Object.keys(open), ...Object.keys(secret)]);
  const removed = [...conflictingVariables, ...ownVariables, ...moreSources].filter((name) => !set.has(name));
  return { open, secret, removed };
}

/** Names are compared without case: on Windows they are the same. */
export function sessionEnvironment(env: Environment, variables: SessionVariables): Environment {
  const { open, secret, removed } = variables;
  const gone = new Set([...removed, ...Object.keys(open), ...Object.keys(secret)]);
  const kept = Object.entries(env).filter(([name]) => !gone.has(name.toUpperCase()));
  return Object.fromEntries([...kept, ...Object.entries(open), ...Object.entries(secret)]);
}

async function harmlessConfig(host: Pick<Host, 'env' | 'directories'>, region: string): Promise<string> {
  const { profiles } = await loadAwsConfigFile(host);
  const profile = profiles.get(host.env.AWS_PROFILE || 'default');
  const lines = harmlessSettings.flatMap((name) => {
    const value = profile?.get(name);
    return value === undefined ? [] : [`${name} = ${value}`];
  });
  return `${['[default]', `region = ${region}`, ...lines].join('\n')}\n`;
}
