import type { Principal } from '../../principal.ts';
import { AwsFailure } from '../aws-failure.ts';
import { type ConstraintCheck, members } from '../constraints.ts';

/** Session tags. Source: IAM User Guide, "Pass session tags in AWS STS". */
export interface SessionTags {
  /** As given in this request. */
  readonly requested: Readonly<Record<string, string>>;
  readonly requestedTransitive: readonly string[];
  /** With those inherited from the calling session. */
  readonly all: Readonly<Record<string, string>>;
  readonly transitive: readonly string[];
}

const tagPattern = '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*';

export function readSessionTags(
  parameters: ReadonlyMap<string, string>,
  check: ConstraintCheck,
): Pick<SessionTags, 'requested' | 'requestedTransitive'> {
  const pairs: [string, string][] = [];
  for (let index = 1; parameters.has(`Tags.member.${index}.Key`); index++) {
    const key = parameters.get(`Tags.member.${index}.Key`) ?? '';
    const value = parameters.get(`Tags.member.${index}.Value`);
    check.text(`tags.${index}.member.key`, key, { min: 1, max: 128, pattern: tagPattern });
    check.text(`tags.${index}.member.value`, value, { max: 256, pattern: tagPattern, required: true });
    pairs.push([key, value ?? '']);
  }
  const requestedTransitive = members(parameters, 'TransitiveTagKeys.member');
  check.list('tags', pairs.length, 50);
  check.list('transitiveTagKeys', requestedTransitive.length, 50);
  for (const [index, key] of requestedTransitive.entries()) {
    check.text(`transitiveTagKeys.${index + 1}.member`, key, { min: 1, max: 128, pattern: tagPattern });
  }
  const keys = pairs.map(([key]) => key.toLowerCase());
  if (new Set(keys).size !== keys.length) {
    throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  if (keys.some((key) => key.startsWith('aws:'))) {
    throw invalid('Tag keys that start with aws: are reserved for system use.');
  }
  return { requested: Object.fromEntries(pairs), requestedTransitive };
}

/** Transitive tags of the calling session are inherited and can't be set again. */
export function mergeSessionTags(
  { requested, requestedTransitive }: Pick<SessionTags, 'requested' | 'requestedTransitive'>,
  principal: Principal,
): SessionTags {
  const inheritedKeys = principal.kind === 'role' ? principal.transitiveTagKeys : [];
  const source = principal.kind === 'role' ? principal.tags : {};
  const inherited = Object.fromEntries(
    Object.entries(source).filter(([key]) => includesKey(inheritedKeys, key)),
  );
  const clash = [...Object.keys(requested), ...requestedTransitive].find((key) =>
    includesKey(inheritedKeys, key),
  );
  if (clash !== undefined) {
    throw invalid(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  const unknown = requestedTransitive.find((key) => !includesKey(Object.keys(requested), key));
  if (unknown !== undefined) {
    throw invalid('The specified transitive tag key must be included in the requested tags.');
  }
  return {
    requested,
    requestedTransitive,
    all: { ...inherited, ...requested },
    transitive: [...inheritedKeys, ...requestedTransitive],
  };
}

function includesKey(keys: readonly string[], wanted: string): boolean {
  return keys.some((key) => key.toLowerCase() === wanted.toLowerCase());
}

function invalid(message: string): AwsFailure {
  return new AwsFailure('InvalidParameterValue', 400, message);
}
