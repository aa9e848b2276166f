import { type AwsConfigFile, loadAwsConfigFile } from '../config/aws-config-file.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { ProfileEndpoints } from './endpoint.ts';

type FileHost = Pick<Host, 'env' | 'directories'>;

/** Endpoints that the active profile states: that of --profile, AWS_PROFILE, or `default`. Undefined without one. */
export async function loadProfileEndpoints(
  host: FileHost,
  profile: string | undefined,
  debug: (text: string) => void,
): Promise<ProfileEndpoints | undefined> {
  const { env } = host;
  const name = profile ?? (env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || 'default');
  const file = await loadFile(host, debug);
  const section = file?.profiles.get(name);
  if (file === undefined || section === undefined) return undefined;
  const source = `profile ${name} in ${file.path}`;
  const services = section.get('services');
  // The SDK goes to AWS then; the AWS CLI refuses, and whoever wrote `services` did not mean AWS.
  if (services && !file.services.has(services)) {
    throw new ForgeError('usage', `There is no [services ${services}], which ${source} names.`, {
      code: 'UNKNOWN_SERVICES',
      hint: `Add it to ${file.path}, or correct the profile.`,
    });
  }
  return {
    source,
    ignore: section.get('ignore_configured_endpoint_urls'),
    general: section.get('endpoint_url'),
    services: file.services.get(services ?? '') ?? new Map(),
  };
}

/** One that can't be read counts as none, as it does for the AWS CLI: who needs it for keys is told there. */
async function loadFile(host: FileHost, debug: (text: string) => void): Promise<AwsConfigFile | undefined> {
  try {
    return await loadAwsConfigFile(host);
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    debug(`no endpoints of a profile: ${error.message}`);
    return undefined;
  }
}
