import { refusal } from '../access/may-i.ts';
import type { Config } from '../config/config.ts';
import { planCredentials } from '../identity/plan-credentials.ts';
import type { InstanceTarget } from '../targets/resolve-instance.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import type { InstancePurpose } from './with-instance.ts';

/** What a command on instances does after it has keys. */
export interface PlannedUse {
  readonly summary: string;
  readonly steps: readonly PlanStep[];
  readonly equivalents: readonly string[];
}

/** Keys, record, looking the instance up, and then `use`. Pure; throws what withInstance would refuse. */
export function planInstance(
  config: Config,
  target: InstanceTarget,
  { purpose, reason, profile }: InstancePurpose,
  use: PlannedUse,
): Plan {
  const { environment, roles } = target;
  const refused = refusal({ config, environment, purpose, reason });
  if (refused !== undefined) throw refused;
  const credentials = planCredentials({ config, environment, profile, roles });
  const looked = lookUpSteps(target);
  return {
    summary: use.summary,
    steps: [
      ...credentials.steps,
      { kind: 'local', what: 'write the opening record to the journal' },
      ...looked.steps,
      ...use.steps,
    ],
    equivalents: [...credentials.equivalents, ...looked.equivalents, ...use.equivalents],
  };
}

/** StartSession as a step; `document` undefined: the account's own. */
export function startSessionStep(target: InstanceTarget, document: string | undefined): PlanStep {
  return {
    kind: 'aws',
    call: 'ssm StartSession',
    action: 'ssm:StartSession',
    resource: `${instanceArn(target)} and ${document ?? 'SSM-SessionManagerRunShell'}`,
    why: 'the session, its address and its token; TerminateSession ends it',
  };
}

/** The id, or what stands for it in lines to type. */
export function instanceWords({ locator }: InstanceTarget): string {
  return locator.kind === 'id' ? locator.instanceId : '<instance id>';
}

function instanceArn({ region, environment, locator }: InstanceTarget): string {
  const id = locator.kind === 'id' ? locator.instanceId : '*';
  const account = environment?.account ?? '*';
  if (id.startsWith('ecs:')) return `arn:aws:ecs:${region}:${account}:task/*`;
  return id.startsWith('mi-')
    ? `arn:aws:ssm:${region}:${account}:managed-instance/${id}`
    : `arn:aws:ec2:${region}:${account}:instance/${id}`;
}

function lookUpSteps({ locator, region }: InstanceTarget): Pick<PlannedUse, 'steps' | 'equivalents'> {
  if (locator.kind === 'id') return { steps: [], equivalents: [] };
  const filters =
    locator.kind === 'tags'
      ? [...locator.tags].map(([key, value]) => `Name=tag:${key},Values=${value}`).join(' ')
      : locator.kind === 'address'
        ? `Name=private-ip-address,Values=${locator.address}`
        : locator.kind === 'name'
          ? `Name=tag:Name,Values=${locator.name}`
          : '';
  return {
    steps: [
      {
        kind: 'aws',
        call: 'ec2 DescribeInstances',
        action: 'ec2:DescribeInstances',
        why: 'which instances there are; without leave, Systems Manager alone is asked',
      },
      {
        kind: 'aws',
        call: 'ssm DescribeInstanceInformation',
        action: 'ssm:DescribeInstanceInformation',
        why: 'which of them are online',
      },
    ],
    equivalents: [
      `aws ec2 describe-instances --region ${region}${filters === '' ? '' : ` --filters ${filters}`}`,
      `aws ssm describe-instance-information --region ${region}`,
    ],
  };
}
