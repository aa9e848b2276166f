import { type Caller, inRole } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import { act, archiveKey, one, record } from './cast.ts';
import { emergencyRoles, hasTier, onCall } from './emergency.ts';

const fix = 'Take emergency-trust.json and emergency-guard.json as forge infra export writes them.';
const inEmergency = (judged: Judged): readonly Caller[] =>
  emergencyRoles(judged).map((role) => inRole(judged.deployment, role, one.userId));

export const inEmergencyChecks: readonly Check[] = [
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.on-call-only',
      title: 'being on call gives nothing else in production',
      why: 'It would be standing access.',
      fix: 'on-call.json allows tier 0’s role only.',
      applies: hasTier,
    },
    (judged) =>
      judged.intent.production.flatMap(({ account }) =>
        onCall(judged, account).flatMap((caller) => [
          act(caller, 'rds:DescribeDBClusters', '*'),
          act(caller, 'ssm:StartSession', `arn:aws:ec2:${judged.intent.region}:${account}:instance/i-1`),
          act(caller, 's3:GetObject', 'arn:aws:s3:::data/x'),
          act(caller, 'sts:AssumeRole', `arn:aws:iam::${account}:role/write-rds-access`),
        ]),
      ),
  ),
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.longer-life',
      title: 'an emergency becomes no other role than the databases’ (no longer life)',
      why: 'A workload’s role has no boundary: its session would outlive the emergency’s end.',
      fix: 'Keep NoLongerLife in emergency-guard.json.',
      applies: hasTier,
    },
    (judged) =>
      inEmergency(judged).flatMap((caller) =>
        ['sts:AssumeRole', 'sts:AssumeRoleWithWebIdentity'].map((action) =>
          act(caller, action, `arn:aws:iam::${caller.account}:role/workload/billing`),
        ),
      ),
  ),
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.trail',
      title: 'an emergency blinds nobody: trail, logs, documents and rules stay as they are',
      why: 'What is done in an emergency must be seen.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      inEmergency(judged).flatMap((caller) => [
        ...[
          'cloudtrail:StopLogging',
          'cloudtrail:DeleteTrail',
          'cloudtrail:UpdateTrail',
          'cloudtrail:PutEventSelectors',
          'logs:DeleteLogGroup',
          'logs:PutRetentionPolicy',
          'ssm:UpdateDocument',
          'ssm:DeleteDocument',
        ].map((action) => act(caller, action, '*')),
        ...['events:DisableRule', 'events:DeleteRule', 'events:PutTargets', 'events:RemoveTargets'].map(
          (action) =>
            act(
              caller,
              action,
              `arn:aws:events:${judged.intent.region}:${caller.account}:rule/forge-breakglass-emergency`,
            ),
        ),
      ]),
  ),
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.forge',
      title: 'an emergency reaches no record, no role of forge and not its own boundary',
      why: 'It could undo its own end.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      inEmergency(judged).flatMap((caller) => [
        act(caller, 's3:GetObject', archiveKey(judged, record)),
        act(
          caller,
          'iam:CreatePolicyVersion',
          `arn:aws:iam::${caller.account}:policy/forge/ForgeBreakGlassRevocations`,
        ),
        act(
          caller,
          'iam:UpdateAssumeRolePolicy',
          `arn:aws:iam::${caller.account}:role/forge/Forge-Prod-Emergency`,
        ),
        act(caller, 'iam:PassRole', `arn:aws:iam::${caller.account}:role/forge/ForgeAuditCutTail`),
        act(caller, 'iam:CreateUser', `arn:aws:iam::${caller.account}:user/x`),
        act(caller, 'iam:CreateAccessKey', `arn:aws:iam::${caller.account}:user/ci`),
      ]),
  ),
];
