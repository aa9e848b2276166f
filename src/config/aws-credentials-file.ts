import { join } from 'node:path';
import { readTextFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import type { AwsConfigSection } from './aws-config-file.ts';
import { parseAwsIni } from './aws-ini.ts';

type AwsCredentialsHost = Pick<Host, 'env' | 'directories'>;

export function awsCredentialsPath(host: AwsCredentialsHost): string {
  return host.env.AWS_SHARED_CREDENTIALS_FILE || join(host.directories.home, '.aws', 'credentials');
}

/** Profiles of ~/.aws/credentials, whose sections are bare names; empty when there is no file. Later keys win. */
export async function loadAwsCredentialsFile(
  host: AwsCredentialsHost,
): Promise<ReadonlyMap<string, AwsConfigSection>> {
  const profiles = new Map<string, Map<string, string>>();
  for (const section of parseAwsIni((await readTextFile(awsCredentialsPath(host))) ?? '')) {
    const name = section.kind === undefined ? section.name : `${section.kind} ${section.name}`;
    profiles.set(name, new Map([...(profiles.get(name) ?? []), ...section.settings]));
  }
  return profiles;
}
