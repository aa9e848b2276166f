import { runSimulation } from '@cloud-copilot/iam-simulate';
import { evaluatePolicies } from '../../../src/iam/evaluate.ts';
import type { PolicyDocument } from '../../../src/iam/policy.ts';
import { type ContextEntries, requestContext } from '../../../src/iam/request-context.ts';
import { authorizeOnResource, authorizeOnRole, callerContext } from '../../../src/sandbox/authorize.ts';
import type { Role } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys, Principal } from '../../../src/sandbox/principal.ts';

/**
 * One question put to the sandbox's evaluator and to a maintained simulator that shares no code with it. They must
 * agree: a verdict that only one of them gives is a failure, and so is the simulator not having understood.
 */
export interface Question {
  readonly now: number;
  readonly keys: IssuedKeys;
  readonly action: string;
  readonly resource: string;
  /** The account whose the resource is. */
  readonly owner: string;
  readonly context?: ContextEntries;
  /** Of the bucket; a role's trust policy comes from `role`. */
  readonly policy?: PolicyDocument | undefined;
  readonly role?: Role;
  readonly boundary?: PolicyDocument | undefined;
  /** The organisation's service control policy on the caller's account, beside AWS's own that allows everything. */
  readonly guard?: PolicyDocument;
}

export async function bothJudges(question: Question): Promise<'allowed' | 'denied'> {
  const ours = sandboxSays(question) ? 'allowed' : 'denied';
  const simulated = await simulatorSays(question);
  if (ours !== simulated) {
    const { action, resource } = question;
    throw new Error(`${action} on ${resource}: the sandbox says ${ours}, the simulator ${simulated}`);
  }
  return ours;
}

function sandboxSays(question: Question): boolean {
  const { now, keys, action, resource, owner, policy, role, boundary, guard, context = {} } = question;
  const asked = { action, resource, context: requestContext(callerContext(question), context) };
  if (guard !== undefined && evaluatePolicies([guard], asked) === 'explicit-deny') return false;
  const request = { now, keys, action, resource, boundary, context };
  return role === undefined
    ? authorizeOnResource({ ...request, owner, policy }).allowed
    : authorizeOnRole({ ...request, role });
}

async function simulatorSays(question: Question): Promise<'allowed' | 'denied'> {
  const { keys, action, resource, owner, policy, role, boundary, guard } = question;
  const { principal } = keys;
  const resourcePolicy = role?.trust ?? policy;
  const context = requestContext(callerContext(question), question.context ?? {});
  const result = await runSimulation(
    {
      request: {
        principal: principal.arn,
        action,
        resource: { resource, accountId: owner },
        contextVariables: Object.fromEntries(
          [...context].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : [...values]]),
        ),
      },
      identityPolicies: policiesOf(principal).map((document, index) => ({
        name: `policy-${index}`,
        policy: document,
      })),
      serviceControlPolicies:
        guard === undefined
          ? []
          : [{ orgIdentifier: 'r-root', policies: [everything, { name: 'guard', policy: guard }] }],
      resourceControlPolicies: [],
      ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
      ...(boundary === undefined
        ? {}
        : { permissionBoundaryPolicies: [{ name: 'boundary', policy: boundary }] }),
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors));
  if (result.overallResult === 'Allowed') return 'allowed';
  if (/Denied$/.test(result.overallResult)) return 'denied';
  throw new Error(`the simulator says ${result.overallResult}`);
}

/** FullAWSAccess, which is on everything unless it is taken away. */
const everything = {
  name: 'FullAWSAccess',
  policy: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
};

const policiesOf = (principal: Principal): readonly PolicyDocument[] =>
  principal.kind === 'user' ? principal.user.policies : principal.role.policies;

/** Keys of a role's session, of a person's when the session came from Identity Center. */
export function sessionKeys(
  role: Role,
  sessionName: string,
  more: Partial<Extract<Principal, { kind: 'role' }>> = {},
): IssuedKeys {
  return {
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: '',
    sessionToken: 'token',
    issuedAt: Date.UTC(2026, 10, 20, 12),
    expiresAt: undefined,
    principal: {
      kind: 'role',
      account: role.account,
      arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
      userId: `${role.id}:${sessionName}`,
      mfaAt: undefined,
      role,
      sessionName,
      sourceIdentity: undefined,
      tags: {},
      transitiveTagKeys: [],
      sessionPolicies: [],
      person: undefined,
      ...more,
    },
  };
}
