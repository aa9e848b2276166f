import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/main.ts';
import { canary } from '../identity/identity-stub.ts';
import { flags, startUrl, useLoginStage } from './login-stage.ts';

const at = useLoginStage();

describe('forge login with a device code', () => {
  it('prints code, page and warning, and says who signed in', async () => {
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    expect(at.host.err()).toContain(`${at.stub.url}/device?user_code=ABCD-EFGH`);
    expect(at.host.err()).toContain('ABCD-EFGH. Confirm only what you began yourself');
    expect(at.host.out()).toMatch(
      /^Signed in to https:\/\/d-1234567890\.awsapps\.com\/start as dana@tapp\.example, until \d\d:\d\d \(1 h\), then renewed/,
    );
    expect(existsSync(at.file)).toBe(true);
    const registered = at.stub.bodies.find(({ operation }) => operation === 'RegisterClient')?.body;
    expect(registered).toEqual({ clientName: 'forge', clientType: 'public', scopes: ['sso:account:access'] });
  });

  it('is chosen without a terminal, and says why', async () => {
    expect(await main(['login', ...flags], at.host)).toBe(0);
    const said = at.host.err();
    expect(said).toContain('because there is no terminal with a person at it');
    // Whoever pipes it sees where to go, and how long it waits, before it does.
    expect(said).toMatch(
      /user_code=ABCD-EFGH\n[\s\S]*\nforge waits for that until \d\d:\d\d \(\d+ min\)\. Ctrl-C ends it\.\n/,
    );
  });

  it('prints the code even with --quiet, and one JSON document', async () => {
    expect(await main(['login', '--device-code', '--quiet', '--output', 'json', ...flags], at.host)).toBe(0);
    expect(at.host.err()).toContain('ABCD-EFGH');
    expect(JSON.parse(at.host.out())).toMatchObject({
      signedIn: 'now',
      person: 'dana@tapp.example',
      startUrl,
      region: 'us-east-1',
      session: 'forge',
      renewable: true,
      tokenFile: at.file,
    });
  });

  it('waits five seconds longer after SlowDown', async () => {
    at.stub.failures.set('CreateToken', [
      [400, 'AuthorizationPendingException', ''],
      [400, 'SlowDownException', ''],
    ]);
    const began = performance.now();
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(5_000);
    expect(at.stub.count('CreateToken')).toBe(3);
  }, 20_000);

  it.each([
    ['ExpiredTokenException', 4, 'Nobody confirmed the code in time.'],
    ['AccessDeniedException', 5, 'The sign-in was refused on its page.'],
    ['InvalidGrantException', 1, 'CreateToken'],
  ])('%s ends it with %i', async (name, code, sentence) => {
    at.stub.failures.set('CreateToken', [[400, name, '']]);
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(code);
    expect(at.host.err()).toContain(sentence);
    expect(existsSync(at.file)).toBe(false);
    expect(at.host.out()).toBe('');
  });

  it('goes on asking after a broken connection', async () => {
    at.stub.failures.set('CreateToken', ['break']);
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    expect(at.stub.count('CreateToken')).toBe(2);
  });

  it('ends at Ctrl-C with 130 and leaves nothing but the registration', async () => {
    at.stub.settings.approved = false;
    const running = main(['login', '--device-code', ...flags], at.host);
    while (at.stub.count('CreateToken') === 0) await sleep(10);
    expect(at.host.err()).toContain('Ctrl-C ends it.');
    at.host.interrupt();
    expect(await running).toBe(130);
    expect(at.cacheFiles()).toHaveLength(1);
    expect(at.texts()).not.toMatch(/\n\s+at /);
  });

  it('registers anew when the cached client is refused', async () => {
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    const [registration] = at.cacheFiles().filter((name) => !at.file.endsWith(name));
    const path = join(dirname(at.file), registration ?? '');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/"clientSecret": "[^"]*"/, '"clientSecret": "revoked"'),
    );
    at.stub.failures.set('StartDeviceAuthorization', [[401, 'InvalidClientException', '']]);
    expect(await main(['login', '--device-code', '--fresh', ...flags], at.host)).toBe(0);
    expect(at.stub.count('RegisterClient')).toBe(2 + 1);
  });
});

