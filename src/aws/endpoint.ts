import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';

/** The services forge calls, in the spelling of `AWS_ENDPOINT_URL_<SERVICE>`. */
export type AwsService =
  | 'sso_oidc'
  | 'sso'
  | 'sts'
  | 'rds'
  | 'ssm'
  | 'eks'
  | 'ec2'
  | 'kms'
  | 's3'
  | 'identitystore'
  | 'cloudtrail'
  | 'iam'
  | 'sfn';

/** What a profile of ~/.aws/config says of endpoints, as it stands there. */
export interface ProfileEndpoints {
  /** For errors: `profile dev in …/config`. */
  readonly source: string;
  /** `ignore_configured_endpoint_urls`: nobody's overrides count, whoever wrote them. */
  readonly ignore: string | undefined;
  /** `endpoint_url` of the profile. */
  readonly general: string | undefined;
  /** `[services]` that the profile names: `sts.endpoint_url` → address. */
  readonly services: ReadonlyMap<string, string>;
}

/**
 * Where a service of a region is reached: an override of the environment or else of the profile, each for the
 * service before the one for all (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html); else
 * AWS's own name for it. Kept here, and given to every SDK client, so that a plan, an error and a call can't mean
 * different hosts; test/aws/endpoint.test.ts compares it with the SDK's own choice.
 */
export function resolveEndpoint(
  env: Environment,
  service: AwsService,
  region: string,
  profile?: ProfileEndpoints,
): string {
  return findOverride(env, service, profile) ?? regionalEndpoint(env, service, region);
}

/** Dots are kept out: the name becomes a part of a host name. */
export function isRegionName(text: string): boolean {
  return /^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/.test(text);
}

function findOverride(
  env: Environment,
  service: AwsService,
  profile: ProfileEndpoints | undefined,
): string | undefined {
  const ignore = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS || profile?.ignore;
  if (ignore?.toLowerCase() === 'true') return undefined;
  const own = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  if (env[own]) return checkOverride(env[own], own);
  if (env.AWS_ENDPOINT_URL) return checkOverride(env.AWS_ENDPOINT_URL, 'AWS_ENDPOINT_URL');
  const text = profile?.services.get(`${service}.endpoint_url`) || profile?.general;
  return text ? checkOverride(text, `endpoint_url of ${profile?.source}`) : undefined;
}

/** `name`: who says so. */
function checkOverride(text: string, name: string): string {
  const unusable = (why: string) =>
    new ForgeError('usage', `${name} ${why}.`, {
      code: 'UNSAFE_ENDPOINT',
      hint: 'Take it away, or give it an https:// address.',
    });
  const url = parseUrl(text);
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw unusable('is not an http or https address');
  }
  if (url.username !== '' || url.password !== '') throw unusable('must not hold a user or password');
  // Access tokens travel in headers: in the clear they may go to this machine and nowhere else.
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw unusable(`would send credentials to ${url.host} unencrypted`);
  }
  return url.href.replace(/\/$/, '');
}

/** Literal loopback addresses, and the one name that systems promise to keep there (RFC 6761). */
export function isLoopback(host: string): boolean {
  return /^127(?:\.\d{1,3}){3}$/.test(host) || host === '[::1]' || host === '::1' || host === 'localhost';
}

/** What the names of AWS's own endpoints in a region end in. */
export function awsSuffixes(region: string): readonly string[] {
  const { suffix, dualStackSuffix } = partitionOf(region);
  return [suffix, dualStackSuffix];
}

const hostPrefixes: Readonly<Record<AwsService, string>> = {
  sso_oidc: 'oidc',
  sso: 'portal.sso',
  sts: 'sts',
  rds: 'rds',
  ssm: 'ssm',
  eks: 'eks',
  ec2: 'ec2',
  kms: 'kms',
  s3: 's3',
  identitystore: 'identitystore',
  cloudtrail: 'cloudtrail',
  iam: 'iam',
  sfn: 'states',
};

function regionalEndpoint(env: Environment, service: AwsService, region: string): string {
  if (!isRegionName(region)) {
    throw new ForgeError('usage', `"${region}" is not the name of an AWS region.`, {
      code: 'UNKNOWN_REGION',
      hint: 'Regions look like us-east-1.',
    });
  }
  const { suffix, dualStackSuffix } = partitionOf(region);
  // IAM has one address for all regions of a partition.
  if (service === 'iam' && suffix === 'amazonaws.com') return `https://iam.${suffix}`;
  const dualStack = env.AWS_USE_DUALSTACK_ENDPOINT?.toLowerCase() === 'true';
  const wantsFips = env.AWS_USE_FIPS_ENDPOINT?.toLowerCase() === 'true';
  // GovCloud's ordinary endpoints are FIPS endpoints, under their ordinary names.
  const fips = wantsFips && (dualStack || !region.startsWith('us-gov-')) ? '-fips' : '';
  return `https://${hostPrefixes[service]}${fips}.${region}.${dualStack ? dualStackSuffix : suffix}`;
}

function partitionOf(region: string): { suffix: string; dualStackSuffix: string } {
  if (region.startsWith('cn-')) {
    return { suffix: 'amazonaws.com.cn', dualStackSuffix: 'api.amazonwebservices.com.cn' };
  }
  if (region.startsWith('eusc-'))
    return { suffix: 'amazonaws.eu', dualStackSuffix: 'api.amazonwebservices.eu' };
  return { suffix: 'amazonaws.com', dualStackSuffix: 'api.aws' };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
