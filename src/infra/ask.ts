import {
  evaluatePolicies,
  evaluateResourcePolicy,
  evaluateTrust,
  type PolicyOfResourceVerdict,
  type PolicyRequest,
} from '../iam/evaluate.ts';
import { type ContextEntries, requestContext } from '../iam/request-context.ts';
import type { Caller } from './caller.ts';
import { type DeployedRole, type Deployment, deployedRoleArn } from './deployment.ts';

export type Answer = 'allowed' | 'denied' | 'unknown';

/** One question to IAM. */
export interface Question {
  readonly caller: Caller;
  readonly action: string;
  /** All of them must be allowed, as AWS asks about each that an action concerns. */
  readonly resources: readonly string[];
  readonly context?: ContextEntries;
}

/**
 * What AWS would answer, by what is deployed: the caller's own policies and boundary, the bucket's policy, the role's trust. As
 * the evaluation is AWS's, a Deny anywhere wins, and across accounts both sides must say yes. Service control policies only
 * take away, so that what is denied here is denied with them too.
 */
export function ask(deployment: Deployment, { caller, action, resources, context = {} }: Question): Answer {
  let answer: Answer = 'allowed';
  for (const resource of resources) {
    const found = askOne(deployment, caller, {
      action,
      resource,
      context: requestContext(everywhere(caller), caller.context, context),
    });
    if (found === 'denied') return 'denied';
    if (found === 'unknown') answer = 'unknown';
  }
  return answer;
}

const everywhere = (caller: Caller): ContextEntries => ({
  'aws:SecureTransport': 'true',
  'aws:PrincipalArn': caller.arn,
  'aws:PrincipalAccount': caller.account,
  'aws:PrincipalIsAWSService': 'false',
  'aws:ViaAWSService': 'false',
  'aws:SourceIp': '198.51.100.77',
  'aws:CurrentTime': '2026-01-01T00:00:00Z',
  'aws:TokenIssueTime': '2026-01-01T00:00:00Z',
});

function askOne(deployment: Deployment, caller: Caller, request: PolicyRequest): Answer {
  const own = ownAnswer(caller, request);
  if (own === 'explicit-deny') return 'denied';
  const role = findRole(deployment, request);
  if (role !== undefined) return ofRole(role, caller, request, own);
  const bucket = findBucket(deployment, request.resource);
  if (bucket === undefined) return own;
  if (bucket.policy === undefined) return own;
  const theirs = evaluateResourcePolicy(bucket.policy, request, caller);
  if (theirs === 'explicit-deny') return 'denied';
  return combined(own, theirs, caller.account === bucket.account, request, caller);
}

/** Of the resource's side a role is asked by AssumeRole and what goes with it. */
function findRole({ roles }: Deployment, { action, resource }: PolicyRequest): DeployedRole | undefined {
  if (!/^sts:(AssumeRole|SetSourceIdentity|TagSession)$/.test(action)) return undefined;
  return roles.find((role) => deployedRoleArn(role) === resource);
}

function ofRole(role: DeployedRole, caller: Caller, request: PolicyRequest, own: Answer): Answer {
  if (role.trust === undefined) return own === 'denied' ? 'denied' : 'unknown';
  const theirs = evaluateTrust(role.trust, request, caller);
  if (theirs === 'explicit-deny' || theirs === 'implicit-deny') return 'denied';
  if (request.action === 'sts:AssumeRole' && caller.account === role.account) {
    return combined(own, theirs, true, request, caller);
  }
  return own;
}

type Own = Answer | 'explicit-deny';

function ownAnswer(caller: Caller, request: PolicyRequest): Own {
  const identity = evaluatePolicies(caller.policies, request);
  const boundary = caller.boundary === undefined ? 'allow' : evaluatePolicies([caller.boundary], request);
  if (identity === 'explicit-deny' || boundary === 'explicit-deny') return 'explicit-deny';
  if (boundary !== 'allow') return 'denied';
  if (identity === 'allow') return caller.unknown.length === 0 ? 'allowed' : 'unknown';
  return caller.unknown.length === 0 ? 'denied' : 'unknown';
}

/** Within an account either side's yes is enough; what names only the account leaves it to the caller's own. */
function combined(
  own: Answer,
  theirs: PolicyOfResourceVerdict,
  sameAccount: boolean,
  request: PolicyRequest,
  caller: Caller,
): Answer {
  if (theirs === 'explicit-deny') return 'denied';
  if (!sameAccount) return theirs === 'implicit-deny' ? 'denied' : own;
  if (theirs === 'allow-session') return 'allowed';
  if (theirs === 'allow-role') {
    const bounded = caller.boundary === undefined || evaluatePolicies([caller.boundary], request) === 'allow';
    return bounded ? 'allowed' : own;
  }
  return own;
}

function findBucket({ buckets }: Deployment, resource: string) {
  const [, name] = /^arn:aws[a-z-]*:s3:::([^/]+)/.exec(resource) ?? [];
  return buckets.find((bucket) => bucket.name === name);
}
