import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Policy, parsePolicy, policyFile } from '../breakglass/protocol/policy.ts';
import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';
import type { SigningKeys } from '../lib/sigv4.ts';

/** What a handler is told by its function's archive and environment variables. */
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
 * policy.json of the archive; FORGE_INTAKE, FORGE_ARCHIVE, FORGE_STATE_MACHINE, FORGE_REGIONS (`us-east-1,eu-west-1`; default: the
 * policy's), and the keys that Lambda puts there. Throws INVALID_ENVIRONMENT, saying which.
 */
export function readEnvironment(env: Environment): HandlerEnvironment {
  const policy = readPolicy(required(env, 'LAMBDA_TASK_ROOT'));
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

/** `folder`: where Lambda unpacked the archive. */
function readPolicy(folder: string): Policy {
  const path = join(folder, policyFile);
  let json: string;
  try {
    json = readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`${path} can't be read`, cause);
  }
  const parsed = parsePolicy(json);
  if (!parsed.ok) throw invalid(`${path} can't be used: ${parsed.problem}`);
  return parsed.value;
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw invalid(`${name} is not set`);
  return value;
}

const invalid = (problem: string, cause?: unknown): ForgeError =>
  new ForgeError('usage', `${problem}.`, { code: 'INVALID_ENVIRONMENT', cause });
