import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { main } from '../../src/main.ts';
import { canary, type IdentityStub, startIdentityStub } from '../identity/identity-stub.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const startUrl = 'https://d-1234567890.awsapps.com/start';
const flags = ['--start-url', startUrl, '--sso-region', 'us-east-1'];
let stub: IdentityStub;
let host: TestHost;
const file = () => tokenFile(host, { session: 'forge' });
const cacheFiles = () => readdirSync(dirname(file())).sort();
const texts = () => host.out() + host.err();

function makeHost(options: { tty?: boolean; env?: Record<string, string> } = {}): void {
  host?.dispose();
  const made = createTestHost({ tty: options.tty ?? false });
  if (options.tty) Object.assign(made.stdin, { isTTY: true });
  host = { ...made, env: { ...made.env, AWS_ENDPOINT_URL: stub.url, AWS_MAX_ATTEMPTS: '1', ...options.env } };
}

/** A browser that goes where it is sent, as a script; it says Allow at once. */
function browserScript(): string {
  const script = join(host.directories.home, 'browser.mjs');
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs';
const answer = await fetch(process.argv[2]);
appendFileSync(${JSON.stringify(join(host.directories.home, 'page'))}, answer.status + ' ' + await answer.text());`,
  );
  chmodSync(script, 0o755);
  return `${process.execPath} ${script} %s`;
}

function makeDesktop(): void {
  makeHost({ tty: true });
  Object.assign(host.env, { BROWSER: browserScript(), DISPLAY: ':0' });
}
const page = () => readFileSync(join(host.directories.home, 'page'), 'utf8');

beforeEach(async () => {
  stub = await startIdentityStub();
  makeHost();
});
afterEach(async () => {
  await stub[Symbol.asyncDispose]();
  host.dispose();
});

describe('forge login with a device code', () => {
  it('prints code, page and warning, and says who signed in', async () => {
    expect(await main(['login', '--device-code', ...flags], host)).toBe(0);
    expect(host.err()).toContain(`${stub.url}/device?user_code=ABCD-EFGH`);
    expect(host.err()).toContain('ABCD-EFGH. Confirm only what you began yourself');
    expect(host.out()).toMatch(
      /^Signed in to https:\/\/d-1234567890\.awsapps\.com\/start as dana@tapp\.example, until \d\d:\d\d \(1 h\), then renewed/,
    );
    expect(existsSync(file())).toBe(true);
    const registered = stub.bodies.find(({ operation }) => operation === 'RegisterClient')?.body;
    expect(registered).toEqual({ clientName: 'forge', clientType: 'public', scopes: ['sso:account:access'] });
  });

  it('is chosen without a terminal, and says why', async () => {
    expect(await main(['login', ...flags], host)).toBe(0);
    expect(host.err()).toContain('because there is no terminal with a person at it');
  });

  it('prints the code even with --quiet, and one JSON document', async () => {
    expect(await main(['login', '--device-code', '--quiet', '--output', 'json', ...flags], host)).toBe(0);
    expect(host.err()).toContain('ABCD-EFGH');
    expect(JSON.parse(host.out())).toMatchObject({
      signedIn: 'now',
      person: 'dana@tapp.example',
      startUrl,
      region: 'us-east-1',
      session: 'forge',
      renewable: true,
      tokenFile: file(),
    });
  });

  it('waits five seconds longer after SlowDown', async () => {
    stub.failures.set('CreateToken', [
      [400, 'AuthorizationPendingException', ''],
      [400, 'SlowDownException', ''],
    ]);
    const began = performance.now();
    expect(await main(['login', '--device-code', ...flags], host)).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(5_000);
    expect(stub.count('CreateToken')).toBe(3);
  }, 20_000);

  it.each([
    ['ExpiredTokenException', 4, 'Nobody confirmed the code in time.'],
    ['AccessDeniedException', 5, 'The sign-in was refused on its page.'],
    ['InvalidGrantException', 1, 'CreateToken'],
  ])('%s ends it with %i', async (name, code, sentence) => {
    stub.failures.set('CreateToken', [[400, name, '']]);
    expect(await main(['login', '--device-code', ...flags], host)).toBe(code);
    expect(host.err()).toContain(sentence);
    expect(existsSync(file())).toBe(false);
    expect(host.out()).toBe('');
  });

  it('goes on asking after a broken connection', async () => {
    stub.failures.set('CreateToken', ['break']);
    expect(await main(['login', '--device-code', ...flags], host)).toBe(0);
    expect(stub.count('CreateToken')).toBe(2);
  });

  it('ends at Ctrl-C with 130 and leaves nothing but the registration', async () => {
    stub.settings.approved = false;
    const running = main(['login', '--device-code', ...flags], host);
    while (stub.count('CreateToken') === 0) await sleep(10);
    host.interrupt();
    expect(await running).toBe(130);
    expect(cacheFiles()).toHaveLength(1);
    expect(texts()).not.toMatch(/\n\s+at /);
  });

  it('registers anew when the cached client is refused', async () => {
    expect(await main(['login', '--device-code', ...flags], host)).toBe(0);
    const [registration] = cacheFiles().filter((name) => !file().endsWith(name));
    const path = join(dirname(file()), registration ?? '');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"clientSecret": "[^"]*"/, '"clientSecret": "revoked"'),
    );
    stub.failures.set('StartDeviceAuthorization', [[401, 'InvalidClientException', '']]);
    expect(await main(['login', '--device-code', '--fresh', ...flags], host)).toBe(0);
    expect(stub.count('RegisterClient')).toBe(2 + 1);
  });
});

describe('forge login in the browser', () => {
  it('opens it, takes its answer, and shows it what happened', async () => {
    makeDesktop();
    expect(await main(['login', '--browser', ...flags], host)).toBe(0);
    expect(host.err()).toContain(`${stub.url}/authorize?response_type=code&client_id=`);
    expect(host.err()).toContain('&scopes=sso%3Aaccount%3Aaccess&code_challenge=');
    await expect.poll(() => existsSync(join(host.directories.home, 'page'))).toBe(true);
    expect(page()).toMatch(/^200 /);
    expect(page()).toContain('You can close this tab');
    const registered = stub.bodies.find(({ operation }) => operation === 'RegisterClient')?.body;
    expect(registered).toEqual({
      clientName: 'forge',
      clientType: 'public',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      issuerUrl: startUrl,
      scopes: ['sso:account:access'],
    });
    const token = stub.bodies.find(({ operation }) => operation === 'CreateToken')?.body;
    expect(token?.codeVerifier).toMatch(/^[A-Za-z0-9._~-]{64}$/);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ startUrl, region: 'us-east-1' });
  });

  it('prints the address and opens nothing when nobody is at the terminal', async () => {
    Object.assign(host.env, { BROWSER: browserScript(), DISPLAY: ':0' });
    const running = main(['login', '--browser', ...flags], host);
    await expect.poll(() => /http\S+authorize\S+/.exec(host.err())?.[0]).toBeDefined();
    await sleep(300);
    expect(existsSync(join(host.directories.home, 'page'))).toBe(false);
    host.interrupt();
    expect(await running).toBe(130);
  });

  it('a refusal there ends it with 5', async () => {
    makeDesktop();
    stub.settings.refuseBrowser = true;
    expect(await main(['login', '--browser', ...flags], host)).toBe(5);
    expect(host.err()).toContain('The sign-in was refused in the browser.');
    await expect.poll(() => existsSync(join(host.directories.home, 'page'))).toBe(true);
    expect(page()).toMatch(/^403 /);
  });

  it('tells the browser when the code could not be turned into a token', async () => {
    makeDesktop();
    stub.failures.set('CreateToken', [[400, 'InvalidGrantException', 'code was used']]);
    expect(await main(['login', '--browser', ...flags], host)).toBe(1);
    expect(host.err()).toContain('code was used');
    await expect.poll(() => existsSync(join(host.directories.home, 'page'))).toBe(true);
    expect(page()).toMatch(/^502 /);
  });

  it('says so when no browser can be opened, and still waits', async () => {
    makeDesktop();
    Object.assign(host.env, { BROWSER: '/no/such/browser' });
    const running = main(['login', '--browser', ...flags], host);
    await expect.poll(() => host.err()).toContain('could not be opened');
    const url = /http\S+authorize\S+/.exec(host.err())?.[0] ?? '';
    expect((await fetch(url)).status).toBe(200);
    expect(await running).toBe(0);
  });

  it('ends at Ctrl-C with 130, with the port closed', async () => {
    makeDesktop();
    Object.assign(host.env, { BROWSER: 'true' });
    const running = main(['login', '--browser', ...flags], host);
    await expect.poll(() => /127\.0\.0\.1%3A(\d+)/.exec(host.err())?.[1]).toBeDefined();
    const port = /127\.0\.0\.1%3A(\d+)/.exec(host.err())?.[1];
    host.interrupt();
    expect(await running).toBe(130);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});

describe('forge login when signed in', () => {
  it('says so and does nothing', async () => {
    await main(['login', '--device-code', ...flags], host);
    const before = readFileSync(file(), 'utf8');
    stub.calls.clear();
    expect(await main(['login', ...flags], host)).toBe(0);
    expect(host.out()).toContain('Already signed in to');
    expect(readFileSync(file(), 'utf8')).toBe(before);
    expect(stub.count('CreateToken') + stub.count('StartDeviceAuthorization')).toBe(0);
  });

  it('renews silently when it can', async () => {
    stub.settings.lifetimeSeconds = 120;
    await main(['login', '--device-code', ...flags], host);
    stub.settings.lifetimeSeconds = 3600;
    expect(await main(['login', ...flags], host)).toBe(0);
    expect(stub.count('StartDeviceAuthorization')).toBe(1);
    expect(host.out()).toContain('Already signed in');
  });

  it('signs in again when the portal no longer knows the token', async () => {
    await main(['login', '--device-code', ...flags], host);
    stub.accessTokens.clear();
    stub.refreshTokens.clear();
    expect(await main(['login', '--device-code', ...flags], host)).toBe(0);
    expect(stub.count('StartDeviceAuthorization')).toBe(2);
  });

  it('--fresh ends the earlier one at the portal first', async () => {
    await main(['login', '--device-code', ...flags], host);
    expect(await main(['login', '--device-code', '--fresh', ...flags], host)).toBe(0);
    expect(stub.count('Logout')).toBe(1);
    expect(stub.bodies.findIndex(({ operation }) => operation === 'Logout')).toBeLessThan(
      stub.bodies.findLastIndex(({ operation }) => operation === 'StartDeviceAuthorization'),
    );
  });

  it('--fresh broken off leaves nobody signed in', async () => {
    await main(['login', '--device-code', ...flags], host);
    stub.settings.approved = false;
    stub.calls.clear();
    const running = main(['login', '--device-code', '--fresh', ...flags], host);
    while (stub.count('CreateToken') === 0) await sleep(10);
    host.interrupt();
    expect(await running).toBe(130);
    expect(existsSync(file())).toBe(false);
  });

  it("a new sign-in, perhaps of another person, goes on with nobody else's keys", async () => {
    const credentials = join(host.directories.cache, 'credentials');
    mkdirSync(credentials, { recursive: true });
    writeFileSync(join(credentials, `${'a'.repeat(64)}.json`), '{}');
    await main(['login', '--device-code', ...flags], host);
    expect(readdirSync(credentials)).toEqual([]);
  });

  it('a half-written cache is signed out, not a crash', async () => {
    mkdirSync(dirname(file()), { recursive: true });
    writeFileSync(file(), '{"accessToken": "abc');
    expect(await main(['login', '--device-code', ...flags], host)).toBe(0);
    expect(JSON.parse(readFileSync(file(), 'utf8')).startUrl).toBe(startUrl);
  });
});

describe('where forge login signs in', () => {
  const write = (text: string) => {
    mkdirSync(join(host.directories.home, '.aws'), { recursive: true });
    writeFileSync(join(host.directories.home, '.aws', 'config'), text);
  };
  const session = (name: string) =>
    `[sso-session ${name}]\nsso_start_url = ${startUrl}\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n`;

  it('the only sso-session of ~/.aws/config', async () => {
    write(session('tapp'));
    expect(await main(['login', '--device-code'], host)).toBe(0);
    expect(existsSync(tokenFile(host, { session: 'tapp' }))).toBe(true);
  });

  it('a profile from before sso-sessions', async () => {
    write(
      `[profile old]\nsso_start_url = ${startUrl}\nsso_region = us-east-1\nsso_account_id = 111111111111\n`,
    );
    expect(await main(['login', '--device-code', '--profile', 'old'], host)).toBe(0);
    expect(existsSync(tokenFile(host, { session: startUrl }))).toBe(true);
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
    if (name === 'no region') delete (host.env as Record<string, string | undefined>).AWS_ENDPOINT_URL;
    expect(await main(argv, host)).toBe(2);
    expect(host.err()).toContain(sentence);
    expect(stub.calls.size).toBe(0);
  });
});

describe('forge login, else', () => {
  it('--plan shows the calls and does nothing', async () => {
    expect(await main(['login', '--plan', ...flags], host)).toBe(0);
    expect(host.out()).toContain('sso-oidc StartDeviceAuthorization');
    expect(host.out()).toContain('aws sso login --sso-session forge --use-device-code');
    expect(stub.calls.size).toBe(0);
    expect(existsSync(file())).toBe(false);
  });

  it('an unreachable Identity Center is exit 6', async () => {
    Object.assign(host.env, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(await main(['login', '--device-code', ...flags], host)).toBe(6);
    expect(host.err()).toContain('Failed to reach 127.0.0.1:9');
  });

  it('warns of a wrong clock, and states the end by the clock of AWS', async () => {
    stub.settings.skew = 15 * 60_000;
    expect(await main(['login', '--device-code', '--output', 'json', ...flags], host)).toBe(0);
    expect(host.err()).toContain('The clock of this machine is 15 min slow');
    const { expiresAt } = JSON.parse(host.out()) as { expiresAt: string };
    expect(Math.abs(Date.parse(expiresAt) - (Date.now() + stub.settings.skew + 3_600_000))).toBeLessThan(
      3_000,
    );
  });

  it('lets no secret out, in either way, with --debug', async () => {
    await main(['login', '--device-code', '--debug', ...flags], host);
    await main(['login', '--debug', '--output', 'json', ...flags], host);
    stub.failures.set('CreateToken', [[400, 'InvalidGrantException', `bad ${[...stub.refreshTokens][0]}`]]);
    await main(['login', '--device-code', '--fresh', '--debug', ...flags], host);
    await main(['logout', '--debug'], host);
    const deviceTexts = texts();
    makeDesktop();
    await main(['login', '--browser', '--debug', ...flags], host);
    expect(texts()).toContain('sso-oidc CreateToken us-east-1 200');
    expect(deviceTexts).toContain('request-id=request-1');
    expect(deviceTexts + texts()).not.toContain(canary);
  });
});

describe('forge logout', () => {
  it('signs out at the portal and removes what forge keeps', async () => {
    await main(['login', '--device-code', ...flags], host);
    const credentials = join(host.directories.cache, 'credentials');
    mkdirSync(credentials, { recursive: true });
    writeFileSync(join(credentials, `${'a'.repeat(64)}.json`), '{}');
    expect(await main(['logout'], host)).toBe(0);
    expect(host.out()).toContain(`Signed out of ${startUrl}.`);
    expect(stub.count('Logout')).toBe(1);
    expect(existsSync(file())).toBe(false);
    expect(readdirSync(credentials)).toEqual([]);
    expect(await main(['logout', '--output', 'json'], host)).toBe(0);
    expect(host.out()).toContain('"signedOut": []');
    expect(stub.count('Logout')).toBe(1);
  });

  it('says already signed out, exit 0', async () => {
    expect(await main(['logout'], host)).toBe(0);
    expect(host.out()).toBe('Already signed out.\n');
  });

  it('removes the files and says what is left when the portal is unreachable: exit 6', async () => {
    await main(['login', '--device-code', ...flags], host);
    Object.assign(host.env, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(await main(['logout'], host)).toBe(6);
    expect(host.err()).toContain('The portal was not told: Failed to reach 127.0.0.1:9');
    expect(existsSync(file())).toBe(false);
  });

  it('renews an expired token once more, to end the sign-in that it would else leave open', async () => {
    await main(['login', '--device-code', ...flags], host);
    stub.accessTokens.clear();
    expect(await main(['logout'], host)).toBe(0);
    expect(stub.count('Logout')).toBe(2);
    expect(stub.refreshTokens.size).toBe(0);
  });

  it('a damaged file is removed too', async () => {
    mkdirSync(dirname(file()), { recursive: true });
    writeFileSync(file(), '{"access');
    expect(await main(['logout'], host)).toBe(0);
    expect(existsSync(file())).toBe(false);
  });

  it("--all takes every tool's sign-in and leaves registrations", async () => {
    await main(['login', '--device-code', ...flags], host);
    await main(['login', '--device-code', '--session', 'other', ...flags], host);
    const cli = join(host.directories.home, '.aws', 'cli', 'cache');
    mkdirSync(cli, { recursive: true });
    writeFileSync(join(cli, 'a.json'), '{"ProviderType": "sso"}');
    writeFileSync(join(cli, 'b.json'), '{"ProviderType": "assume-role"}');
    expect(await main(['logout', '--all'], host)).toBe(0);
    expect(cacheFiles()).toHaveLength(2);
    for (const name of cacheFiles()) {
      expect(readFileSync(join(dirname(file()), name), 'utf8')).not.toContain('accessToken');
    }
    expect(readdirSync(cli)).toEqual(['b.json']);
  });

  it('--plan changes nothing', async () => {
    await main(['login', '--device-code', ...flags], host);
    expect(await main(['logout', '--plan'], host)).toBe(0);
    expect(host.out()).toContain('sso Logout');
    expect(existsSync(file())).toBe(true);
    expect(stub.count('Logout')).toBe(0);
  });
});
