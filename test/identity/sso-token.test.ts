import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAws } from '../../src/aws/clients.ts';
import { registerClient } from '../../src/aws/sso-oidc.ts';
import type { SignIn } from '../../src/config/config.ts';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { getSsoToken, isSameStartUrl, readSsoToken, saveSsoToken } from '../../src/identity/sso-token.ts';
import { isoSeconds } from '../../src/lib/iso-seconds.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';
import formats from '../vectors/aws-formats.json' with { type: 'json' };
import { type IdentityStub, startIdentityStub } from './identity-stub.ts';

const place: SignIn = {
  startUrl: 'https://d-1234567890.awsapps.com/start',
  region: 'us-east-1',
  session: 'forge',
  scopes: ['sso:account:access'],
};
let host: TestHost;
let stub: IdentityStub;
const parts = () => ({ host, aws: async () => createAws(host) });
const file = () => tokenFile(host, place);
const stored = () => JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;

beforeEach(async () => {
  stub = await startIdentityStub();
  const made = createTestHost();
  host = { ...made, env: { ...made.env, AWS_ENDPOINT_URL: stub.url, AWS_MAX_ATTEMPTS: '1' } };
});
afterEach(async () => {
  await stub[Symbol.asyncDispose]();
  host.dispose();
});

/** Writes a token as the AWS CLI would, with so many milliseconds left. */
async function store(left: number, changes: Record<string, unknown> = {}): Promise<void> {
  const client = await registerClient(createAws(host), place.region, {
    clientName: 'cli',
    scopes: place.scopes,
  });
  stub.accessTokens.add('CANARY-access-old');
  stub.refreshTokens.add('CANARY-refresh-old');
  const record = {
    startUrl: place.startUrl,
    region: place.region,
    accessToken: 'CANARY-access-old',
    expiresAt: isoSeconds(host.now() + left),
    clientId: client.clientId,
    clientSecret: client.clientSecret.reveal(),
    registrationExpiresAt: isoSeconds(client.expiresAt),
    refreshToken: 'CANARY-refresh-old',
    ...changes,
  };
  mkdirSync(dirname(file()), { recursive: true });
  writeFileSync(file(), JSON.stringify(record));
}

describe('the shared token file', () => {
  it('is written byte for byte as the AWS CLI writes it', async () => {
    const cli = formats.sso_cache.token_json_cli_2_36_7;
    const time = Date.parse('2026-11-20T20:47:55Z');
    await saveSsoToken(
      { ...host, now: () => time },
      place,
      {
        accessToken: new Secret(cli.accessToken),
        lifetime: 3_600_000,
        refreshToken: new Secret(cli.refreshToken),
      },
      {
        clientId: cli.clientId,
        clientSecret: new Secret(cli.clientSecret),
        expiresAt: Date.parse(cli.registrationExpiresAt),
      },
    );
    const pythons = JSON.stringify(cli, null, 1)
      .replace(/\n\s*/g, ' ')
      .replace(/^\{ /, '{')
      .replace(/ \}$/, '}');
    expect(readFileSync(file(), 'utf8')).toBe(pythons);
    expect(file()).toContain('52b7362eed5e398bad39dafb5ad68515e6547a3a.json');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file())).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(file()))).toHaveLength(1);
  });

  it.each([
    ['half of it', '{"startUrl": "https://d-1234567890.awsapps.com/start", "accessT'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['bytes', '\u0000\u0001'],
    ['no times', '{"accessToken": "x"}'],
    ['a number for a token', '{"accessToken": 1, "expiresAt": "2036-01-01T00:00:00Z"}'],
    [
      'another portal',
      '{"accessToken": "x", "startUrl": "https://evil.example/start", "expiresAt": "2036-01-01T00:00:00Z"}',
    ],
  ])('with %s in it means signed out, not a crash', async (_name, text) => {
    mkdirSync(dirname(file()), { recursive: true });
    writeFileSync(file(), text);
    expect(await readSsoToken(host, place)).toBeUndefined();
    await expect(getSsoToken(parts(), place)).rejects.toMatchObject({
      kind: 'signed-out',
      code: 'SIGNED_OUT',
      hint: 'forge login',
    });
  });

  it('shows no secret when it is logged', async () => {
    await store(3_600_000);
    const token = await readSsoToken(host, place);
    expect(JSON.stringify(token)).not.toContain('CANARY');
  });

  it.each([
    ['https://x.awsapps.com/start', 'https://x.awsapps.com/start/', true],
    ['https://x.awsapps.com/start', 'https://X.awsapps.com/start#/', true],
    ['https://x.awsapps.com/start/#/', 'https://x.awsapps.com/start', true],
    ['https://x.awsapps.com/start', 'https://y.awsapps.com/start', false],
    ['https://x.awsapps.com/start', 'https://x.awsapps.com/start2', false],
  ])('start URLs %s and %s', (one, other, same) => {
    expect(isSameStartUrl(one, other)).toBe(same);
  });
});

