import { MalformedPolicy, type PolicyKind, parsePolicy } from '../iam/parse-policy.ts';
import type { PolicyDocument } from '../iam/policy.ts';

/** What IAM would refuse is no policy, and is said; an empty list then. */
export function parseDocument(
  text: string,
  where: string,
  gaps: { readonly notKnown: string[] },
  kind: PolicyKind = 'identity',
): readonly PolicyDocument[] {
  try {
    return [parsePolicy(text, kind)];
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    gaps.notKnown.push(`${where}: ${error.message}`);
    return [];
  }
}
