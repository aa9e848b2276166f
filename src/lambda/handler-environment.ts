import { type Policy, parsePolicy } from '../breakglass/protocol/policy.ts';
import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';
import type { SigningKeys } from '../lib/sigv4.ts';

/** What a handler is told by its function's environment variables. */
export interface HandlerEnvironment {
  readonly policy: Policy;
  readonly keys: SigningKeys;
  /** Names of the buckets. */
  readonly intake: string;
  readonly archive: string;
  readonly stateMachineArn: string;
  /** Regions in which shells can be open. The home region is one. */
  readonly regions: readonly string[];
}

/**
 * FORGE_POLICY (JSON), FORGE_INTAKE, FORGE_ARCHIVE, FORGE_STATE_MACHINE, FORGE_REGIONS (`us-east-1,eu-west-1`; default: the
 * policy's), and the keys that Lambda puts there. Throws INVALID_ENVIRONMENT, saying which.
 */
export function readEnvironment(env: Environment): HandlerEnvironment {
  const parsed = parsePolicy(required(env, 'FORGE_POLICY'));
  if (!parsed.ok) throw invalid(`FORGE_POLICY can't be used: ${parsed.problem}`);
  const policy = parsed.value;
  const regions = (env.FORGE_REGIONS ?? '').split(',').map((region) => region.trim());
  return {
    policy,
    keys: {
      accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: env.AWS_SESSION_TOKEN,
    },
    intake: required(env, 'FORGE_INTAKE'),
    archive: required(env, 'FORGE_ARCHIVE'),
    stateMachineArn: required(env, 'FORGE_STATE_MACHINE'),
    regions: [...new Set([policy.region, ...regions.filter((region) => region !== '')])],
  };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw invalid(`${name} is not set`);
  return value;
}

const invalid = (problem: string): ForgeError =>
  new ForgeError('usage', `${problem}.`, { code: 'INVALID_ENVIRONMENT' });
