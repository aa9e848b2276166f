import {
  type AwsConfigFile,
  findProfileSignIn,
  findSsoSession,
  loadAwsConfigFile,
} from '../config/aws-config-file.ts';
import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { nearest } from '../lib/nearest.ts';

/** Where the command line says to sign in. */
export interface SignInFlags {
  readonly startUrl: string | undefined;
  readonly ssoRegion: string | undefined;
  readonly session: string | undefined;
  readonly profile: string | undefined;
}

/** Name of the sign-in that `--start-url` makes without `--session`. */
export const defaultSession = 'forge';

type SignInHost = Pick<Host, 'env' | 'directories'>;

/**
 * Flags, then forge.yaml, then the profile of AWS_PROFILE, then the only [sso-session] of ~/.aws/config. Undefined
 * when none of them names a place.
 */
export async function findSignIn(
  host: SignInHost,
  flags: SignInFlags,
  configured: SignIn | undefined,
): Promise<SignIn | undefined> {
  const { startUrl, ssoRegion, session } = flags;
  if (startUrl !== undefined) return fromFlags(startUrl, ssoRegion, session, configured);
  if (ssoRegion !== undefined) {
    throw usage('--sso-region goes with --start-url.', 'Give both, or neither.');
  }
  if (session !== undefined) {
    if (configured?.session === session) return configured;
    return namedSession(await loadAwsConfigFile(host), session);
  }
  if (flags.profile === undefined && configured !== undefined) return configured;
  const file = await loadAwsConfigFile(host);
  if (flags.profile !== undefined) return namedProfile(file, flags.profile);
  const variable = host.env.AWS_PROFILE || host.env.AWS_DEFAULT_PROFILE;
  if (variable) return namedProfile(file, variable);
  return findProfileSignIn(file, 'default') ?? onlySession(file);
}

/** The same, for commands that can't go on without. */
export async function resolveSignIn(
  host: SignInHost,
  flags: SignInFlags,
  configured: SignIn | undefined,
): Promise<SignIn> {
  const found = await findSignIn(host, flags, configured);
  if (found !== undefined) return found;
  throw new ForgeError('usage', 'forge does not know where to sign in.', {
    code: 'NO_SIGN_IN',
    hint: 'Write it down once with forge config init, or give --start-url and --sso-region.',
  });
}

function fromFlags(
  startUrl: string,
  region: string | undefined,
  session: string | undefined,
  configured: SignIn | undefined,
): SignIn {
  if (!isStartUrl(startUrl)) {
    throw usage(`"${startUrl}" is not a start URL.`, 'It looks like https://d-1234567890.awsapps.com/start.');
  }
  if (region === undefined) {
    throw usage(
      '--start-url needs --sso-region.',
      'It is the region of IAM Identity Center itself, e.g. us-east-1.',
    );
  }
  return {
    startUrl,
    region,
    session: session ?? defaultSession,
    scopes: configured?.scopes ?? ['sso:account:access'],
  };
}

function isStartUrl(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text);
    return protocol === 'https:' && username === '' && password === '';
  } catch {
    return false;
  }
}

function namedSession(file: AwsConfigFile, name: string): SignIn {
  const found = findSsoSession(file, name);
  if (found !== undefined) return found;
  const near = nearest(name, file.ssoSessions.keys());
  const isThere = file.ssoSessions.has(name);
  throw usage(
    isThere
      ? `[sso-session ${name}] in ${file.path} lacks sso_start_url or sso_region.`
      : `There is no [sso-session ${name}] in ${file.path}.`,
    near === undefined || isThere
      ? 'Add it there, or give --start-url and --sso-region.'
      : `Did you mean: --session ${near}`,
  );
}

function namedProfile(file: AwsConfigFile, name: string): SignIn | undefined {
  const found = findProfileSignIn(file, name);
  if (found !== undefined) return found;
  if (file.profiles.has(name)) {
    throw usage(
      `Profile ${name} in ${file.path} does not sign in through IAM Identity Center.`,
      'Name one that does with --profile, or give --start-url and --sso-region.',
    );
  }
  const near = nearest(name, file.profiles.keys());
  throw usage(
    `There is no profile ${name} in ${file.path}.`,
    near === undefined ? 'See aws configure list-profiles.' : `Did you mean: --profile ${near}`,
  );
}

function onlySession(file: AwsConfigFile): SignIn | undefined {
  const names = [...file.ssoSessions.keys()];
  if (names.length > 1) {
    throw usage(
      `${file.path} has more than one sso-session: ${names.join(', ')}.`,
      'Choose one with --session.',
    );
  }
  return names[0] === undefined ? undefined : namedSession(file, names[0]);
}

function usage(message: string, hint: string): ForgeError {
  return new ForgeError('usage', message, { code: 'SIGN_IN_UNCLEAR', hint });
}
