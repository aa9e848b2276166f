import type { Config, Environment } from '../config/config.ts';
import { planCredentials } from '../identity/plan-credentials.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import { refusal } from './may-i.ts';
import { type Access, type AccessParts, withAccess } from './with-access.ts';

/** Keys of an environment that leave forge's hands: for another program, not for one connection. */
export interface EnvironmentKeysRequest {
  readonly environment: Environment;
  /** --profile */
  readonly profile: string | undefined;
  /** --region; undefined: the environment's. */
  readonly region: string | undefined;
  /** Words of the command, e.g. `exec`. */
  readonly purpose: string;
  /** What is run with them, in words that hold no values. */
  readonly program?: string | undefined;
  readonly reason: string | undefined;
  readonly mfaCode: string | undefined;
}

export function withEnvironmentKeys<Value>(
  parts: AccessParts,
  request: EnvironmentKeysRequest,
  use: (access: Access) => Promise<Value>,
): Promise<Value> {
  const { environment, region } = request;
  return withAccess(
    parts,
    {
      ...request,
      targetName: environment.name,
      region: region ?? environment.region,
      roles: [],
      // What another program does with them is unknown.
      write: true,
      reasonNeeded: true,
    },
    use,
  );
}

/** Pure: the same as a plan. Throws what withEnvironmentKeys would refuse. */
export function planEnvironmentKeys(
  config: Config,
  request: Omit<EnvironmentKeysRequest, 'mfaCode' | 'region'>,
  then: {
    readonly summary: string;
    readonly steps: readonly PlanStep[];
    readonly equivalents: readonly string[];
  },
): Plan {
  const refused = refusal({ ...request, config, reasonNeeded: true });
  if (refused !== undefined) throw refused;
  const credentials = planCredentials({ ...request, config, roles: [] });
  return {
    summary: then.summary,
    steps: [
      ...credentials.steps,
      { kind: 'local', what: 'write the opening record to the journal' },
      ...then.steps,
    ],
    equivalents: [...credentials.equivalents, ...then.equivalents],
  };
}
