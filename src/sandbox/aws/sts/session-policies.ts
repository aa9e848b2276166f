import { deflateRawSync } from 'node:zlib';
import { MalformedPolicy, parsePolicy } from '../../../iam/parse-policy.ts';
import type { PolicyDocument } from '../../../iam/policy.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { ConstraintCheck } from '../constraints.ts';

/** Session policies. Source: STS API Reference, AssumeRole, Policy and PolicyArns. */
export interface SessionPolicies {
  readonly documents: readonly PolicyDocument[];
  readonly arns: readonly string[];
  /** The inline one as it was sent. */
  readonly text: string;
}

/** Plain text of all session policies, and the packed form's limit. */
const longestPolicyText = 2048;
/** AWS does not publish how it packs; this many deflated bytes are our 100 %. */
const packedBytes = 1536;

export function readSessionPolicies(
  world: World,
  account: string,
  parameters: ReadonlyMap<string, string>,
  check: ConstraintCheck,
): SessionPolicies {
  const text = parameters.get('Policy');
  const arns = policyArns(parameters);
  check.text('policy', text, {
    min: 1,
    max: longestPolicyText,
    pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
  });
  check.list('policyArns', arns.length, 10);
  check.done();
  const named = arns.map((arn) => {
    const found = world.organisation.managedPolicies.get(arn);
    const owner = arn.split(':')[4];
    if (!found || (owner !== 'aws' && owner !== account)) {
      throw new AwsFailure('ValidationError', 400, `Policy ${arn} does not exist or is not attachable.`);
    }
    return found;
  });
  return { documents: [...(text === undefined ? [] : [parse(text)]), ...named], arns, text: text ?? '' };
}

function policyArns(parameters: ReadonlyMap<string, string>): readonly string[] {
  const found: string[] = [];
  for (let index = 1; ; index++) {
    const arn = parameters.get(`PolicyArns.member.${index}.arn`);
    if (arn === undefined) return found;
    found.push(arn);
  }
}

function parse(text: string): PolicyDocument {
  try {
    return parsePolicy(text, 'session');
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw new AwsFailure('MalformedPolicyDocument', 400, error.message);
  }
}

/** Percent of what AWS can pack of policies and tags; over 100 it refuses. Undefined: nothing to pack. */
export function packedPolicySize(
  policies: SessionPolicies,
  tags: Readonly<Record<string, string>>,
): number | undefined {
  const plain = policies.text + policies.arns.join('') + Object.entries(tags).flat().join('');
  if (plain === '') return undefined;
  const size = Math.ceil((deflateRawSync(plain).length * 100) / packedBytes);
  if (size > 100) {
    throw new AwsFailure(
      'PackedPolicyTooLarge',
      400,
      `Packed policy consumes ${size}% of allotted space, please use smaller policy.`,
    );
  }
  return size;
}
