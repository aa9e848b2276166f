import type { Environment } from '../host.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import type { RoleCredentials } from './role-credentials.ts';

/**
 * Variables that would make an AWS tool take other keys than those it is given, or that speak of other keys: all
 * are unset where forge sets some. https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export const conflictingVariables = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_SECURITY_TOKEN',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_ACCOUNT_ID',
] as const;

/** Variables that forge sets; those without a value are unset. */
export const ownVariables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'FORGE_ENV',
] as const;

export type AwsVariables = Readonly<Record<(typeof ownVariables)[number], string | undefined>>;

export interface AwsVariablesFor {
  readonly credentials: RoleCredentials;
  readonly region: string;
  /** Name of the environment: nested forge commands mean it too. */
  readonly environment: string | undefined;
}

/** Old tools (AWS CLI v1) read AWS_DEFAULT_REGION, new ones AWS_REGION. */
export function awsVariables({ credentials, region, environment }: AwsVariablesFor): AwsVariables {
  const { expiration } = credentials;
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey.reveal(),
    AWS_SESSION_TOKEN: credentials.sessionToken?.reveal(),
    AWS_CREDENTIAL_EXPIRATION: expiration === undefined ? undefined : isoSeconds(expiration),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    FORGE_ENV: environment,
  };
}

/** The environment of a child that shall use these keys and no others; an MFA code is nobody else's business. */
export function childEnvironment(env: Environment, keys: AwsVariablesFor): Environment {
  const removed = new Set<string>([...conflictingVariables, ...ownVariables, 'FORGE_MFA_CODE']);
  const kept = Object.entries(env).filter(([name]) => !removed.has(name.toUpperCase()));
  const set = Object.entries(awsVariables(keys)).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...kept, ...set]);
}
