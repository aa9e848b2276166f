import type { Config, Environment, RoleStep } from '../config/config.ts';
import type { PlanStep } from '../terminal/plan.ts';
import { chainedDuration } from './chained-duration.ts';

export interface PlannedCredentials {
  readonly config: Pick<Config, 'signIn'>;
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

/** Pure: what credentialsFor would do, for --plan. */
export function planCredentials(request: PlannedCredentials): CredentialsPlan {
  const { environment, profile } = request;
  const signIn = request.config.signIn;
  const steps: PlanStep[] = [];
  const equivalents: string[] = [];
  const permissionSet = environment?.permissionSet;
  const fromPortal = profile === undefined && signIn !== undefined && permissionSet !== undefined;
  if (fromPortal) {
    steps.push(
      {
        kind: 'aws',
        call: 'sso GetRoleCredentials',
        action: undefined,
        resource: undefined,
        why: `keys of permission set ${permissionSet} in account ${environment?.account}, unless the cache has some`,
      },
      {
        kind: 'aws',
        call: 'sts GetCallerIdentity',
        action: undefined,
        why: 'whose keys they are: account, permission set and person must be the right ones',
      },
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
    const seconds = chainedDuration({ chained: fromPortal || index > 0 }, step);
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
