import type { Caller } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import { act, administrators, handlers } from './cast.ts';

const fix = 'Keep administrator-guard in every permission set that has power in the access account.';

const inAccess = (judged: Judged, service: string, rest: string): string =>
  `arn:aws:${service}:${judged.intent.region}:${judged.intent.accessAccount}:${rest}`;

const each = (judged: Judged, actions: readonly string[], resources: readonly string[]) =>
  administrators(judged).flatMap((caller: Caller) =>
    actions.flatMap((action) => resources.map((resource) => act(caller, action, resource))),
  );

export const machineryGuard: readonly Check[] = [
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.functions',
      title: 'an administrator changes, calls, silences and removes no function',
      why: 'Other code in the recorder is other records; a revoker that doesn’t run takes nothing away.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        [
          'lambda:UpdateFunctionCode',
          'lambda:UpdateFunctionConfiguration',
          'lambda:DeleteFunction',
          'lambda:AddPermission',
          'lambda:InvokeFunction',
          'lambda:PutFunctionConcurrency',
        ],
        handlers.map((name) => inAccess(judged, 'lambda', `function:forge-breakglass-${name}`)),
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.executions',
      title: 'an administrator starts, stops and repeats no session’s execution',
      why: 'An execution that is stopped takes nothing away; one of a grant’s name keeps its own from starting.',
      fix,
      mayBeNobody: true,
    },
    (judged) => [
      ...each(
        judged,
        ['states:StartExecution', 'states:StartSyncExecution'],
        [inAccess(judged, 'states', 'stateMachine:forge-breakglass-session')],
      ),
      ...each(
        judged,
        ['states:StopExecution', 'states:RedriveExecution'],
        [inAccess(judged, 'states', 'execution:forge-breakglass-session:x')],
      ),
    ],
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.workflow',
      title: 'an administrator changes and removes no workflow',
      why: 'The workflow is what ends access.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        ['states:UpdateStateMachine', 'states:DeleteStateMachine'],
        [inAccess(judged, 'states', 'stateMachine:forge-breakglass-session')],
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.rules',
      title: 'an administrator switches off, changes and empties no rule',
      why: 'What is not told is not recorded.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        [
          'events:DisableRule',
          'events:DeleteRule',
          'events:PutRule',
          'events:RemoveTargets',
          'events:PutTargets',
        ],
        ['rule/forge-breakglass-membership', 'rule/forge-breakglass/forge-breakglass-membership'].map(
          (rule) => inAccess(judged, 'events', rule),
        ),
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.schedule',
      title: 'an administrator stops no sweeper',
      why: 'It is what finds everything that was lost.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        ['scheduler:DeleteSchedule', 'scheduler:UpdateSchedule'],
        [inAccess(judged, 'scheduler', 'schedule/default/forge-breakglass-sweeper')],
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.secret',
      title: 'an administrator neither reads nor changes the webhook’s secret',
      why: 'Who can change where it is said can have it said to nobody.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        [
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecret',
          'secretsmanager:DeleteSecret',
          'secretsmanager:PutResourcePolicy',
        ],
        [inAccess(judged, 'secretsmanager', 'secret:forge-breakglass/slack-AbCdEf')],
      ),
  ),
];
