import { join } from 'node:path';
import { readTextFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import type { SignIn } from './config.ts';

/** ~/.aws/config as the AWS CLI and the SDKs read it: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
export interface AwsConfigFile {
  readonly path: string;
  readonly profiles: ReadonlyMap<string, AwsConfigSection>;
  readonly ssoSessions: ReadonlyMap<string, AwsConfigSection>;
}

export type AwsConfigSection = ReadonlyMap<string, string>;

/** An empty one when there is no file. */
export async function loadAwsConfigFile(host: Pick<Host, 'env' | 'directories'>): Promise<AwsConfigFile> {
  const path = host.env.AWS_CONFIG_FILE || join(host.directories.home, '.aws', 'config');
  return { path, ...parseAwsConfig((await readTextFile(path)) ?? '') };
}

/** Never fails: what it does not understand it leaves out, as the CLI and the SDKs do with foreign sections. */
export function parseAwsConfig(text: string): Omit<AwsConfigFile, 'path'> {
  const profiles = new Map<string, Map<string, string>>();
  const ssoSessions = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    // Indented lines belong to nested settings such as `s3 =`: none of them concerns forge.
    if (/^\s/.test(line)) continue;
    const plain = line.split(/(?:^|\s)[;#]/)[0]?.trim() ?? '';
    const header = /^\[\s*(?:(\S+)\s+)?(.+?)\s*\]$/.exec(plain);
    if (header !== null) {
      const [, kind, quoted = ''] = header;
      const name = quoted.replace(/^(["'])(.*)\1$/, '$2');
      const group = kind === 'sso-session' ? ssoSessions : isProfile(kind, name) ? profiles : undefined;
      section = group && (group.get(name) ?? new Map<string, string>());
      if (group !== undefined && section !== undefined) group.set(name, section);
      continue;
    }
    const equals = plain.indexOf('=');
    if (equals > 0) section?.set(plain.slice(0, equals).trim().toLowerCase(), plain.slice(equals + 1).trim());
  }
  return { profiles, ssoSessions };
}

function isProfile(kind: string | undefined, name: string): boolean {
  return kind === 'profile' || (kind === undefined && name === 'default');
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
