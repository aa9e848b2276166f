import { join } from 'node:path';
import { readTextFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { type AwsIniSection, parseAwsIni } from './aws-ini.ts';
import type { SignIn } from './config.ts';

/** ~/.aws/config as the AWS CLI and the SDKs read it. Keys are in lower case, nested ones `s3.addressing_style`. */
export interface AwsConfigFile {
  readonly path: string;
  readonly profiles: ReadonlyMap<string, AwsConfigSection>;
  readonly ssoSessions: ReadonlyMap<string, AwsConfigSection>;
  /** `[services name]`: keys such as `sts.endpoint_url`. */
  readonly services: ReadonlyMap<string, AwsConfigSection>;
}

export type AwsConfigSection = ReadonlyMap<string, string>;
type AwsConfigHost = Pick<Host, 'env' | 'directories'>;

export function awsConfigPath(host: AwsConfigHost): string {
  return host.env.AWS_CONFIG_FILE || join(host.directories.home, '.aws', 'config');
}

/** An empty one when there is no file. */
export async function loadAwsConfigFile(host: AwsConfigHost): Promise<AwsConfigFile> {
  const path = awsConfigPath(host);
  return { path, ...parseAwsConfig((await readTextFile(path)) ?? '') };
}

/** Never fails: what it does not understand it leaves out, as the CLI and the SDKs do with foreign sections. */
export function parseAwsConfig(text: string): Omit<AwsConfigFile, 'path'> {
  const sections = parseAwsIni(text);
  return {
    profiles: collect(
      sections,
      ({ kind, name }) => kind === 'profile' || (kind === undefined && name === 'default'),
    ),
    ssoSessions: collect(sections, ({ kind }) => kind === 'sso-session'),
    services: collect(sections, ({ kind }) => kind === 'services'),
  };
}

/** A section that occurs twice is one: the later setting wins. */
function collect(
  sections: readonly AwsIniSection[],
  wanted: (section: AwsIniSection) => boolean,
): ReadonlyMap<string, AwsConfigSection> {
  const found = new Map<string, AwsConfigSection>();
  for (const section of sections.filter(wanted)) {
    found.set(section.name, new Map([...(found.get(section.name) ?? []), ...section.settings]));
  }
  return found;
}

/** Without scopes of its own a sso-session asks for account access, or there would be no refresh token. */
const defaultScopes = ['sso:account:access'];

/** The `[sso-session]` of that name; undefined when there is none or it lacks start URL or region. */
export function findSsoSession(file: Omit<AwsConfigFile, 'path'>, name: string): SignIn | undefined {
  const section = file.ssoSessions.get(name);
  const startUrl = section?.get('sso_start_url');
  const region = section?.get('sso_region');
  if (!startUrl || !region) return undefined;
  const scopes = (section?.get('sso_registration_scopes') ?? '')
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '');
  return { startUrl, region, session: name, scopes: scopes.length > 0 ? scopes : defaultScopes };
}

/**
 * Where a profile signs in. Profiles from before sso-sessions hold the start URL themselves; the start URL is then
 * also the session, because it names their token cache file.
 */
export function findProfileSignIn(file: Omit<AwsConfigFile, 'path'>, profile: string): SignIn | undefined {
  const section = file.profiles.get(profile);
  const session = section?.get('sso_session');
  if (session) return findSsoSession(file, session);
  const startUrl = section?.get('sso_start_url');
  const region = section?.get('sso_region');
  return startUrl && region ? { startUrl, region, session: startUrl, scopes: [] } : undefined;
}
