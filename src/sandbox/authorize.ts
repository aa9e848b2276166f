import {
  evaluatePolicies,
  evaluateResourcePolicy,
  evaluateTrust,
  type PolicyOfResourceVerdict,
  type PolicyRequest,
  type TrustCaller,
} from '../iam/evaluate.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import type { ContextEntries } from '../iam/request-context.ts';
import { requestContext } from '../iam/request-context.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import { type Organisation, type Role, roleArn, userArn } from './organisation.ts';
import type { IssuedKeys, Principal } from './principal.ts';

export type AuthorizationContext = ContextEntries;

export type Decision =
  | { readonly allowed: true }
  /** `because` continues AWS's sentence "… is not authorized to perform: … on resource: …". */
  | { readonly allowed: false; readonly because: string };

export interface AuthorizationRequest {
  readonly now: number;
  /** Whose keys signed. */
  readonly keys: IssuedKeys;
  readonly action: string;
  readonly resource: string;
  readonly context: AuthorizationContext;
  /** The permissions boundary of the role, if it has one. */
  readonly boundary: PolicyDocument | undefined;
}

/** The boundary as its policy's default version says now: it acts on sessions that began long before. */
export function boundaryOf(
  { customerPolicies, managedPolicies }: Pick<Organisation, 'customerPolicies' | 'managedPolicies'>,
  { principal }: IssuedKeys,
): PolicyDocument | undefined {
  const arn = principal.kind === 'role' ? principal.role.boundary : undefined;
  if (arn === undefined) return undefined;
  const own = customerPolicies.get(arn);
  const version = own?.versions.find(({ number }) => number === own.defaultVersion);
  // A boundary that is not there allows nothing.
  return version?.document ?? managedPolicies.get(arn) ?? { Version: '2012-10-17', Statement: [] };
}

/** Identity-based policies, the boundary, and for sessions made with a session policy also that: all must allow. */
export function authorize(request: AuthorizationRequest): Decision {
  const { action } = request;
  const { principal } = request.keys;
  const policyRequest = {
    action,
    resource: request.resource,
    context: requestContext(callerContext(request), request.context),
  };
  const identity = evaluatePolicies(
    principal.kind === 'user' ? principal.user.policies : principal.role.policies,
    policyRequest,
  );
  const session = sessionVerdict(principal, policyRequest);
  const boundary = boundaryVerdict(request.boundary, policyRequest);
  if (identity === 'explicit-deny') return refusal('with an explicit deny in an identity-based policy');
  if (session === 'explicit-deny') return refusal('with an explicit deny in a session policy');
  if (boundary === 'explicit-deny') return refusal('with an explicit deny in a permissions boundary');
  if (identity !== 'allow') return refusal(`because no identity-based policy allows the ${action} action`);
  if (boundary !== 'allow') return refusal(`because no permissions boundary allows the ${action} action`);
  if (session !== 'allow') return refusal(`because no session policy allows the ${action} action`);
  return { allowed: true };
}

/**
 * Whether a role's trust policy and the caller's own policies let the caller do something to the role:
 * AssumeRole, and with it SetSourceIdentity and TagSession. Within an account a trust policy that names the
 * caller itself is enough for AssumeRole; across accounts, and for the two others, both sides must say yes.
 */
export function authorizeOnRole(
  request: Omit<AuthorizationRequest, 'resource'> & { readonly role: Role },
): boolean {
  const { role, action } = request;
  const { principal } = request.keys;
  const resource = roleArn(role);
  const context = requestContext(callerContext(request), request.context);
  const policyRequest = { action, resource, context };
  const trust = evaluateTrust(role.trust, policyRequest, trustCaller(principal));
  if (trust === 'explicit-deny' || trust === 'implicit-deny') return false;
  const own = authorize({ ...request, resource });
  if (own.allowed) return true;
  if (own.because.startsWith('with an explicit deny')) return false;
  return (
    action === 'sts:AssumeRole' &&
    principal.account === role.account &&
    isEnough(trust, request, policyRequest)
  );
}

