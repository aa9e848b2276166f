import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluatePolicies, evaluateTrust, type Verdict } from '../../../src/sandbox/iam/evaluate.ts';
import { MalformedPolicy, type PolicyKind, parsePolicy } from '../../../src/sandbox/iam/parse-policy.ts';
import { compilePattern, matchesPattern } from '../../../src/sandbox/iam/pattern.ts';
import type { PolicyStatement } from '../../../src/sandbox/iam/policy.ts';
import { type ContextEntries, requestContext } from '../../../src/sandbox/iam/request-context.ts';

interface Case {
  readonly statements: readonly PolicyStatement[];
  readonly action?: string;
  readonly resource?: string;
  readonly context?: ContextEntries;
  readonly version?: string;
}

function verdict({ statements, action, resource, context, version }: Case): Verdict {
  return evaluatePolicies([{ Version: version ?? '2012-10-17', Statement: statements }], {
    action: action ?? 's3:GetObject',
    resource: resource ?? 'arn:aws:s3:::bucket/key',
    context: requestContext(context ?? {}),
  });
}

const allow = (parts: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  ...(parts.NotAction ? {} : { Action: '*' }),
  ...(parts.NotResource ? {} : { Resource: '*' }),
  ...parts,
});
const deny = (parts: Partial<PolicyStatement> = {}): PolicyStatement => ({ ...allow(parts), Effect: 'Deny' });

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

