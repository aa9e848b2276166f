import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCallerArn } from '../../src/identity/caller-arn.ts';
import { personName, toSessionName } from '../../src/identity/person.ts';

const role = (name: string, session: string) => `arn:aws:sts::111111111111:assumed-role/${name}/${session}`;

describe('the name of a person', () => {
  it.each([
    [role('AWSReservedSSO_Forge-Developer_80fc1467daf850ce', 'dana@tapp.example'), 'dana@tapp.example'],
    [role('developer-rds-access', 'dana@tapp.example'), 'dana@tapp.example'],
    [role('developer-rds-access', 'dev-psql-1700000000'), 'tester'],
    [role('ci', 'botocore-session-1700000000'), 'tester'],
    [role('web', 'i-0123456789abcdef0'), 'tester'],
    [role('x', 'aws-sdk-js-1700000000000'), 'tester'],
    ['arn:aws:iam::111111111111:user/division/jane.doe', 'jane.doe'],
    ['arn:aws:sts::111111111111:federated-user/bob', 'bob'],
    ['arn:aws:iam::111111111111:root', 'tester'],
    ['nonsense', 'tester'],
    [undefined, 'tester'],
  ])('of %s is %s', (arn, name) => expect(personName(arn, 'tester')).toBe(name));

  it('is always one that STS takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(toSessionName(text)).toMatch(/^[\w+=,.@-]{2,64}$/);
        expect(toSessionName(text)).not.toMatch(/^aws:/);
      }),
    );
    expect(toSessionName('José Müller')).toBe('Jose-Muller');
    expect(toSessionName('')).toBe('x-forge');
  });
});

describe('the ARN of a caller', () => {
  it('names the permission set, also one with an underscore', () => {
    const arn = role('AWSReservedSSO_My_Set_80fc1467daf850ce', 'd');
    expect(parseCallerArn(arn)).toMatchObject({
      permissionSet: 'My_Set',
      account: '111111111111',
      partition: 'aws',
    });
    expect(parseCallerArn(role('AWSReservedSSO_My_Set', 'd'))?.permissionSet).toBeUndefined();
    const iam =
      'arn:aws-us-gov:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_80fc1467daf850ce';
    expect(parseCallerArn(iam)).toMatchObject({ kind: 'role', permissionSet: 'A', partition: 'aws-us-gov' });
  });

  it.each([
    '',
    'arn:aws:sts::1:assumed-role/a/b',
    'arn:aws:sts::111111111111:assumed-role/a',
    'arn:aws:sts::111111111111:assumed-role/a/b/c',
    'arn:aws:s3:::bucket',
    'arn:aws:iam::111111111111:group/a',
  ])('is not %j', (text) => expect(parseCallerArn(text)).toBeUndefined());
});