/** Whether what a resource's policy says needs nothing of the caller's own policies, within one account. */
function isEnough(
  theirs: PolicyOfResourceVerdict,
  { boundary, keys }: Pick<AuthorizationRequest, 'boundary' | 'keys'>,
  request: PolicyRequest,
): boolean {
  if (theirs !== 'allow-role') return theirs === 'allow-session';
  return (
    sessionVerdict(keys.principal, request) === 'allow' && boundaryVerdict(boundary, request) === 'allow'
  );
}

/**
 * A resource with a policy of its own, a bucket or what is in it. Within an account either side's yes is enough, across
 * accounts both must say it; a no of either is a no.
 */
export function authorizeOnResource(
  request: AuthorizationRequest & { readonly owner: string; readonly policy: PolicyDocument | undefined },
): Decision {
  const { action, resource, policy, owner } = request;
  const { principal } = request.keys;
  const policyRequest = {
    action,
    resource,
    context: requestContext(callerContext(request), request.context),
  };
  const theirs =
    policy === undefined
      ? 'implicit-deny'
      : evaluateResourcePolicy(policy, policyRequest, trustCaller(principal));
  if (theirs === 'explicit-deny') return refusal('with an explicit deny in a resource-based policy');
  const own = authorize(request);
  if (own.allowed) {
    if (principal.account === owner || theirs !== 'implicit-deny') return own;
    return refusal(`because no resource-based policy allows the ${action} action`);
  }
  if (principal.account !== owner || own.because.startsWith('with an explicit deny')) return own;
  return isEnough(theirs, request, policyRequest) ? { allowed: true } : own;
}

function trustCaller(principal: Principal): TrustCaller {
  return {
    account: principal.account,
    arn: principal.kind === 'user' ? userArn(principal.user) : roleArn(principal.role),
    sessionArn: principal.arn,
  };
}

function sessionVerdict(principal: Principal, request: PolicyRequest) {
  if (principal.kind === 'user' || principal.sessionPolicies.length === 0) return 'allow';
  return evaluatePolicies(principal.sessionPolicies, request);
}

function boundaryVerdict(boundary: PolicyDocument | undefined, request: PolicyRequest) {
  return boundary === undefined ? 'allow' : evaluatePolicies([boundary], request);
}

function refusal(because: string): Decision {
  return { allowed: false, because };
}

/** The global condition keys that come from who is asking. */
export function callerContext({ keys, now }: Pick<AuthorizationRequest, 'keys' | 'now'>): ContextEntries {
  const { principal } = keys;
  const tags =
    principal.kind === 'user' ? principal.user.tags : { ...principal.role.tags, ...principal.tags };
  const temporary = keys.sessionToken !== undefined;
  return {
    'aws:CurrentTime': isoSeconds(now),
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalArn': principal.kind === 'user' ? userArn(principal.user) : roleArn(principal.role),
    'aws:PrincipalType': principal.kind === 'user' ? 'User' : 'AssumedRole',
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    'aws:SecureTransport': 'true',
    'aws:SourceIp': '127.0.0.1',
    'aws:userid': principal.userId,
    'aws:username': principal.kind === 'user' ? principal.user.name : undefined,
    'aws:SourceIdentity': principal.kind === 'role' ? principal.sourceIdentity : undefined,
    // Absent for long-term keys, which is why policies deny with BoolIfExists.
    'aws:MultiFactorAuthPresent': temporary ? String(principal.mfaAt !== undefined) : undefined,
    'aws:MultiFactorAuthAge':
      principal.mfaAt === undefined ? undefined : String(Math.floor((now - principal.mfaAt) / 1000)),
    'aws:TokenIssueTime': temporary ? isoSeconds(keys.issuedAt) : undefined,
    'identitystore:UserId': principal.kind === 'role' ? principal.person?.id : undefined,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
  };
}
