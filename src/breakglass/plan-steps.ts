import { durationText } from '../lib/duration-text.ts';
import { quotePosix } from '../lib/quote-posix.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import type { BreakGlassPlace } from './break-glass-place.ts';
import type { EmergencyPlan } from './emergency/plan-emergency.ts';
import { shortId } from './protocol/ids.ts';
import type { LoadedRequest } from './request/load-request.ts';
import type { RequestPlan } from './request/plan-request.ts';

/** What `--plan` says of each command; pure. */
export function requestPlan(place: BreakGlassPlace, plan: RequestPlan, command: readonly string[]): Plan {
  const { environment, rule } = plan;
  const time = durationText(plan.minutes * 60_000);
  return {
    summary: `Ask for ${rule.permissionSet} in ${environment.name} (${environment.account}) for ${time}.`,
    steps: [
      ...keysOf(place, place.requestPermissionSet),
      call('identitystore GetGroupId', rule.groupName, 'the group whose members have the access'),
      { kind: 'local', what: 'write the request to the journal' },
      call('s3 PutObject', `${place.intakeBucket}/requests/<your id>/<request>.json`, 'the request, once'),
      {
        kind: 'local',
        what: 'tell the approvers in Slack, where a webhook is known: forge breakglass webhook',
      },
      ...waiting(place, rule.permissionSet, environment.account),
      sessionStep(command),
    ],
    equivalents: [],
  };
}

export function resumePlan(place: BreakGlassPlace, typed: string, command: readonly string[]): Plan {
  return {
    summary: `Go on with ${typed}: wait until it is approved and can be used.`,
    steps: [
      ...keysOf(place, place.requestPermissionSet),
      call('s3 GetObject', `${place.intakeBucket}/requests/<your id>/<request>.json`, 'what was asked for'),
      ...waiting(place, 'what was granted', 'its account'),
      sessionStep(command),
    ],
    equivalents: [],
  };
}

export function emergencySteps(
  place: BreakGlassPlace,
  plan: EmergencyPlan,
  command: readonly string[],
): Plan {
  const { environment, roleArn, permissionSet, tier, seconds, tags } = plan;
  const pairs = Object.entries(tags).map(([key, value]) => `Key=${key},Value=${quotePosix(value)}`);
  return {
    summary: `Open ${roleArn} for ${durationText(seconds * 1_000)}, and tell everybody.`,
    steps: [
      ...(tier.mfa
        ? [
            {
              kind: 'local' as const,
              what: `sign in anew with MFA, unless that was within ${durationText(tier.mfaWithinSeconds * 1_000)}`,
            },
          ]
        : []),
      ...keysOf({ ...place, account: environment.account }, permissionSet),
      { kind: 'local', what: 'write the opening to the journal, and what is to be told to the disk' },
      call(
        's3 PutObject',
        `${place.intakeBucket}/evidence/<your id>/<session>/000000.jsonl`,
        'evidence of the opening',
      ),
      { kind: 'local', what: 'tell the incidents channel in Slack; what can’t be told yet is told later' },
      call('sts AssumeRole', roleArn, 'in your own name, with tier, incident and reason'),
      sessionStep(command),
      call(
        's3 PutObject',
        `${place.intakeBucket}/ends/<your id>/<session>.json`,
        'says that it is over, and its keys are refused',
      ),
    ],
    equivalents: [
      `aws sts assume-role --region ${place.region} --role-arn ${roleArn} --role-session-name <you> --source-identity <your id> --duration-seconds ${seconds} --tags ${pairs.join(' ')}`,
    ],
  };
}

