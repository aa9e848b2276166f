import type { Config, Environment, PlannedGrant, RoleStep } from '../config/config.ts';
import { plannedGrantFor } from '../config/planned-grant-for.ts';
import type { PlanStep } from '../terminal/plan.ts';
import { chainedDuration } from './chained-duration.ts';

export interface PlannedCredentials {
  readonly config: Pick<Config, 'signIn' | 'plannedGrant'>;
  readonly environment: Environment | undefined;
  readonly profile: string | undefined;
  /** Assumed after the environment's own chain. */
  readonly roles: readonly RoleStep[];
}

export interface CredentialsPlan {
  readonly steps: readonly PlanStep[];
  /** aws lines; the keys of each step have to be exported by hand. */
  readonly equivalents: readonly string[];
}

const verifyStep: PlanStep = {
  kind: 'aws',
  call: 'sts GetCallerIdentity',
  action: undefined,
  why: 'whose keys they are: account, permission set and person must be the right ones',
};

/** Pure: what credentialsFor would do, for --plan. */
export function planCredentials(request: PlannedCredentials): CredentialsPlan {
  const { environment, profile } = request;
  const signIn = request.config.signIn;
  const steps: PlanStep[] = [];
  const equivalents: string[] = [];
  const permissionSet = environment?.permissionSet;
  const grant = plannedGrantFor(request.config, environment);
  const fromPortal = profile === undefined && signIn !== undefined && permissionSet !== undefined;
  if (grant !== undefined) {
    steps.push(...grantSteps(grant));
    equivalents.push(...(grant.environment === undefined ? [`forge breakglass resume ${grant.id}`] : []));
  } else if (fromPortal) {
    steps.push(
      {
        kind: 'aws',
        call: 'sso GetRoleCredentials',
        action: undefined,
        resource: undefined,
        why: `keys of permission set ${permissionSet} in account ${environment?.account}, unless the cache has some`,
      },
      verifyStep,
    );
    equivalents.push(
      `aws sso login --sso-session ${signIn.session}`,
      `aws sso get-role-credentials --region ${signIn.region} --account-id ${environment?.account} --role-name ${permissionSet} --access-token "$(…)"`,
    );
  } else {
    steps.push({
      kind: 'local',
      what:
        profile === undefined
          ? 'take the keys of AWS_ACCESS_KEY_ID, AWS_PROFILE or the default profile'
          : `take the keys of the AWS profile ${profile}`,
    });
    if (profile !== undefined) equivalents.push(`export AWS_PROFILE=${profile}`);
  }
  const chain = [...(environment?.roleChain ?? []), ...request.roles];
  for (const [index, step] of chain.entries()) {
    const seconds = chainedDuration({ chained: grant !== undefined || fromPortal || index > 0 }, step);
    steps.push({
      kind: 'aws',
      call: 'sts AssumeRole',
      action: 'sts:AssumeRole, sts:SetSourceIdentity',
      resource: step.roleArn,
      why: `in your name, for ${seconds} s${step.mfaSerial === undefined ? '' : `, with a code of ${step.mfaSerial}`}`,
    });
    const external = step.externalId === undefined ? '' : ` --external-id ${step.externalId}`;
    const mfa = step.mfaSerial === undefined ? '' : ` --serial-number ${step.mfaSerial} --token-code …`;
    equivalents.push(
      `aws sts assume-role --role-arn ${step.roleArn} --role-session-name <you> --source-identity <you> --duration-seconds ${seconds}${external}${mfa}`,
    );
  }
  return { steps, equivalents };
}

/** Keys of break-glass: of the session that forge runs in, or of the grant that was named. */
function grantSteps({ id, environment }: PlannedGrant): readonly PlanStep[] {
  if (environment !== undefined) {
    return [
      { kind: 'local', what: `take the keys of break-glass session ${id} from the forge that holds it` },
      verifyStep,
    ];
  }
  const read = 's3 ListObjectsV2, GetObject';
  return [
    {
      kind: 'aws',
      call: read,
      action: 's3:ListBucket, s3:GetObject',
      why: `${id} must be yours, approved, of this environment and purpose, and not over`,
    },
    {
      kind: 'aws',
      call: 'sso GetRoleCredentials',
      action: undefined,
      why: `keys of what ${id} grants, in memory only, until its time is up`,
    },
    verifyStep,
  ];
}
