import { describe, expect, it } from 'vitest';
import { MalformedPolicy, type PolicyKind, parsePolicy } from '../../src/iam/parse-policy.ts';

describe('policy documents', () => {
  const good = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  it.each<[string, unknown, PolicyKind]>([
    ['no object', [], 'session'],
    ['no statement', {}, 'session'],
    ['an unknown version', { Version: '2020-01-01', Statement: good }, 'session'],
    ['an unknown element', { Statement: { ...good, Resources: '*' } }, 'session'],
    ['an unknown effect', { Statement: { ...good, Effect: 'allow' } }, 'session'],
    ['Action and NotAction', { Statement: { ...good, NotAction: 's3:*' } }, 'session'],
    ['no Action', { Statement: { Effect: 'Allow', Resource: '*' } }, 'session'],
    ['no Resource', { Statement: { Effect: 'Allow', Action: '*' } }, 'session'],
    ['an action without a service', { Statement: { ...good, Action: 'GetObject' } }, 'session'],
    ['a resource that is no ARN', { Statement: { ...good, Resource: 'bucket' } }, 'session'],
    ['a bucket policy without Principal', { Statement: good }, 'resource'],
    [
      'a bucket policy without Resource',
      { Statement: { Effect: 'Deny', Principal: '*', Action: 's3:*' } },
      'resource',
    ],
    ['a Principal in a session policy', { Statement: { ...good, Principal: '*' } }, 'session'],
    ['an unknown operator', { Statement: { ...good, Condition: { StringIs: { a: 'b' } } } }, 'session'],
    ['NullIfExists', { Statement: { ...good, Condition: { NullIfExists: { a: 'true' } } } }, 'session'],
    [
      'a condition value that is an object',
      { Statement: { ...good, Condition: { StringEquals: { a: {} } } } },
      'session',
    ],
    [
      'a trust policy without Principal',
      { Statement: { Effect: 'Allow', Action: 'sts:AssumeRole' } },
      'trust',
    ],
    [
      'a wildcard within a principal',
      {
        Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: 'arn:aws:iam::1:role/*' } },
      },
      'trust',
    ],
  ])('refuses %s', (_name, document, kind) => {
    expect(() => parsePolicy(JSON.stringify(document), kind)).toThrow(MalformedPolicy);
  });

  it('takes what IAM takes', () => {
    const document = {
      Version: '2012-10-17',
      Statement: [good, { ...good, Effect: 'Deny', Condition: { Bool: { 'aws:x': true } } }],
    };
    expect(parsePolicy(JSON.stringify(document), 'session')).toEqual(document);
    const ofBucket = { ...document, Statement: { ...good, Principal: '*' } };
    expect(parsePolicy(JSON.stringify(ofBucket), 'resource')).toEqual(ofBucket);
    expect(() => parsePolicy('{', 'session')).toThrow('This policy contains invalid Json');
  });
});