export function decisionPlan(
  place: BreakGlassPlace,
  { request, id, digest }: LoadedRequest,
  outcome: 'approved' | 'denied',
  minutes: number,
): Plan {
  const decision = `${place.intakeBucket}/decisions/tier${request.tier}/${id}/<your id>.json`;
  const member = `--group-id ${request.groupId} --member-id UserId=${request.requester.userId}`;
  const approved = outcome === 'approved';
  const grant = call(
    'identitystore CreateGroupMembership',
    request.groupId,
    'the grant, once enough have approved',
  );
  return {
    summary: `${approved ? 'Approve' : 'Deny'} ${shortId(id)}${approved ? ` for ${durationText(minutes * 60_000)}` : ''}.`,
    steps: [
      {
        kind: 'local',
        what: `write the decision to the journal: ${outcome}, of the bytes with SHA-256 ${digest}`,
      },
      call('s3 PutObject', decision, 'the decision, once'),
      ...(approved ? [grant] : []),
    ],
    equivalents: approved
      ? [
          `aws identitystore create-group-membership --identity-store-id ${place.identityStoreId} ${member}   # without the decision it is taken away at once`,
        ]
      : [],
  };
}

export function endPlan(place: BreakGlassPlace, typed: string): Plan {
  return {
    summary: `End ${typed}: give its access back.`,
    steps: [
      ...keysOf(place, place.requestPermissionSet),
      { kind: 'local', what: 'end the sessions of it on this machine' },
      call('s3 PutObject', `${place.intakeBucket}/ends/<your id>/<request>.json`, 'says that it is ended'),
      call(
        'identitystore DeleteGroupMembership',
        'your membership',
        'unless another grant of yours needs it',
      ),
    ],
    equivalents: [],
  };
}

export function ticketPlan(place: BreakGlassPlace, typed: string): Plan {
  const key = `${place.intakeBucket}/evidence/<your id>/<session>/<number>.jsonl`;
  return {
    summary: `Add the ticket to the record of ${typed}.`,
    steps: [
      { kind: 'local', what: 'write it to the journal, and what is to be told to the disk' },
      ...keysOf(place, place.requestPermissionSet),
      call('s3 PutObject', key, 'evidence with the ticket, once'),
    ],
    equivalents: [],
  };
}

export function lookPlan(place: BreakGlassPlace, summary: string): Plan {
  return {
    summary,
    steps: [
      ...keysOf(place, place.requestPermissionSet),
      {
        kind: 'aws',
        call: 's3 ListObjectsV2',
        action: 's3:ListBucket',
        resource: `${place.intakeBucket}/requests/`,
        why: 'what was asked for',
      },
      call('s3 GetObject', `${place.intakeBucket}/requests/, decisions/, ends/`, 'what became of it'),
    ],
    equivalents: [`aws s3 ls --recursive s3://${place.intakeBucket}/requests/`],
  };
}

function keysOf({ account }: BreakGlassPlace, permissionSet: string): readonly PlanStep[] {
  return [
    {
      kind: 'aws',
      call: 'sso GetRoleCredentials',
      action: undefined,
      resource: `${permissionSet} in ${account}`,
      why: 'keys for the access account',
    },
  ];
}

function waiting(
  { intakeBucket }: BreakGlassPlace,
  permissionSet: string,
  account: string,
): readonly PlanStep[] {
  return [
    {
      kind: 'aws',
      call: 's3 ListObjectsV2',
      action: 's3:ListBucket',
      resource: `${intakeBucket}/decisions/`,
      why: 'every few seconds until it is decided',
    },
    {
      kind: 'aws',
      call: 'sso GetRoleCredentials',
      action: undefined,
      resource: `${permissionSet} in ${account}`,
      why: 'until the access can really be used',
    },
  ];
}

function sessionStep(command: readonly string[]): PlanStep {
  const what = command.length === 0 ? 'a shell' : command.map((word) => JSON.stringify(word)).join(' ');
  return { kind: 'local', what: `run ${what} with the access, then give it back` };
}

function call(name: string, resource: string, why: string): PlanStep {
  const [service = '', operation = ''] = name.split(' ');
  return { kind: 'aws', call: name, action: `${service}:${operation}`, resource, why };
}
