import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';
import type { SigningKeys } from '../lib/sigv4.ts';

/** What a handler is told by its function's environment variables. */
export interface HandlerEnvironment {
  /** Where the function runs: the home region. */
  readonly region: string;
  readonly keys: SigningKeys;
  /** Names of the buckets. */
  readonly intake: string;
  readonly archive: string;
  readonly configuration: string;
  /** `policy/<sha256>.json` */
  readonly policyKey: string;
  readonly stateMachineArn: string;
  /** Regions in which shells can be open. The home region is one. */
  readonly regions: readonly string[];
}

/**
 * FORGE_INTAKE, FORGE_ARCHIVE, FORGE_POLICY_BUCKET, FORGE_POLICY (a key there), FORGE_STATE_MACHINE, FORGE_REGIONS
 * (`us-east-1,eu-west-1`; default: the function's), and the region and keys that Lambda puts there. Throws INVALID_ENVIRONMENT, saying which.
 */
export function readEnvironment(env: Environment): HandlerEnvironment {
  const region = required(env, 'AWS_REGION');
  const regions = (env.FORGE_REGIONS ?? '').split(',').map((entry) => entry.trim());
  return {
    region,
    keys: {
      accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: env.AWS_SESSION_TOKEN,
    },
    intake: required(env, 'FORGE_INTAKE'),
    archive: required(env, 'FORGE_ARCHIVE'),
    configuration: required(env, 'FORGE_POLICY_BUCKET'),
    policyKey: required(env, 'FORGE_POLICY'),
    stateMachineArn: required(env, 'FORGE_STATE_MACHINE'),
    regions: [...new Set([region, ...regions.filter((entry) => entry !== '')])],
  };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new ForgeError('usage', `${name} is not set.`, { code: 'INVALID_ENVIRONMENT' });
  return value;
}
