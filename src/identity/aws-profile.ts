import type { SdkProvider } from '../aws/profile-credentials.ts';
import type { AwsConfigFile, AwsConfigSection } from '../config/aws-config-file.ts';
import { findProfileSignIn } from '../config/aws-config-file.ts';
import type { RoleStep, SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { nearest } from '../lib/nearest.ts';

/** How a profile of ~/.aws gets its keys: where they start, and the roles assumed from there. */
export interface ProfilePlan {
  readonly name: string;
  readonly start: ProfileStart;
  readonly roles: readonly ProfileRole[];
  readonly region: string | undefined;
}

export type ProfileStart =
  | {
      readonly kind: 'keys';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string | undefined;
    }
  | {
      readonly kind: 'permission-set';
      readonly signIn: SignIn;
      readonly account: string;
      readonly permissionSet: string;
    }
  | { readonly kind: 'environment' }
  | Exclude<SdkProvider, WebIdentity>
  | (Omit<WebIdentity, 'sessionName'> & { readonly sessionName: string | undefined });

type WebIdentity = Extract<SdkProvider, { kind: 'web-identity' }>;

export interface ProfileRole extends RoleStep {
  /** role_session_name: a trust policy may insist on it. */
  readonly sessionName: string | undefined;
}

export type ProfileFiles = Omit<AwsConfigFile, 'path'> & {
  readonly credentials: ReadonlyMap<string, AwsConfigSection>;
};

/**
 * Pure: what the AWS CLI would do for the profile, in its order
 * (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html). Kind `usage` when the profile
 * is not there or lacks something.
 */
export function planProfile(files: ProfileFiles, name: string): ProfilePlan {
  const roles: ProfileRole[] = [];
  const visited: string[] = [];
  let current = name;
  for (;;) {
    const again = visited.includes(current);
    const setting = settingsOf(files, current, visited.at(-1));
    const roleArn = setting('role_arn');
    const source = setting('source_profile');
    // A profile may name itself: its own keys are then what the role is assumed with.
    if (roleArn === undefined || setting('web_identity_token_file') !== undefined || again) {
      if (again && visited.at(-1) !== current) throw circular([...visited, current]);
      return finish(startOf(files, current, setting));
    }
    visited.push(current);
    roles.unshift({
      roleArn,
      externalId: setting('external_id'),
      mfaSerial: setting('mfa_serial'),
      durationSeconds: duration(setting('duration_seconds'), current),
      sessionName: setting('role_session_name'),
    });
    const credentialSource = setting('credential_source');
    if (source === undefined) return finish(namedSource(credentialSource, current));
    current = source;
  }

  function finish(start: ProfileStart): ProfilePlan {
    return { name, start, roles, region: settingsOf(files, name, undefined)('region') };
  }
}

type Setting = (key: string) => string | undefined;

function settingsOf(files: ProfileFiles, name: string, referrer: string | undefined): Setting {
  const config = files.profiles.get(name);
  const credentials = files.credentials.get(name);
  if (config === undefined && credentials === undefined) throw unknownProfile(files, name, referrer);
  return (key) => credentials?.get(key) || config?.get(key) || undefined;
}

function startOf(files: ProfileFiles, profile: string, setting: Setting): ProfileStart {
  const tokenFile = setting('web_identity_token_file');
  const roleArn = setting('role_arn');
  if (tokenFile !== undefined && roleArn !== undefined) {
    return { kind: 'web-identity', tokenFile, roleArn, sessionName: setting('role_session_name') };
  }
  if (setting('sso_session') ?? setting('sso_start_url')) {
    const signIn = findProfileSignIn(files, profile);
    const account = setting('sso_account_id');
    const permissionSet = setting('sso_role_name');
    if (signIn === undefined || account === undefined || permissionSet === undefined) {
      throw incomplete(
        profile,
        'sso_session (with sso_start_url and sso_region), sso_account_id and sso_role_name',
      );
    }
    return { kind: 'permission-set', signIn, account, permissionSet };
  }
  const accessKeyId = setting('aws_access_key_id');
  const secretAccessKey = setting('aws_secret_access_key');
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { kind: 'keys', accessKeyId, secretAccessKey, sessionToken: setting('aws_session_token') };
  }
  if (setting('login_session') !== undefined) return { kind: 'login', profile };
  if (setting('credential_process') !== undefined) return { kind: 'process', profile };
  throw incomplete(profile, 'keys, sso_session, role_arn or credential_process');
}

function namedSource(source: string | undefined, profile: string): ProfileStart {
  switch (source) {
    case 'Environment':
      return { kind: 'environment' };
    case 'Ec2InstanceMetadata':
      return { kind: 'instance' };
    case 'EcsContainer':
      return { kind: 'container' };
    default:
      throw incomplete(
        profile,
        'source_profile, or credential_source (Environment, Ec2InstanceMetadata, EcsContainer)',
      );
  }
}

function duration(text: string | undefined, profile: string): number {
  if (text === undefined) return 3_600;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 900 && seconds <= 43_200) return seconds;
  throw new ForgeError('usage', `duration_seconds of the AWS profile ${profile} can't be "${text}".`, {
    code: 'INVALID_PROFILE',
    hint: 'It is 900 to 43200.',
  });
}

function incomplete(profile: string, needed: string): ForgeError {
  return new ForgeError('usage', `The AWS profile ${profile} does not say where its keys come from.`, {
    code: 'INCOMPLETE_PROFILE',
    hint: `It needs ${needed}.`,
  });
}

function circular(names: readonly string[]): ForgeError {
  return new ForgeError('usage', `AWS profiles name each other in a circle: ${names.join(' → ')}.`, {
    code: 'CIRCULAR_PROFILES',
    hint: 'Correct source_profile in ~/.aws/config.',
  });
}

function unknownProfile(files: ProfileFiles, name: string, referrer: string | undefined): ForgeError {
  const names = new Set([...files.profiles.keys(), ...files.credentials.keys()]);
  const near = nearest(name, names);
  const named = referrer === undefined ? '' : `, which ${referrer} names as its source_profile`;
  const known = names.size === 0 ? 'There are none.' : `There are: ${[...names].slice(0, 12).join(', ')}.`;
  return new ForgeError('usage', `There is no AWS profile "${name}"${named}.`, {
    code: 'UNKNOWN_PROFILE',
    hint: near === undefined ? known : `Did you mean ${near}?`,
  });
}
