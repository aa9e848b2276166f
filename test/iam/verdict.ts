import { evaluatePolicies, type Verdict } from '../../src/iam/evaluate.ts';
import type { PolicyStatement } from '../../src/iam/policy.ts';
import { type ContextEntries, requestContext } from '../../src/iam/request-context.ts';

export interface Case {
  readonly statements: readonly PolicyStatement[];
  readonly action?: string;
  readonly resource?: string;
  readonly context?: ContextEntries;
  readonly version?: string;
}

/** What one policy of these statements says. */
export function verdict({ statements, action, resource, context, version }: Case): Verdict {
  return evaluatePolicies([{ Version: version ?? '2012-10-17', Statement: statements }], {
    action: action ?? 's3:GetObject',
    resource: resource ?? 'arn:aws:s3:::bucket/key',
    context: requestContext(context ?? {}),
  });
}

export const allow = (parts: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  ...(parts.NotAction ? {} : { Action: '*' }),
  ...(parts.NotResource ? {} : { Resource: '*' }),
  ...parts,
});
export const deny = (parts: Partial<PolicyStatement> = {}): PolicyStatement => ({
  ...allow(parts),
  Effect: 'Deny',
});
