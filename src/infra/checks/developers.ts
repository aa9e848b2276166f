import type { Caller } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import { act, administrators, everyday } from './cast.ts';

const fix =
  'Keep developer-guard and pass-workload-roles in every permission set that has power in an account.';

/** Everyday permission sets where they are assigned, in whatever account. */
const everywhere = (judged: Judged): readonly Caller[] =>
  [...new Set(judged.deployment.assignments.map(({ account }) => account))].flatMap((account) =>
    everyday(judged, account),
  );

/** Those that don't administer: pass-role and the like are an administrator's own. */
const developers = (judged: Judged): readonly Caller[] => {
  const strong = new Set(administrators(judged).map(({ label }) => label));
  return everywhere(judged).filter(({ label }) => !strong.has(label));
};

export const developerChecks: readonly Check[] = [
  answered(
    'developers',
    'denied',
    {
      id: 'developer.pass-forge',
      title: 'no developer passes a role of forge, to whatever service',
      why: 'A function of their own with the recorder’s role would be the recorder.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      everywhere(judged).flatMap((caller) =>
        [
          'role/forge/ForgeAuditCutTail',
          'role/forge/Forge-Prod-Emergency',
          'role/forge-breakglass-recorder',
          'role/forge-terraform',
        ].flatMap((role) =>
          ['lambda.amazonaws.com', 'ec2.amazonaws.com'].map((service) => ({
            ...act(caller, 'iam:PassRole', `arn:aws:iam::${caller.account}:${role}`),
            context: { 'iam:PassedToService': service },
          })),
        ),
      ),
  ),
  answered(
    'developers',
    'denied',
    {
      id: 'developer.pass-other',
      title:
        'no developer passes a role that is no workload’s, nor a workload’s role to a service that runs no workload',
      why: 'A role with more power than its developer is that power.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      developers(judged).flatMap((caller) => [
        ...['role/admin', 'role/OrganizationAccountAccessRole', 'role/write-rds-access'].map((role) => ({
          ...act(caller, 'iam:PassRole', `arn:aws:iam::${caller.account}:${role}`),
          context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
        })),
        ...['cloudformation.amazonaws.com', 'glue.amazonaws.com', 'sagemaker.amazonaws.com'].map(
          (service) => ({
            ...act(caller, 'iam:PassRole', `arn:aws:iam::${caller.account}:role/workload/billing`),
            context: { 'iam:PassedToService': service },
          }),
        ),
      ]),
  ),
  answered(
    'developers',
    'denied',
    {
      id: 'developer.become-forge',
      title: 'no everyday permission set becomes a role of forge, or changes one',
      why: 'Emergencies, cutting off and recording are not for every day.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      everywhere(judged).flatMap((caller) =>
        ['sts:AssumeRole', 'iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy', 'iam:DeleteRole'].flatMap(
          (action) =>
            ['forge/Forge-Prod-Emergency', 'forge/ForgeAuditCutTail', 'forge-breakglass-recorder'].map(
              (role) => act(caller, action, `arn:aws:iam::${caller.account}:role/${role}`),
            ),
        ),
      ),
  ),
  answered(
    'developers',
    'denied',
    {
      id: 'developer.buckets',
      title: 'no everyday permission set reaches into the buckets of break-glass to write or delete',
      why: 'Requests, decisions and records are made by break-glass alone.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      everywhere(judged).flatMap((caller) =>
        [judged.intent.intakeBucket, judged.intent.archiveBucket, judged.intent.configurationBucket].flatMap(
          (bucket) =>
            ['s3:PutObject', 's3:DeleteObject'].map((action) => ({
              ...act(caller, action, `arn:aws:s3:::${bucket}/x`),
              context: { 's3:if-none-match': '*' },
            })),
        ),
      ),
  ),
  answered(
    'developers',
    'denied',
    {
      id: 'developer.power',
      title: 'no developer makes users, roles or keys',
      why: 'A key that does not end is standing access.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      developers(judged).flatMap((caller) =>
        [
          'iam:CreateUser',
          'iam:CreateAccessKey',
          'iam:CreateRole',
          'iam:AttachRolePolicy',
          'iam:PutRolePolicy',
        ].map((action) =>
          act(
            caller,
            action,
            `arn:aws:iam::${caller.account}:${action.endsWith('Role') || action.includes('Role') ? 'role' : 'user'}/x`,
          ),
        ),
      ),
  ),
];
