import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { main } from '../../src/main.ts';
import { flags, startUrl, useLoginStage } from './login-stage.ts';

const at = useLoginStage();

describe('where forge login signs in', () => {
  const write = (text: string) => {
    mkdirSync(join(at.host.directories.home, '.aws'), { recursive: true });
    writeFileSync(join(at.host.directories.home, '.aws', 'config'), text);
  };
  const session = (name: string) =>
    `[sso-session ${name}]\nsso_start_url = ${startUrl}\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n`;

  it('the only sso-session of ~/.aws/config', async () => {
    write(session('tapp'));
    expect(await main(['login', '--device-code'], at.host)).toBe(0);
    expect(existsSync(tokenFile(at.host, { session: 'tapp' }))).toBe(true);
  });

  it('a profile from before sso-sessions', async () => {
    write(
      `[profile old]\nsso_start_url = ${startUrl}\nsso_region = us-east-1\nsso_account_id = 111111111111\n`,
    );
    expect(await main(['login', '--device-code', '--profile', 'old'], at.host)).toBe(0);
    expect(existsSync(tokenFile(at.host, { session: startUrl }))).toBe(true);
  });

  it.each([
    ['nothing known', '', ['login'], 'does not know where to sign in'],
    ['two sessions', session('one') + session('two'), ['login'], 'more than one sso-session: one, two'],
    ['a typing error', session('tapp'), ['login', '--session', 'tap'], 'Did you mean: --session tapp'],
    [
      'a profile without SSO',
      '[profile keys]\nregion = x\n',
      ['login', '--profile', 'keys'],
      'does not sign in through',
    ],
    [
      'no such profile',
      '[profile keys]\nregion = x\n',
      ['login', '--profile', 'key'],
      'Did you mean: --profile keys',
    ],
    ['a start URL alone', '', ['login', '--start-url', startUrl], '--start-url needs --sso-region'],
    ['a region alone', '', ['login', '--sso-region', 'us-east-1'], '--sso-region goes with --start-url'],
    ['http', '', ['login', '--start-url', 'http://x', '--sso-region', 'us-east-1'], 'is not a start URL'],
    [
      'no region',
      '',
      ['login', '--start-url', startUrl, '--sso-region', 'x.evil'],
      'not the name of an AWS region',
    ],
    ['both ways', '', ['login', '--device-code', '--browser', ...flags], 'exclude each other'],
  ])('%s is exit 2', async (name, config, argv, sentence) => {
    if (config !== '') write(config);
    if (name === 'no region') delete (at.host.env as Record<string, string | undefined>).AWS_ENDPOINT_URL;
    expect(await main(argv, at.host)).toBe(2);
    expect(at.host.err()).toContain(sentence);
    expect(at.stub.calls.size).toBe(0);
  });
});
