import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAwsConfig } from '../../src/config/aws-config-file.ts';
import { ForgeError } from '../../src/errors.ts';
import { planProfile } from '../../src/identity/aws-profile.ts';

const files = (config: string, credentials: Record<string, Record<string, string>> = {}) => ({
  ...parseAwsConfig(config),
  credentials: new Map(
    Object.entries(credentials).map(([name, settings]) => [name, new Map(Object.entries(settings))]),
  ),
});
const keys = 'aws_access_key_id = A\naws_secret_access_key = S\n';
const role = (name: string) => `role_arn = arn:aws:iam::111111111111:role/${name}\n`;

describe('the plan of a profile', () => {
  it.each([
    ['keys', `[profile a]\n${keys}`, 'keys'],
    ['keys of default', `[default]\n${keys}`, 'keys'],
    ['a process', '[profile a]\ncredential_process = x\n', 'process'],
    ['aws login', '[profile a]\nlogin_session = arn:aws:iam::1:user/x\n', 'login'],
    ['web identity', `[profile a]\n${role('r')}web_identity_token_file = /t\n`, 'web-identity'],
    [
      'sso before keys',
      `[profile a]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111111111111\nsso_role_name = R\n${keys}`,
      'permission-set',
    ],
    ['the environment', `[profile a]\n${role('r')}credential_source = Environment\n`, 'environment'],
    [
      'the instance, only when it says so',
      `[profile a]\n${role('r')}credential_source = Ec2InstanceMetadata\n`,
      'instance',
    ],
    ['the container', `[profile a]\n${role('r')}credential_source = EcsContainer\n`, 'container'],
  ])('starts with %s', (_, config, kind) => {
    expect(planProfile(files(config), config.startsWith('[default]') ? 'default' : 'a').start.kind).toBe(
      kind,
    );
  });

  it('assumes roles from the source outwards', () => {
    const config = `[profile a]\n${role('outer')}source_profile = b\nmfa_serial = m\nregion = eu-west-1
[profile b]\n${role('inner')}source_profile = c\nexternal_id = e\nduration_seconds = 900\nrole_session_name = me
[profile c]\n${keys}`;
    const plan = planProfile(files(config), 'a');
    expect(plan.region).toBe('eu-west-1');
    expect(plan.roles).toEqual([
      {
        roleArn: 'arn:aws:iam::111111111111:role/inner',
        externalId: 'e',
        mfaSerial: undefined,
        durationSeconds: 900,
        sessionName: 'me',
      },
      {
        roleArn: 'arn:aws:iam::111111111111:role/outer',
        externalId: undefined,
        mfaSerial: 'm',
        durationSeconds: 3600,
        sessionName: undefined,
      },
    ]);
  });

  it('takes a profile that names itself with its own keys, and keys of ~/.aws/credentials first', () => {
    const self = `[profile a]\n${role('r')}source_profile = a\n${keys}`;
    const credentials = { a: { aws_access_key_id: 'FROM', aws_secret_access_key: 'CREDENTIALS' } };
    expect(planProfile(files(self, credentials), 'a')).toMatchObject({
      start: { kind: 'keys', accessKeyId: 'FROM' },
      roles: [{ roleArn: 'arn:aws:iam::111111111111:role/r' }],
    });
  });

  it.each([
    ['is not there', '[profile dev]\n', 'dve', 'UNKNOWN_PROFILE', 'Did you mean dev?'],
    [
      'names one that is not there',
      `[profile a]\n${role('r')}source_profile = other\n`,
      'a',
      'UNKNOWN_PROFILE',
      'There are: a.',
    ],
    ['is empty', '[profile a]\nregion = x\n', 'a', 'INCOMPLETE_PROFILE', 'credential_process'],
    [
      'has a role and nothing to assume it with',
      `[profile a]\n${role('r')}`,
      'a',
      'INCOMPLETE_PROFILE',
      'source_profile',
    ],
    [
      'has half of an sso setting',
      '[profile a]\nsso_session = s\n',
      'a',
      'INCOMPLETE_PROFILE',
      'sso_account_id',
    ],
    [
      'has a wrong duration',
      `[profile a]\n${role('r')}source_profile = a\nduration_seconds = 12h\n`,
      'a',
      'INVALID_PROFILE',
      '900',
    ],
    [
      'is in a circle',
      `[profile a]\n${role('r')}source_profile = b\n[profile b]\n${role('s')}source_profile = a\n`,
      'a',
      'CIRCULAR_PROFILES',
      'source_profile',
    ],
  ])('that %s is refused with the way out', (_, config, name, code, hint) => {
    expect(() => planProfile(files(config), name)).toThrow(
      expect.objectContaining({ kind: 'usage', code, hint: expect.stringContaining(hint) }),
    );
  });

  it('ends, whatever the files say', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const setting = fc.oneof(
      name.map((other) => `source_profile = ${other}\n`),
      fc.constantFrom(
        role('r'),
        keys,
        'credential_source = Environment\n',
        'credential_process = x\n',
        'sso_session = s\n',
      ),
    );
    const section = fc
      .tuple(name, fc.array(setting, { maxLength: 4 }))
      .map(([own, settings]) => `[profile ${own}]\n${settings.join('')}`);
    fc.assert(
      fc.property(fc.array(section), name, (sections, wanted) => {
        try {
          expect(planProfile(files(sections.join('')), wanted).roles.length).toBeLessThanOrEqual(4);
        } catch (error) {
          expect(error).toBeInstanceOf(ForgeError);
        }
      }),
    );
  });
});
