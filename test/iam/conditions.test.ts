import { describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../src/iam/policy.ts';
import type { ContextEntries } from '../../src/iam/request-context.ts';
import { allow, verdict } from './verdict.ts';

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
