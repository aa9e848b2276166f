import { join } from 'node:path';
import { readTextFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { type AwsConfigSection, parseAwsConfig } from './aws-config-file.ts';

/** Profiles of ~/.aws/credentials, whose sections are bare names; an empty map when there is no file. */
export async function loadAwsCredentialsFile(
  host: Pick<Host, 'env' | 'directories'>,
): Promise<ReadonlyMap<string, AwsConfigSection>> {
  const path = host.env.AWS_SHARED_CREDENTIALS_FILE || join(host.directories.home, '.aws', 'credentials');
  const text = (await readTextFile(path)) ?? '';
  // Otherwise the format is that of ~/.aws/config, where a section says `profile` before the name.
  return parseAwsConfig(text.replace(/^\[\s*(?!profile\s)(.+?)\s*\]/gm, '[profile $1]')).profiles;
}
