import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findProfileSignIn, findSsoSession, parseAwsConfig } from '../../src/config/aws-config-file.ts';

describe('~/.aws/config', () => {
  it('has profiles, sso-sessions and services, nested settings included', () => {
    const file = parseAwsConfig(
      [
        '\ufeff[default]',
        'region=eu-west-1',
        '# a comment',
        '[profile "my dev"]   ; another',
        'SSO_Session = tapp',
        'sso_account_id = 111111111111 # inline',
        's3 =',
        '  addressing_style = path',
        '[sso-session tapp]',
        'sso_start_url = https://tapp.awsapps.com/start#/',
        'sso_region = us-east-1',
        'sso_registration_scopes = sso:account:access, a:b',
        '[services local]',
        'sts =',
        '  endpoint_url = http://127.0.0.1:4566',
        '[plugins]',
        'x = y',
      ].join('\r\n'),
    );
    expect([...file.profiles.keys()]).toEqual(['default', 'my dev']);
    expect(file.profiles.get('default')).toEqual(new Map([['region', 'eu-west-1']]));
    expect(Object.fromEntries(file.profiles.get('my dev') ?? [])).toEqual({
      sso_session: 'tapp',
      sso_account_id: '111111111111',
      s3: '',
      's3.addressing_style': 'path',
    });
    expect(file.services.get('local')?.get('sts.endpoint_url')).toBe('http://127.0.0.1:4566');
    const signIn = {
      startUrl: 'https://tapp.awsapps.com/start#/',
      region: 'us-east-1',
      session: 'tapp',
      scopes: ['sso:account:access', 'a:b'],
    };
    expect(findSsoSession(file, 'tapp')).toEqual(signIn);
    expect(findProfileSignIn(file, 'my dev')).toEqual(signIn);
    expect(findProfileSignIn(file, 'default')).toBeUndefined();
  });

  it('takes a section that occurs twice as one', () => {
    const file = parseAwsConfig('[profile a]\nx=1\ny=1\n[profile b]\n[profile a]\nx=2\n');
    expect(Object.fromEntries(file.profiles.get('a') ?? [])).toEqual({ x: '2', y: '1' });
  });

  it('knows the sign-in of profiles from before sso-sessions', () => {
    const file = parseAwsConfig(
      '[profile old]\nsso_start_url=https://o.awsapps.com/start\nsso_region=eu-west-1\n',
    );
    expect(findProfileSignIn(file, 'old')).toMatchObject({
      session: 'https://o.awsapps.com/start',
      scopes: [],
    });
  });

  it('never fails, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => void parseAwsConfig(text)),
    );
    const characters = fc.constantFrom('[', ']', ' ', '=', '\n', '\r', '#', 'a', 'profile ', '"', '\t');
    fc.assert(fc.property(fc.array(characters), (parts) => void parseAwsConfig(parts.join(''))));
  });
});