describe('getting a token', () => {
  it('asks nobody while there is time', async () => {
    await store(6 * 60_000);
    stub.calls.clear();
    const { accessToken } = await getSsoToken(
      { host, aws: () => Promise.reject(new Error('loaded')) },
      place,
    );
    expect(accessToken.reveal()).toBe('CANARY-access-old');
    expect(stub.calls.size).toBe(0);
  });

  it.each([[4 * 60_000], [30_000], [-3_600_000]])('renews it with %i ms left', async (left) => {
    await store(left, { note: 'kept', other: { deep: [1] } });
    const token = await getSsoToken(parts(), place);
    expect(stub.accessTokens).toContain(token.accessToken.reveal());
    expect(token.expiresAt).toBeGreaterThan(host.now() + 3_500_000);
    expect(stored()).toMatchObject({
      accessToken: token.accessToken.reveal(),
      note: 'kept',
      other: { deep: [1] },
    });
    expect(Object.keys(stored())).toEqual([
      'startUrl',
      'region',
      'accessToken',
      'expiresAt',
      'clientId',
      'clientSecret',
      'registrationExpiresAt',
      'refreshToken',
      'note',
      'other',
    ]);
    expect(stored().refreshToken).not.toBe('CANARY-refresh-old');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('keeps the refresh token when none comes back', async () => {
    await store(60_000);
    stub.settings.rotate = false;
    await getSsoToken(parts(), place);
    expect(stored().refreshToken).toBe('CANARY-refresh-old');
    expect(stored().accessToken).not.toBe('CANARY-access-old');
  });

  it('says signed out when the portal has ended the sign-in', async () => {
    await store(30_000);
    stub.refreshTokens.clear();
    await expect(getSsoToken(parts(), place)).rejects.toMatchObject({
      kind: 'signed-out',
      hint: 'forge login',
    });
    expect(stored().accessToken).toBe('CANARY-access-old');
  });

  it('says signed out without a refresh token', async () => {
    await store(30_000, { refreshToken: undefined });
    await expect(getSsoToken(parts(), place)).rejects.toMatchObject({ kind: 'signed-out' });
    await store(3 * 60_000, { refreshToken: undefined });
    expect((await getSsoToken(parts(), place)).refreshable).toBe(false);
  });

  it('takes no harm from a failing renewal while the token is good', async () => {
    for (const failure of [
      [500, 'InternalServerException', ''],
      [400, 'InvalidGrantException', ''],
      'break',
    ] as const) {
      await store(3 * 60_000);
      stub.failures.set('CreateToken', [failure]);
      expect((await getSsoToken(parts(), place)).accessToken.reveal()).toBe('CANARY-access-old');
    }
  });

  it('says unreachable, and not signed out, when nobody could be asked', async () => {
    await store(30_000);
    stub.failures.set('CreateToken', ['break']);
    await expect(getSsoToken(parts(), place)).rejects.toMatchObject({ kind: 'unreachable' });
    stub.failures.set('CreateToken', [[503, 'ServiceUnavailable', '']]);
    await expect(getSsoToken(parts(), place)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('takes what the AWS CLI wrote when that was faster', async () => {
    await store(30_000);
    stub.settings.delayMilliseconds = 300;
    const waiting = getSsoToken(parts(), place);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stub.refreshTokens.clear();
    const theirs = {
      ...stored(),
      accessToken: 'CANARY-cli-was-faster',
      expiresAt: isoSeconds(host.now() + 3_600_000),
    };
    writeFileSync(join(file()), JSON.stringify(theirs));
    expect((await waiting).accessToken.reveal()).toBe('CANARY-cli-was-faster');
  });

  it('is itself the lock for others in the same process', async () => {
    await store(30_000);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => getSsoToken(parts(), place)));
    expect(new Set(tokens.map((token) => token.accessToken.reveal())).size).toBe(1);
    expect(stub.count('CreateToken')).toBe(1);
  });

  it('stops at Ctrl-C and leaves the file and no lock', async () => {
    await store(30_000);
    stub.failures.set('CreateToken', ['hang']);
    const waiting = getSsoToken(parts(), place);
    setTimeout(() => host.interrupt(), 150);
    await expect(waiting).rejects.toBe('SIGINT');
    expect(stored().accessToken).toBe('CANARY-access-old');
    expect(readdirSync(dirname(file())).filter((name) => name.includes('lock'))).toEqual([]);
  });
});