describe('forge login in the browser', () => {
  it('opens it, takes its answer, and shows it what happened', async () => {
    at.makeDesktop();
    expect(await main(['login', '--browser', ...flags], at.host)).toBe(0);
    expect(at.host.err()).toContain(`${at.stub.url}/authorize?response_type=code&client_id=`);
    expect(at.host.err()).toContain('&scopes=sso%3Aaccount%3Aaccess&code_challenge=');
    await expect.poll(() => (existsSync(at.pageFile) ? at.page() : '')).not.toBe('');
    expect(at.page()).toMatch(/^200 /);
    expect(at.page()).toContain('You can close this tab');
    const registered = at.stub.bodies.find(({ operation }) => operation === 'RegisterClient')?.body;
    expect(registered).toEqual({
      clientName: 'forge',
      clientType: 'public',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      issuerUrl: startUrl,
      scopes: ['sso:account:access'],
    });
    const token = at.stub.bodies.find(({ operation }) => operation === 'CreateToken')?.body;
    expect(token?.codeVerifier).toMatch(/^[A-Za-z0-9._~-]{64}$/);
    expect(JSON.parse(readFileSync(at.file, 'utf8'))).toMatchObject({ startUrl, region: 'us-east-1' });
  });

  it('prints the address and opens nothing when nobody is at the terminal', async () => {
    Object.assign(at.host.env, { BROWSER: at.browserScript(), DISPLAY: ':0' });
    const running = main(['login', '--browser', ...flags], at.host);
    await expect.poll(() => /http\S+authorize\S+/.exec(at.host.err())?.[0]).toBeDefined();
    await sleep(300);
    expect(existsSync(at.pageFile)).toBe(false);
    at.host.interrupt();
    expect(await running).toBe(130);
  });

  it('a refusal there ends it with 5', async () => {
    at.makeDesktop();
    at.stub.settings.refuseBrowser = true;
    expect(await main(['login', '--browser', ...flags], at.host)).toBe(5);
    expect(at.host.err()).toContain('The sign-in was refused in the browser.');
    await expect.poll(() => (existsSync(at.pageFile) ? at.page() : '')).not.toBe('');
    expect(at.page()).toMatch(/^403 /);
  });

  it('tells the browser when the code could not be turned into a token', async () => {
    at.makeDesktop();
    at.stub.failures.set('CreateToken', [[400, 'InvalidGrantException', 'code was used']]);
    expect(await main(['login', '--browser', ...flags], at.host)).toBe(1);
    expect(at.host.err()).toContain('code was used');
    await expect.poll(() => (existsSync(at.pageFile) ? at.page() : '')).not.toBe('');
    expect(at.page()).toMatch(/^502 /);
  });

  it('says so when no browser can be opened, and still waits', async () => {
    at.makeDesktop();
    Object.assign(at.host.env, { BROWSER: '/no/such/browser' });
    const running = main(['login', '--browser', ...flags], at.host);
    await expect.poll(() => at.host.err()).toContain('could not be opened');
    const url = /http\S+authorize\S+/.exec(at.host.err())?.[0] ?? '';
    expect((await fetch(url)).status).toBe(200);
    expect(await running).toBe(0);
  });

  it('ends at Ctrl-C with 130, with the port closed', async () => {
    at.makeDesktop();
    Object.assign(at.host.env, { BROWSER: 'true' });
    const running = main(['login', '--browser', ...flags], at.host);
    await expect.poll(() => /127\.0\.0\.1%3A(\d+)/.exec(at.host.err())?.[1]).toBeDefined();
    const port = /127\.0\.0\.1%3A(\d+)/.exec(at.host.err())?.[1];
    at.host.interrupt();
    expect(await running).toBe(130);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});

describe('forge login when signed in', () => {
  it('says so and does nothing', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    const before = readFileSync(at.file, 'utf8');
    at.stub.calls.clear();
    expect(await main(['login', ...flags], at.host)).toBe(0);
    expect(at.host.out()).toContain('Already signed in to');
    expect(readFileSync(at.file, 'utf8')).toBe(before);
    expect(at.stub.count('CreateToken') + at.stub.count('StartDeviceAuthorization')).toBe(0);
  });

  it('renews silently when it can', async () => {
    at.stub.settings.lifetimeSeconds = 120;
    await main(['login', '--device-code', ...flags], at.host);
    at.stub.settings.lifetimeSeconds = 3600;
    expect(await main(['login', ...flags], at.host)).toBe(0);
    expect(at.stub.count('StartDeviceAuthorization')).toBe(1);
    expect(at.host.out()).toContain('Already signed in');
  });

  it('signs in again when the portal no longer knows the token', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    at.stub.accessTokens.clear();
    at.stub.refreshTokens.clear();
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    expect(at.stub.count('StartDeviceAuthorization')).toBe(2);
  });

  it('--fresh ends the earlier one at the portal first', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    expect(await main(['login', '--device-code', '--fresh', ...flags], at.host)).toBe(0);
    expect(at.stub.count('Logout')).toBe(1);
    expect(at.stub.bodies.findIndex(({ operation }) => operation === 'Logout')).toBeLessThan(
      at.stub.bodies.findLastIndex(({ operation }) => operation === 'StartDeviceAuthorization'),
    );
  });

  it('--fresh broken off leaves nobody signed in', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    at.stub.settings.approved = false;
    at.stub.calls.clear();
    const running = main(['login', '--device-code', '--fresh', ...flags], at.host);
    while (at.stub.count('CreateToken') === 0) await sleep(10);
    at.host.interrupt();
    expect(await running).toBe(130);
    expect(existsSync(at.file)).toBe(false);
  });

  it("a new sign-in, perhaps of another person, goes on with nobody else's keys", async () => {
    const credentials = join(at.host.directories.cache, 'credentials');
    mkdirSync(credentials, { recursive: true });
    writeFileSync(join(credentials, `${'a'.repeat(64)}.json`), '{}');
    await main(['login', '--device-code', ...flags], at.host);
    expect(readdirSync(credentials)).toEqual([]);
  });

  it('a half-written cache is signed out, not a crash', async () => {
    mkdirSync(dirname(at.file), { recursive: true });
    writeFileSync(at.file, '{"accessToken": "abc');
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    expect(JSON.parse(readFileSync(at.file, 'utf8')).startUrl).toBe(startUrl);
  });
});