describe('conditions', () => {
  const who = `\${identitystore:UserId}`;
  it.each<[string, NonNullable<PolicyStatement['Condition']>, ContextEntries, boolean]>([
    ['StringEquals', { StringEquals: { 'aws:a': 'x' } }, { 'aws:a': 'x' }, true],
    ['StringEquals takes no wildcards', { StringEquals: { 'aws:a': '*' } }, { 'aws:a': 'x' }, false],
    ['key names regardless of case', { StringEquals: { 'AWS:A': 'x' } }, { 'aws:a': 'x' }, true],
    ['values with regard to case', { StringEquals: { 'aws:a': 'X' } }, { 'aws:a': 'x' }, false],
    ['any of the values', { StringEquals: { 'aws:a': ['y', 'x'] } }, { 'aws:a': 'x' }, true],
    ['all of the keys', { StringEquals: { 'aws:a': 'x', 'aws:b': 'y' } }, { 'aws:a': 'x' }, false],
    [
      'all of the operators',
      { StringEquals: { 'aws:a': 'x' }, Null: { 'aws:b': 'false' } },
      { 'aws:a': 'x' },
      false,
    ],
    ['absent key', { StringEquals: { 'aws:a': 'x' } }, {}, false],
    ['absent key, IfExists', { StringEqualsIfExists: { 'aws:a': 'x' } }, {}, true],
    ['wrong key, IfExists', { StringEqualsIfExists: { 'aws:a': 'x' } }, { 'aws:a': 'y' }, false],
    ['absent key, negated', { StringNotEquals: { 'aws:a': 'x' } }, {}, true],
    ['negated is none of the values', { StringNotEquals: { 'aws:a': ['x', 'y'] } }, { 'aws:a': 'y' }, false],
    ['IgnoreCase', { StringEqualsIgnoreCase: { 'aws:a': 'X' } }, { 'aws:a': 'x' }, true],
    ['StringLike', { StringLike: { 'aws:a': 'da?a@*' } }, { 'aws:a': 'dana@tapp.example' }, true],
    ['StringNotLike', { StringNotLike: { 'aws:a': 'd*' } }, { 'aws:a': 'dana' }, false],
    ['?* wants something', { StringLike: { 'aws:a': '?*' } }, { 'aws:a': '' }, false],
    [
      'variable',
      { StringEquals: { 'sts:SourceIdentity': who } },
      { 'sts:SourceIdentity': 'u1', 'identitystore:UserId': 'u1' },
      true,
    ],
    [
      'variable of another',
      { StringEquals: { 'sts:SourceIdentity': who } },
      { 'sts:SourceIdentity': 'u1', 'identitystore:UserId': 'u2' },
      false,
    ],
    [
      'variable that is absent',
      { StringEquals: { 'sts:SourceIdentity': who } },
      { 'sts:SourceIdentity': who },
      false,
    ],
    [
      'Bool',
      { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      { 'aws:MultiFactorAuthPresent': 'true' },
      true,
    ],
    [
      'Bool written as one',
      { Bool: { 'aws:MultiFactorAuthPresent': true } },
      { 'aws:MultiFactorAuthPresent': 'true' },
      true,
    ],
    ['Bool absent', { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, {}, false],
    ['BoolIfExists absent', { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } }, {}, true],
    [
      'NumericLessThan',
      { NumericLessThan: { 'aws:MultiFactorAuthAge': '300' } },
      { 'aws:MultiFactorAuthAge': '299' },
      true,
    ],
    [
      'NumericLessThan as a number, not as text',
      { NumericLessThan: { 'aws:a': '30' } },
      { 'aws:a': '4' },
      true,
    ],
    ['NumericLessThanEquals', { NumericLessThanEquals: { 'aws:a': 3 } }, { 'aws:a': '3' }, true],
    ['NumericGreaterThan', { NumericGreaterThan: { 'aws:a': '3' } }, { 'aws:a': '3' }, false],
    ['Numeric of no number', { NumericEquals: { 'aws:a': '0' } }, { 'aws:a': '' }, false],
    [
      'DateLessThan',
      { DateLessThan: { 'aws:CurrentTime': '2026-11-21T12:00:00Z' } },
      { 'aws:CurrentTime': '2026-11-21T11:59:59Z' },
      true,
    ],
    [
      'DateLessThan past',
      { DateLessThan: { 'aws:CurrentTime': '2026-11-21T12:00:00Z' } },
      { 'aws:CurrentTime': '2026-11-21T12:00:00Z' },
      false,
    ],
    [
      'Date in epoch seconds',
      { DateGreaterThan: { 'aws:TokenIssueTime': '1700000000' } },
      { 'aws:TokenIssueTime': '2026-01-01T00:00:00Z' },
      true,
    ],
    [
      'Date of nonsense',
      { DateLessThan: { 'aws:CurrentTime': 'tomorrow' } },
      { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
      false,
    ],
    [
      'ArnLike',
      {
        ArnLike: {
          'aws:PrincipalArn': 'arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_*',
        },
      },
      { 'aws:PrincipalArn': 'arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0' },
      true,
    ],
    [
      'ArnLike part by part',
      { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/x' } },
      { 'aws:PrincipalArn': 'arn:aws:iam::1:user/role/x' },
      false,
    ],
    [
      'ArnEquals takes wildcards too',
      { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::1:role/*' } },
      { 'aws:PrincipalArn': 'arn:aws:iam::1:role/x' },
      true,
    ],
    [
      'ArnNotLike',
      { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::1:*' } },
      { 'aws:PrincipalArn': 'arn:aws:iam::1:role/x' },
      false,
    ],
    ['IpAddress', { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:SourceIp': '127.0.0.1' }, true],
    [
      'IpAddress single',
      { IpAddress: { 'aws:SourceIp': '127.0.0.2' } },
      { 'aws:SourceIp': '127.0.0.1' },
      false,
    ],
    [
      'IpAddress of version 6',
      { IpAddress: { 'aws:SourceIp': '2001:db8::/32' } },
      { 'aws:SourceIp': '2001:db8:1::1' },
      true,
    ],
    [
      'NotIpAddress',
      { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
      { 'aws:SourceIp': '127.0.0.1' },
      true,
    ],
    ['Null true: absent', { Null: { 'aws:a': 'true' } }, {}, true],
    ['Null false: present', { Null: { 'aws:a': 'false' } }, { 'aws:a': '' }, true],
    ['Null false of an empty list', { Null: { 'aws:a': 'false' } }, { 'aws:a': [] }, false],
    [
      'ForAnyValue',
      { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } },
      { 'aws:TagKeys': ['b', 'a'] },
      true,
    ],
    ['ForAnyValue of none', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }, {}, false],
    [
      'ForAnyValue, negated',
      { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['a'] } },
      { 'aws:TagKeys': ['a'] },
      false,
    ],
    [
      'ForAllValues',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
      { 'aws:TagKeys': ['b', 'a'] },
      true,
    ],
    [
      'ForAllValues with one too many',
      { 'ForAllValues:StringLike': { 'aws:TagKeys': ['a*'] } },
      { 'aws:TagKeys': ['a1', 'b'] },
      false,
    ],
    ['ForAllValues of none holds', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } }, {}, true],
    ['an unknown operator never holds', { StringSomething: { 'aws:a': 'x' } }, { 'aws:a': 'x' }, false],
  ])('%s', (_name, condition, context, holds) => {
    expect(verdict({ statements: [allow({ Condition: condition })], context })).toBe(
      holds ? 'allow' : 'implicit-deny',
    );
  });
});

describe('trust policies', () => {
  const caller = {
    account: '111111111111',
    arn: 'arn:aws:iam::111111111111:role/dev',
    sessionArn: 'arn:aws:sts::111111111111:assumed-role/dev/dana',
  };
  it.each<[string, NonNullable<PolicyStatement['Principal']>, ReturnType<typeof evaluateTrust>]>([
    ['everybody', '*', 'allow-principal'],
    ['everybody of AWS', { AWS: '*' }, 'allow-principal'],
    ['the role', { AWS: caller.arn }, 'allow-principal'],
    ['the role session', { AWS: [caller.sessionArn] }, 'allow-principal'],
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
    expect(() => parsePolicy('{', 'session')).toThrow('This policy contains invalid Json');
  });
});

describe('patterns', () => {
  const pattern = (text: string) => {
    const compiled = compilePattern(text, new Map(), { variables: false, wildcards: true });
    if (!compiled) throw new Error('has variables');
    return compiled;
  };

  it('agree with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', ':', '/'), maxLength: 12 });
    const plain = fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), maxLength: 12 });
    fc.assert(
      fc.property(letters, plain, (text, value) => {
        const regex = new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
        expect(matchesPattern(pattern(text), value)).toBe(regex.test(value));
      }),
    );
  });

  it('stay fast on patterns made to be slow', () => {
    const began = performance.now();
    expect(matchesPattern(pattern(`${'a*'.repeat(60)}b`), 'a'.repeat(20_000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
