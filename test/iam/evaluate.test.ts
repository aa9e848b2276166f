import { describe, expect, it } from 'vitest';
import { evaluateTrust, type Verdict } from '../../src/iam/evaluate.ts';
import type { PolicyStatement } from '../../src/iam/policy.ts';
import { requestContext } from '../../src/iam/request-context.ts';
import { allow, type Case, deny, verdict } from './verdict.ts';

describe('effects', () => {
  it.each<[string, readonly PolicyStatement[], Verdict]>([
    ['nothing said is a refusal', [], 'implicit-deny'],
    ['an allow', [allow()], 'allow'],
    ['a deny beats any allow, in any order', [deny(), allow()], 'explicit-deny'],
    ['a deny for something else does nothing', [allow(), deny({ Action: 's3:PutObject' })], 'allow'],
  ])('%s', (_name, statements, expected) => {
    expect(verdict({ statements })).toBe(expected);
  });
});

describe('actions and resources', () => {
  it.each<[string, PolicyStatement, Partial<Case>, boolean]>([
    ['an exact action', allow({ Action: 's3:GetObject' }), {}, true],
    ['actions regardless of case', allow({ Action: 'S3:getobject' }), {}, true],
    ['wildcards in actions', allow({ Action: 's3:Get*' }), {}, true],
    ['one character', allow({ Action: 's3:GetObjec?' }), {}, true],
    ['one character is not none', allow({ Action: 's3:GetObject?' }), {}, false],
    ['another service', allow({ Action: 'ec2:*' }), {}, false],
    ['no prefix match', allow({ Action: 's3:Get' }), {}, false],
    ['NotAction lets all others', allow({ NotAction: ['iam:*'] }), {}, true],
    ['NotAction holds back its own', allow({ NotAction: ['iam:*', 's3:*'] }), {}, false],
    ['resources with regard to case', allow({ Resource: 'arn:aws:s3:::Bucket/key' }), {}, false],
    ['a wildcard over slashes', allow({ Resource: 'arn:aws:s3:::b*' }), {}, true],
    ['NotResource', allow({ NotResource: 'arn:aws:s3:::other/*' }), {}, true],
    ['NotResource that is it', allow({ NotResource: 'arn:aws:s3:::bucket/*' }), {}, false],
    [
      'a wildcard does not reach over the colons of an ARN',
      allow({ Resource: 'arn:aws:iam::1*:role/x' }),
      { resource: 'arn:aws:iam::1:evil:role/x' },
      false,
    ],
    [
      'colons in the last part',
      allow({ Resource: 'arn:aws:rds-db:*:1:dbuser:*/reader' }),
      { resource: 'arn:aws:rds-db:us-east-1:1:dbuser:cluster-X/reader' },
      true,
    ],
    ['an incomplete ARN is completed with wildcards', allow({ Resource: 'arn:aws:s3' }), {}, true],
    [
      'a variable in a resource',
      allow({ Resource: `arn:aws:s3:::bucket/\${aws:username}/*` }),
      { resource: 'arn:aws:s3:::bucket/dana/x', context: { 'aws:username': 'dana' } },
      true,
    ],
    [
      'a variable without a value matches nothing',
      allow({ Resource: `arn:aws:s3:::bucket/\${aws:username}*` }),
      {},
      false,
    ],
    [
      'a variable with a default',
      allow({ Resource: `arn:aws:s3:::bucket/\${aws:username, 'key'}` }),
      {},
      true,
    ],
    [
      'a wildcard in a value is only itself',
      allow({ Resource: `arn:aws:s3:::bucket/\${aws:PrincipalTag/team}` }),
      { context: { 'aws:PrincipalTag/team': '*' } },
      false,
    ],
    [
      'no variables in the old version',
      allow({ Resource: `arn:aws:s3:::bucket/\${aws:username}` }),
      { version: '2008-10-17', resource: 'arn:aws:s3:::bucket/dana', context: { 'aws:username': 'dana' } },
      false,
    ],
    [
      `\${*} is an asterisk`,
      allow({ Resource: `arn:aws:s3:::bucket/\${*}` }),
      { resource: 'arn:aws:s3:::bucket/*' },
      true,
    ],
    [`\${*} is no wildcard`, allow({ Resource: `arn:aws:s3:::bucket/\${*}` }), {}, false],
  ])('%s', (_name, statement, request, allowed) => {
    expect(verdict({ statements: [statement], ...request })).toBe(allowed ? 'allow' : 'implicit-deny');
  });
});

describe('trust policies', () => {
  const caller = {
    account: '111111111111',
    arn: 'arn:aws:iam::111111111111:role/dev',
    sessionArn: 'arn:aws:sts::111111111111:assumed-role/dev/dana',
  };
  it.each<[string, NonNullable<PolicyStatement['Principal']>, ReturnType<typeof evaluateTrust>]>([
    ['everybody', '*', 'allow-session'],
    ['everybody of AWS', { AWS: '*' }, 'allow-session'],
    ['the role', { AWS: caller.arn }, 'allow-role'],
    ['the role session', { AWS: [caller.sessionArn] }, 'allow-session'],
    ['the account', { AWS: caller.account }, 'allow-account'],
    ['the root', { AWS: 'arn:aws:iam::111111111111:root' }, 'allow-account'],
    ['another account', { AWS: 'arn:aws:iam::222222222222:root' }, 'implicit-deny'],
    ['no wildcards within a principal', { AWS: 'arn:aws:iam::111111111111:role/*' }, 'implicit-deny'],
    ['a service', { Service: 'ec2.amazonaws.com' }, 'implicit-deny'],
    ['a SAML provider', { Federated: 'arn:aws:iam::111111111111:saml-provider/x' }, 'implicit-deny'],
  ])('%s', (_name, Principal, expected) => {
    const trust = { Statement: { Effect: 'Allow' as const, Principal, Action: 'sts:AssumeRole' } };
    const request = {
      action: 'sts:AssumeRole',
      resource: 'arn:aws:iam::1:role/x',
      context: requestContext({}),
    };
    expect(evaluateTrust(trust, request, caller)).toBe(expected);
    expect(evaluateTrust(trust, { ...request, action: 'sts:TagSession' }, caller)).toBe('implicit-deny');
    const alsoDenied = { Statement: [trust.Statement, { ...trust.Statement, Effect: 'Deny' as const }] };
    if (expected !== 'implicit-deny')
      expect(evaluateTrust(alsoDenied, request, caller)).toBe('explicit-deny');
  });
});
