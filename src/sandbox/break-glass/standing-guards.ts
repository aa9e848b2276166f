import type { PolicyDocument } from '../../iam/policy.ts';
import { neverMyself } from './person-policies.ts';

/** What those with power of their own must not reach. */
const version = '2012-10-17';

/** What AdministratorAccess must not reach: oneself, the records, and what guards them. */
export const administratorGuard: PolicyDocument = {
  Version: version,
  Statement: [
    neverMyself('NoSelfGrant'),
    {
      Sid: 'ThroughThePipelineOnly',
      Effect: 'Deny',
      Action: [
        'sso:CreateAccountAssignment',
        'sso:PutInlinePolicyToPermissionSet',
        'sso:AttachManagedPolicyToPermissionSet',
        'sso:AttachCustomerManagedPolicyReferenceToPermissionSet',
        'sso:DeletePermissionsBoundaryFromPermissionSet',
        'sso:PutPermissionsBoundaryToPermissionSet',
        'sso:UpdatePermissionSet',
      ],
      Resource: '*',
    },
    {
      Sid: 'NotTheAudit',
      Effect: 'Deny',
      // Of the intake too: else an administrator could ask, and say yes, in anybody's name.
      Action: ['s3:Delete*', 's3:Put*', 's3:Replicate*', 's3:BypassGovernanceRetention'],
      Resource: ['arn:aws:s3:::forge-breakglass-*', 'arn:aws:s3:::forge-breakglass-*/*'],
    },
    {
      Sid: 'NotTheMachinery',
      Effect: 'Deny',
      Action: [
        // Calling one with an event of one's own is no better than changing it, nor is letting none of it run at once.
        'lambda:Invoke*',
        'lambda:Add*',
        'lambda:Create*',
        'lambda:Delete*',
        'lambda:Put*',
        'lambda:Remove*',
        'lambda:Update*',
        // An execution of a grant's name keeps its own from starting.
        'states:StartExecution',
        'states:StartSyncExecution',
        'states:StopExecution',
        'states:RedriveExecution',
        'states:UpdateStateMachine',
        'states:DeleteStateMachine',
        'events:DisableRule',
        'events:DeleteRule',
        'events:PutRule',
        'events:RemoveTargets',
        'events:PutTargets',
        'scheduler:DeleteSchedule',
        'scheduler:UpdateSchedule',
      ],
      Resource: [
        'arn:aws:lambda:*:*:function:forge-breakglass-*',
        'arn:aws:states:*:*:stateMachine:forge-breakglass-*',
        'arn:aws:states:*:*:execution:forge-breakglass-*:*',
        'arn:aws:events:*:*:rule/forge-breakglass-*',
        'arn:aws:events:*:*:rule/forge-breakglass/forge-breakglass-*',
        'arn:aws:scheduler:*:*:schedule/*/forge-breakglass-*',
      ],
    },
    {
      // Who can change where it is said can have it said to nobody; who can read it can say anything.
      Sid: 'NotTheAlerts',
      Effect: 'Deny',
      NotAction: ['secretsmanager:DescribeSecret', 'secretsmanager:List*'],
      Resource: 'arn:aws:secretsmanager:*:*:secret:forge-breakglass/*',
    },
    {
      Sid: 'NotTheRoles',
      Effect: 'Deny',
      NotAction: ['iam:Get*', 'iam:List*'],
      Resource: [
        'arn:aws:iam::*:role/forge/*',
        'arn:aws:iam::*:policy/forge/*',
        'arn:aws:iam::*:user/forge/*',
        'arn:aws:iam::*:role/forge-breakglass-*',
      ],
    },
  ],
};

/** Who develops or is on call has power in dev and qa, but none over what is forge's there. */
export const developerGuard: PolicyDocument = {
  Version: version,
  Statement: {
    Sid: 'NoForge',
    Effect: 'Deny',
    Action: '*',
    Resource: [
      'arn:aws:iam::*:role/forge/*',
      'arn:aws:iam::*:policy/forge/*',
      'arn:aws:s3:::forge-breakglass-*',
      'arn:aws:s3:::forge-breakglass-*/*',
    ],
  },
};
