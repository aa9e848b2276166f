import { inRole, stranger } from '../caller.ts';
import { answered, type Check } from '../check.ts';
import { act, handler, productionRoles } from './cast.ts';

export const productionFunctions: readonly Check[] = [
  answered(
    'functions',
    'allowed',
    {
      id: 'functions.tail.by',
      title: 'revoker and sweeper become ForgeAuditCutTail in every production account',
      why: 'What was issued would live on after the end.',
      fix: 'Keep cut-tail-trust.json: ArnEquals aws:PrincipalArn of both roles.',
    },
    (judged) =>
      (['revoker', 'sweeper'] as const).flatMap((name) =>
        handler(judged, name).flatMap((caller) =>
          judged.intent.production.map(({ account }) =>
            act(caller, 'sts:AssumeRole', `arn:aws:iam::${account}:role/forge/ForgeAuditCutTail`),
          ),
        ),
      ),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.tail.nobody-else',
      title: 'nobody else becomes ForgeAuditCutTail',
      why: 'It changes the boundary of all roles that break-glass leads to.',
      fix: 'Keep cut-tail-trust.json: ArnEquals aws:PrincipalArn of both roles.',
    },
    (judged) =>
      productionRoles(judged, 'ForgeAuditCutTail').flatMap((role) => {
        const arn = `arn:aws:iam::${role.account}:role/forge/ForgeAuditCutTail`;
        return [
          ...handler(judged, 'recorder'),
          ...handler(judged, 'exporter'),
          stranger(),
          stranger(judged.intent.accessAccount),
          // With a policy of its own that allows everything: only the trust is between.
          { ...stranger(role.account), label: 'an administrator of the production account' },
        ].map((caller) => act(caller, 'sts:AssumeRole', arn));
      }),
  ),
  answered(
    'functions',
    'allowed',
    {
      id: 'functions.tail.cuts',
      title: 'ForgeAuditCutTail writes the boundary, and ends Session Manager’s sessions',
      why: 'What was issued would live on after the end.',
      fix: 'Take cut-tail.json as forge infra export writes it.',
    },
    (judged) =>
      productionRoles(judged, 'ForgeAuditCutTail').flatMap((role) => {
        const caller = inRole(judged.deployment, role);
        return [
          ...['iam:GetPolicyVersion', 'iam:CreatePolicyVersion', 'iam:DeletePolicyVersion'].map((action) =>
            act(caller, action, `arn:aws:iam::${role.account}:policy/forge/ForgeBreakGlassRevocations`),
          ),
          act(
            caller,
            'ssm:TerminateSession',
            `arn:aws:ssm:${judged.intent.region}:${role.account}:session/x`,
          ),
        ];
      }),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.tail.only',
      title: 'ForgeAuditCutTail changes no other policy, and no role, and starts nothing',
      why: 'It must only be able to take away.',
      fix: 'Take cut-tail.json as forge infra export writes it.',
    },
    (judged) =>
      productionRoles(judged, 'ForgeAuditCutTail').flatMap((role) => {
        const caller = inRole(judged.deployment, role);
        const inAccount = (rest: string) => `arn:aws:iam::${role.account}:${rest}`;
        return [
          act(caller, 'iam:CreatePolicyVersion', inAccount('policy/Anything')),
          act(caller, 'iam:CreatePolicyVersion', inAccount('policy/forge/Other')),
          act(caller, 'iam:PutRolePolicy', inAccount('role/forge/ForgeAuditCutTail')),
          act(caller, 'iam:DeleteRolePermissionsBoundary', inAccount('role/forge/Forge-Prod-Emergency')),
          act(caller, 'iam:CreateAccessKey', inAccount('user/ci')),
          act(caller, 'ssm:StartSession', `arn:aws:ec2:${judged.intent.region}:${role.account}:instance/i-1`),
          act(caller, 'sts:AssumeRole', inAccount('role/write-rds-access')),
        ];
      }),
  ),
  answered(
    'functions',
    'allowed',
    {
      id: 'functions.read.by',
      title: 'exporter and sweeper become ForgeAuditRead in every production account',
      why: 'What was done could not be collected.',
      fix: 'Keep audit-read-trust.json: ArnEquals aws:PrincipalArn of both roles.',
    },
    (judged) =>
      (['exporter', 'sweeper'] as const).flatMap((name) =>
        handler(judged, name).flatMap((caller) =>
          judged.intent.production.map(({ account }) =>
            act(caller, 'sts:AssumeRole', `arn:aws:iam::${account}:role/forge/ForgeAuditRead`),
          ),
        ),
      ),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.read.nobody-else',
      title: 'nobody else becomes ForgeAuditRead, and it reads no data',
      why: 'It sees every call of the account.',
      fix: 'Keep audit-read-trust.json and audit-read.json as forge infra export writes them.',
    },
    (judged) =>
      productionRoles(judged, 'ForgeAuditRead').flatMap((role) => [
        ...[
          ...handler(judged, 'recorder'),
          ...handler(judged, 'revoker'),
          stranger(),
          stranger(judged.intent.accessAccount),
        ].map((caller) =>
          act(caller, 'sts:AssumeRole', `arn:aws:iam::${role.account}:role/forge/ForgeAuditRead`),
        ),
        ...[
          's3:GetObject',
          'secretsmanager:GetSecretValue',
          'iam:CreatePolicyVersion',
          'ssm:TerminateSession',
        ].map((action) => act(inRole(judged.deployment, role), action, 'arn:aws:s3:::data/x')),
      ]),
  ),
];
