import { conditionsHold } from './conditions.ts';
import { compilePattern, matchesArn, matchesPattern } from './pattern.ts';
import { list, type OneOrMore, type PolicyDocument, type PolicyStatement } from './policy.ts';
import type { RequestContext } from './request-context.ts';

/**
 * What policies say of one request. Source: IAM User Guide, "Policy evaluation logic": an explicit Deny wins,
 * then an Allow, and nothing at all is a refusal.
 */
export interface PolicyRequest {
  /** `sts:AssumeRole`. */
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

export type Verdict = 'allow' | 'explicit-deny' | 'implicit-deny';

/** Identity-based or session policies: principals are not theirs to name. */
export function evaluatePolicies(policies: readonly PolicyDocument[], request: PolicyRequest): Verdict {
  const effects = policies.flatMap((policy) =>
    list(policy.Statement)
      .filter(
        (statement) =>
          actionMatches(statement, request.action) &&
          resourceMatches(statement, request, usesVariables(policy)) &&
          conditionsHold(statement.Condition, request.context, { variables: usesVariables(policy) }),
      )
      .map((statement) => statement.Effect),
  );
  if (effects.includes('Deny')) return 'explicit-deny';
  return effects.includes('Allow') ? 'allow' : 'implicit-deny';
}

/** The names by which a trust policy can mean the caller. */
export interface TrustCaller {
  readonly account: string;
  /** ARN of the role or user. */
  readonly arn: string;
  /** ARN of the role's session; the same as `arn` for a user. */
  readonly sessionArn: string;
}

/** A role's trust policy: the strongest of what it says. */
export function evaluateTrust(
  trust: PolicyDocument,
  request: PolicyRequest,
  caller: TrustCaller,
): PolicyOfResourceVerdict {
  return evaluateNaming(trust, request, caller, () => true);
}

/** A bucket's policy: as a trust policy, but its statements name resources too. */
export function evaluateResourcePolicy(
  policy: PolicyDocument,
  request: PolicyRequest,
  caller: TrustCaller,
): PolicyOfResourceVerdict {
  return evaluateNaming(policy, request, caller, (statement) =>
    resourceMatches(statement, request, usesVariables(policy)),
  );
}

/**
 * `allow-session`: everybody, a user, or this very session is named, which no boundary and no session policy limits;
 * `allow-role`: the role is, which they do limit; `allow-account`: only the account, which leaves it to the caller's own
 * policies. Source: IAM User Guide, "Policy evaluation logic for requests within a single account".
 */
export type PolicyOfResourceVerdict = keyof typeof strength | 'explicit-deny';

const strength = { 'implicit-deny': 0, 'allow-account': 1, 'allow-role': 2, 'allow-session': 3 };

function evaluateNaming(
  trust: PolicyDocument,
  request: PolicyRequest,
  caller: TrustCaller,
  concerns: (statement: PolicyStatement) => boolean,
): PolicyOfResourceVerdict {
  let result: keyof typeof strength = 'implicit-deny';
  for (const statement of list(trust.Statement)) {
    const named = principalMatches(statement, caller);
    if (!named || !actionMatches(statement, request.action) || !concerns(statement)) continue;
    if (!conditionsHold(statement.Condition, request.context, { variables: usesVariables(trust) })) continue;
    if (statement.Effect === 'Deny') return 'explicit-deny';
    if (strength[named] > strength[result]) result = named;
  }
  return result;
}

function principalMatches(
  statement: PolicyStatement,
  caller: TrustCaller,
): 'allow-session' | 'allow-role' | 'allow-account' | undefined {
  const { Principal } = statement;
  if (Principal === undefined) return undefined;
  const named = Principal === '*' ? ['*'] : list(Principal.AWS);
  // A Principal ARN has no wildcards: `*` is everybody or nothing special.
  if (named.some((entry) => entry === '*' || entry === caller.sessionArn)) return 'allow-session';
  if (named.includes(caller.arn)) return 'allow-role';
  const accountNames = [caller.account, `arn:aws:iam::${caller.account}:root`];
  return named.some((entry) => accountNames.includes(entry)) ? 'allow-account' : undefined;
}

function actionMatches(statement: PolicyStatement, action: string): boolean {
  if (statement.NotAction !== undefined) return !anyAction(statement.NotAction, action);
  return anyAction(statement.Action, action);
}

/** Actions are compared without regard to case. */
function anyAction(patterns: OneOrMore | undefined, action: string): boolean {
  return list(patterns).some((text) => {
    const pattern = compilePattern(text.toLowerCase(), new Map(), { variables: false, wildcards: true });
    return pattern !== undefined && matchesPattern(pattern, action.toLowerCase());
  });
}

function resourceMatches(statement: PolicyStatement, request: PolicyRequest, variables: boolean): boolean {
  const any = (patterns: OneOrMore | undefined) =>
    list(patterns).some((text) => {
      const pattern = compilePattern(text, request.context, { variables, wildcards: true });
      return pattern !== undefined && matchesArn(pattern, request.resource);
    });
  return statement.NotResource !== undefined ? !any(statement.NotResource) : any(statement.Resource);
}

/** Version 2008-10-17, the default, has no policy variables: `${…}` is then those characters. */
function usesVariables(policy: PolicyDocument): boolean {
  return policy.Version === '2012-10-17';
}