describe('forge login, else', () => {
  it('--plan shows the calls and does nothing', async () => {
    expect(await main(['login', '--plan', ...flags], at.host)).toBe(0);
    expect(at.host.out()).toContain('sso-oidc StartDeviceAuthorization');
    expect(at.host.out()).toContain('aws sso login --sso-session forge --use-device-code');
    expect(at.stub.calls.size).toBe(0);
    expect(existsSync(at.file)).toBe(false);
    expect(at.host.out()).not.toContain('already');
  });

  it('--plan says that there is a sign-in already, and what --fresh does with it', async () => {
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(0);
    const before = at.stub.count('ListAccounts');
    expect(await main(['login', '--plan', ...flags], at.host)).toBe(0);
    expect(at.host.out()).toMatch(
      /You are signed in already, until .*only if the portal does not accept that/,
    );
    expect(at.host.out()).toContain('sso ListAccounts  does the portal still accept this sign-in?');
    expect(await main(['login', '--plan', '--fresh', ...flags], at.host)).toBe(0);
    expect(at.host.out()).toContain('--fresh ends that first');
    expect(at.stub.count('ListAccounts')).toBe(before);
  });

  it('an unreachable Identity Center is exit 6', async () => {
    Object.assign(at.host.env, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(await main(['login', '--device-code', ...flags], at.host)).toBe(6);
    expect(at.host.err()).toContain('Failed to reach 127.0.0.1:9');
  });

  it('warns of a wrong clock, and states the end by the clock of AWS', async () => {
    at.stub.settings.skew = 15 * 60_000;
    expect(await main(['login', '--device-code', '--output', 'json', ...flags], at.host)).toBe(0);
    expect(at.host.err()).toContain('The clock of this machine is 15 min slow');
    const { expiresAt } = JSON.parse(at.host.out()) as { expiresAt: string };
    expect(Math.abs(Date.parse(expiresAt) - (Date.now() + at.stub.settings.skew + 3_600_000))).toBeLessThan(
      3_000,
    );
  });

  it('lets no secret out, in either way, with --debug', async () => {
    await main(['login', '--device-code', '--debug', ...flags], at.host);
    await main(['login', '--debug', '--output', 'json', ...flags], at.host);
    at.stub.failures.set('CreateToken', [
      [400, 'InvalidGrantException', `bad ${[...at.stub.refreshTokens][0]}`],
    ]);
    await main(['login', '--device-code', '--fresh', '--debug', ...flags], at.host);
    await main(['logout', '--debug'], at.host);
    const deviceTexts = at.texts();
    at.makeDesktop();
    await main(['login', '--browser', '--debug', ...flags], at.host);
    expect(at.texts()).toContain('sso-oidc CreateToken us-east-1 200');
    expect(deviceTexts).toContain('request-id=request-1');
    expect(deviceTexts + at.texts()).not.toContain(canary);
  });
});
