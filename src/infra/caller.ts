import type { PolicyDocument } from '../iam/policy.ts';
import type { ContextEntries } from '../iam/request-context.ts';
import {
  type DeployedRole,
  type DeployedSet,
  type DeployedUser,
  type Deployment,
  deployedRoleArn,
} from './deployment.ts';
import type { Intent } from './intent.ts';

/** Somebody, or something, who asks AWS for something. */
export interface Caller {
  /** `an approver (Forge-BreakGlass-Approve-tier1)` */
  readonly label: string;
  readonly account: string;
  readonly arn: string;
  readonly sessionArn: string;
  readonly policies: readonly PolicyDocument[];
  /** What of its policies is not known; empty: all is. */
  readonly unknown: readonly string[];
  /** What bounds it: nothing, a document, or one that is named and not there, which allows nothing. */
  readonly boundary: PolicyDocument | undefined;
  readonly context: ContextEntries;
}

export interface Who {
  /** Identity store user id; undefined: nobody signed in. */
  readonly userId: string | undefined;
  readonly userName: string;
}

/** Two people who don't exist. */
export const one: Who = { userId: '11111111-1111-4111-8111-111111111111', userName: 'one@example.org' };
export const another: Who = {
  userId: '22222222-2222-4222-8222-222222222222',
  userName: 'another@example.org',
};

/** Identity Center's role of a permission set in an account, and a person in it. */
export function inSet(
  { region }: Pick<Intent, 'region'>,
  deployment: Deployment,
  set: DeployedSet,
  account: string,
  who: Who = one,
): Caller {
  // Outside us-east-1 the path has the region of Identity Center.
  const path = `/aws-reserved/sso.amazonaws.com/${region === 'us-east-1' ? '' : `${region}/`}`;
  const name = `AWSReservedSSO_${set.name}_0123456789abcdef`;
  return {
    label: `${who.userId === undefined ? 'a program' : 'somebody'} with ${set.name}`,
    account,
    arn: `arn:aws:iam::${account}:role${path}${name}`,
    sessionArn: `arn:aws:sts::${account}:assumed-role/${name}/${who.userName}`,
    policies: set.policies,
    unknown: set.unknown,
    boundary: boundaryOf(deployment, set.boundary, account),
    context: {
      'identitystore:UserId': who.userId,
      'aws:userid': `AROAEXAMPLE:${who.userName}`,
      'aws:MultiFactorAuthPresent': undefined,
    },
  };
}

export function inRole(
  deployment: Deployment,
  role: DeployedRole,
  sourceIdentity?: string,
  sessionName = 'forge',
): Caller {
  return {
    label: role.name,
    account: role.account,
    arn: deployedRoleArn(role),
    sessionArn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
    policies: role.policies,
    unknown: role.unknown,
    boundary: boundaryOf(deployment, role.boundary, role.account),
    context: { 'aws:userid': `AROAEXAMPLE:${sessionName}`, 'aws:SourceIdentity': sourceIdentity },
  };
}

/** With a long-lived key, and with the code of its MFA device so many seconds ago. */
export function asUser(user: DeployedUser, mfaAge?: number): Caller {
  const arn = `arn:aws:iam::${user.account}:user${user.path}${user.name}`;
  return {
    label: `the user ${user.name}${mfaAge === undefined ? ' without MFA' : ''}`,
    account: user.account,
    arn,
    sessionArn: arn,
    policies: user.policies,
    unknown: user.unknown,
    boundary: undefined,
    context: {
      'aws:userid': 'AIDAEXAMPLE',
      'aws:username': user.name,
      ...(mfaAge === undefined
        ? {}
        : { 'aws:MultiFactorAuthPresent': 'true', 'aws:MultiFactorAuthAge': String(mfaAge) }),
    },
  };
}

/** Somebody of another account with all power there. */
export const stranger = (account = '000000000000'): Caller => ({
  label: `an administrator of the foreign account ${account}`,
  account,
  arn: `arn:aws:iam::${account}:role/admin`,
  sessionArn: `arn:aws:sts::${account}:assumed-role/admin/x`,
  policies: [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }],
  unknown: [],
  boundary: undefined,
  context: { 'aws:userid': 'AROASTRANGER:x', 'identitystore:UserId': undefined },
});

function boundaryOf(
  { managedPolicies }: Deployment,
  name: string | undefined,
  account: string,
): PolicyDocument | undefined {
  if (name === undefined) return undefined;
  const found = managedPolicies.find((policy) => policy.name === name && policy.account === account);
  return found?.document ?? { Version: '2012-10-17', Statement: [] };
}
