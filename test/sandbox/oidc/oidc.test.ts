import { ListAccountsCommand, LogoutCommand } from '@aws-sdk/client-sso';
import {
  CreateTokenCommand,
  type CreateTokenCommandInput,
  StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AwsStage,
  authorizeUrl,
  callbackUrl,
  failureOf,
  type RegisteredClient,
  startAwsStage,
} from '../clients.ts';
import { createPkce, createSandboxBrowser } from '../sandbox-browser.ts';

let stage: AwsStage;
let hostNow = Date.now();
beforeEach(async () => {
  hostNow = Date.now();
  stage = await startAwsStage(() => hostNow);
});
afterEach(() => stage.endpoint.close());

/** As a careless client would fill it in. */
type TokenInput = { [Name in keyof CreateTokenCommandInput]?: CreateTokenCommandInput[Name] | undefined };
const token = (input: TokenInput) =>
  stage
    .oidc()
    .send(new CreateTokenCommand({ grantType: 'authorization_code', ...input } as CreateTokenCommandInput));
const refused = async (promise: Promise<unknown>) => (await failureOf(promise)).name;

describe('RegisterClient', () => {
  it('gives a client for 90 days', async () => {
    const client = await stage.register();
    expect(client.clientId).toMatch(/^[\w-]{20,}$/);
    stage.world.setClockOffset(90 * 24 * 3600_000);
    expect(await refused(token({ ...client, grantType: 'refresh_token', refreshToken: 'x' }))).toBe(
      'InvalidClientException',
    );
  });

  it.each<[string, object, string]>([
    ['a confidential client', { clientType: 'confidential' }, 'InvalidClientMetadataException'],
    ['an unknown grant', { grantTypes: ['password'] }, 'UnsupportedGrantTypeException'],
    ['an unknown scope', { scopes: ['everything'] }, 'InvalidScopeException'],
    ['no redirect', { redirectUris: [] }, 'InvalidClientMetadataException'],
    ['no issuer', { issuerUrl: undefined }, 'InvalidClientMetadataException'],
    ['another issuer', { issuerUrl: 'https://d-0000000000.awsapps.com/start' }, 'InvalidRequestException'],
    [
      'a redirect elsewhere',
      { redirectUris: ['http://evil.example/oauth/callback'] },
      'InvalidRedirectUriException',
    ],
    ['a redirect with its port', { redirectUris: [callbackUrl] }, 'InvalidRedirectUriException'],
    ['a redirect to another path', { redirectUris: ['http://127.0.0.1/'] }, 'InvalidRedirectUriException'],
    [
      'a redirect by https',
      { redirectUris: ['https://127.0.0.1/oauth/callback'] },
      'InvalidRedirectUriException',
    ],
  ])('refuses %s', async (_name, overrides, name) => {
    expect(await refused(stage.register(overrides))).toBe(name);
  });
});

describe('the code flow', () => {
  const start = async (overrides: Readonly<Record<string, string>> = {}) => {
    const client = await stage.register();
    const pkce = createPkce();
    return { client, pkce, url: authorizeUrl(stage.endpoint.url, client, pkce.challenge, overrides) };
  };
  const codeFrom = (url: string) => new URL(url).searchParams.get('code') ?? '';

  it('answers at the callback with code and state, and gives tokens for an hour', async () => {
    const { client, pkce, url } = await start();
    const answer = await stage.browser.approve(url, 'dana');
    expect(new URL(answer.url).origin).toBe('http://127.0.0.1:45678');
    expect(new URL(answer.url).searchParams.get('state')).toBe('some-state');
    const reply = await token({
      ...client,
      code: codeFrom(answer.url),
      codeVerifier: pkce.verifier,
      redirectUri: callbackUrl,
    });
    expect(reply).toMatchObject({ tokenType: 'Bearer', expiresIn: 3600, refreshToken: expect.any(String) });
  });

  it('says access_denied when the person does', async () => {
    const { url } = await start();
    const answer = await stage.browser.approve(url, 'dana', 'deny');
    expect(new URL(answer.url).search).toBe('?error=access_denied&state=some-state');
  });

  it.each<[string, Partial<CreateTokenCommandInput>, string]>([
    ['a wrong verifier', { codeVerifier: createPkce().verifier }, 'InvalidGrantException'],
    ['a short verifier', { codeVerifier: 'abc' }, 'InvalidGrantException'],
    [
      'another port than asked for',
      { redirectUri: 'http://127.0.0.1:45679/oauth/callback' },
      'InvalidGrantException',
    ],
    ['no verifier', { codeVerifier: undefined }, 'InvalidRequestException'],
    ['no code', { code: undefined }, 'InvalidRequestException'],
    ['a made-up code', { code: 'made-up' }, 'InvalidGrantException'],
    ['a wrong secret', { clientSecret: 'wrong' }, 'InvalidClientException'],
    ['an unknown client', { clientId: 'unknown' }, 'InvalidClientException'],
    ['an unknown grant', { grantType: 'password' }, 'UnsupportedGrantTypeException'],
    [
      'a grant that was not registered',
      { grantType: 'urn:ietf:params:oauth:grant-type:device_code', deviceCode: 'x' },
      'UnauthorizedClientException',
    ],
  ])('refuses %s, and the code is spent by a failed try', async (_name, change, name) => {
    const { client, pkce, url } = await start();
    const code = codeFrom((await stage.browser.approve(url, 'dana')).url);
    const good = { ...client, code, codeVerifier: pkce.verifier, redirectUri: callbackUrl };
    expect(await refused(token({ ...good, ...change }))).toBe(name);
    if (name === 'InvalidGrantException' && change.code === undefined)
      expect(await refused(token(good))).toBe('InvalidGrantException');
  });

  it('takes back the tokens of a code that is used twice', async () => {
    const { client, pkce, url } = await start();
    const code = codeFrom((await stage.browser.approve(url, 'dana')).url);
    const good = { ...client, code, codeVerifier: pkce.verifier, redirectUri: callbackUrl };
    const { accessToken = '', refreshToken = '' } = await token(good);
    await stage.sso().send(new ListAccountsCommand({ accessToken }));
    expect(await refused(token(good))).toBe('InvalidGrantException');
    expect(await refused(stage.sso().send(new ListAccountsCommand({ accessToken })))).toBe(
      'UnauthorizedException',
    );
    expect(await refused(token({ ...client, grantType: 'refresh_token', refreshToken }))).toBe(
      'InvalidGrantException',
    );
  });

  it('gives another client nothing for the code', async () => {
    const { pkce, url } = await start();
    const thief = await stage.register();
    const code = codeFrom((await stage.browser.approve(url, 'dana')).url);
    expect(
      await refused(token({ ...thief, code, codeVerifier: pkce.verifier, redirectUri: callbackUrl })),
    ).toBe('InvalidGrantException');
  });

  it('forgets codes after ten minutes', async () => {
    const { client, pkce, url } = await start();
    const code = codeFrom((await stage.browser.approve(url, 'dana')).url);
    stage.world.setClockOffset(600_000);
    expect(
      await refused(token({ ...client, code, codeVerifier: pkce.verifier, redirectUri: callbackUrl })),
    ).toBe('InvalidGrantException');
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no challenge', { code_challenge: '' }, 'invalid_request'],
    ['a token flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a scope that was not registered', { scopes: 'sso:account:access admin' }, 'invalid_scope'],
    ['no scopes', { scopes: '' }, 'invalid_request'],
  ])('tells the client of %s', async (_name, overrides, error) => {
    const { url } = await start(overrides);
    expect(new URL((await stage.browser.get(url)).url).searchParams.get('error')).toBe(error);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['an unknown client', { client_id: 'unknown' }],
    ['a redirect elsewhere', { redirect_uri: 'http://evil.example:80/oauth/callback' }],
    ['a redirect to another path', { redirect_uri: 'http://127.0.0.1:45678/' }],
    ['a redirect with user info', { redirect_uri: 'http://127.0.0.1:45678@evil.example/oauth/callback' }],
    [
      'a redirect to localhost where 127.0.0.1 is registered',
      { redirect_uri: 'http://localhost:45678/oauth/callback' },
    ],
    ['a redirect without a port', { redirect_uri: 'http://127.0.0.1/oauth/callback' }],
  ])('sends nobody anywhere for %s', async (_name, overrides) => {
    const { url } = await start(overrides);
    const page = await stage.browser.get(url);
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('SANDBOX') });
  });
});

describe('refresh', () => {
  const refresh = (client: RegisteredClient, refreshToken: string) =>
    token({ ...client, grantType: 'refresh_token', refreshToken });

  it('gives new access tokens, and keeps the refresh token unless rotation is on', async () => {
    const { client, refreshToken } = await stage.signIn('dana');
    const first = await refresh(client, refreshToken);
    expect(first.refreshToken).toBe(refreshToken);
    await stage.admin('POST', 'refresh-rotation', { on: true });
    const second = await refresh(client, refreshToken);
    expect(second.refreshToken).not.toBe(refreshToken);
    expect(await refused(refresh(client, refreshToken))).toBe('InvalidGrantException');
    await refresh(client, second.refreshToken ?? '');
  });

  it('is another client’s only', async () => {
    const { refreshToken } = await stage.signIn('dana');
    expect(await refused(refresh(await stage.register(), refreshToken))).toBe('InvalidGrantException');
  });

  it('ends with the portal session: eight hours, or Logout', async () => {
    const { client, refreshToken } = await stage.signIn('dana');
    stage.world.setClockOffset(7.5 * 3600_000);
    expect((await refresh(client, refreshToken)).expiresIn).toBe(1800);
    stage.world.setClockOffset(8 * 3600_000);
    expect(await refused(refresh(client, refreshToken))).toBe('InvalidGrantException');
  });

  it('is not given without the scope', async () => {
    const client = await stage.register({
      scopes: undefined,
      grantTypes: undefined,
      redirectUris: undefined,
      issuerUrl: undefined,
    });
    const started = await stage
      .oidc()
      .send(new StartDeviceAuthorizationCommand({ ...client, startUrl: stage.world.organisation.startUrl }));
    await stage.browser.approve(started.verificationUriComplete ?? '', 'dana');
    const reply = await token({
      ...client,
      grantType: 'urn:ietf:params:oauth:grant-type:device_code',
      deviceCode: started.deviceCode,
    });
    expect(reply.accessToken).toEqual(expect.any(String));
    expect(reply.refreshToken).toBeUndefined();
  });
});

describe('the device flow', () => {
  const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
  const start = async () => {
    const client = await stage.register({ grantTypes: undefined, redirectUris: undefined });
    const started = await stage
      .oidc()
      .send(new StartDeviceAuthorizationCommand({ ...client, startUrl: stage.world.organisation.startUrl }));
    return { started, poll: () => token({ ...client, grantType, deviceCode: started.deviceCode }) };
  };

  it('waits, is confirmed on the page that shows the code, and gives tokens once', async () => {
    const { started, poll } = await start();
    expect(started).toMatchObject({
      expiresIn: 600,
      interval: 1,
      userCode: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/),
    });
    expect(await refused(poll())).toBe('AuthorizationPendingException');
    expect(await refused(poll())).toBe('SlowDownException');
    hostNow += 1000;
    expect(await refused(poll())).toBe('AuthorizationPendingException');
    const page = await stage.browser.get(started.verificationUriComplete ?? '');
    const consent = await stage.browser.submit(page, { name: 'person', value: 'dana' });
    expect(consent.text).toContain(started.userCode);
    expect(consent.text).toContain('Is this the code that your terminal shows?');
    hostNow += 1000;
    expect(await refused(poll())).toBe('AuthorizationPendingException');
    expect((await stage.browser.submit(consent, { name: 'decision', value: 'allow' })).text).toContain(
      'Request approved',
    );
    hostNow += 1000;
    expect((await poll()).accessToken).toEqual(expect.any(String));
    hostNow += 1000;
    expect(await refused(poll())).toBe('InvalidGrantException');
  });

  it('says no, and forgets after ten minutes', async () => {
    const denied = await start();
    await stage.browser.approve(denied.started.verificationUriComplete ?? '', 'dana', 'deny');
    expect(await refused(denied.poll())).toBe('AccessDeniedException');
    const late = await start();
    stage.world.setClockOffset(600_000);
    expect(await refused(late.poll())).toBe('ExpiredTokenException');
    expect((await stage.browser.get(late.started.verificationUriComplete ?? '')).status).toBe(404);
  });

  it('takes the code as it is typed', async () => {
    const { started } = await start();
    const typed = (started.userCode ?? '').toLowerCase().replace('-', ' ');
    const page = await stage.browser.get(`${started.verificationUri}?user_code=${encodeURIComponent(typed)}`);
    expect(page.text).toContain('Who are you today?');
    expect((await stage.browser.get(`${started.verificationUri}?user_code=<b>`)).text).toContain(
      '&#60;b&#62;',
    );
  });

  it('is for the organisation’s start URL', async () => {
    const client = await stage.register({ grantTypes: undefined, redirectUris: undefined });
    const other = new StartDeviceAuthorizationCommand({
      ...client,
      startUrl: 'https://d-1111111111.awsapps.com/start',
    });
    expect(await refused(stage.oidc().send(other))).toBe('InvalidRequestException');
  });
});

describe('the portal in the browser', () => {
  it('stays signed in until Logout, as AWS does', async () => {
    const approve = async () => {
      const client = await stage.register();
      const pkce = createPkce();
      const page = await stage.browser.get(authorizeUrl(stage.endpoint.url, client, pkce.challenge));
      return { client, pkce, page };
    };
    const first = await approve();
    expect(first.page.text).toContain('Who are you today?');
    const consent = await stage.browser.submit(first.page, { name: 'person', value: 'dana' });
    const answer = await stage.browser.submit(consent, { name: 'decision', value: 'allow' });
    const { accessToken = '' } = await token({
      ...first.client,
      code: new URL(answer.url).searchParams.get('code') ?? '',
      codeVerifier: first.pkce.verifier,
      redirectUri: callbackUrl,
    });

    expect((await approve()).page.text).toContain('Dana Whitfield');
    await stage.sso().send(new LogoutCommand({ accessToken }));
    expect((await approve()).page.text).toContain('Who are you today?');
  });

  it('lets somebody else sign in', async () => {
    const client = await stage.register();
    const url = authorizeUrl(stage.endpoint.url, client, createPkce().challenge);
    const consent = await stage.browser.submit(await stage.browser.get(url), {
      name: 'person',
      value: 'dana',
    });
    const chooser = await stage.browser.submit(consent, { action: '/sign-out' });
    expect(chooser.text).toContain('Who are you today?');
    expect((await stage.browser.submit(chooser, { name: 'person', value: 'sam' })).text).toContain(
      'Sam Ferreira',
    );
  });
});

describe('forms', () => {
  const consentPage = async () => {
    const client = await stage.register();
    const url = authorizeUrl(stage.endpoint.url, client, createPkce().challenge);
    return stage.browser.submit(await stage.browser.get(url), { name: 'person', value: 'dana' });
  };
  const post = (url: string, headers: Record<string, string>, csrf: string) =>
    fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body: new URLSearchParams({ decision: 'allow', csrf }),
    });

  it('count only with our origin, our token and this browser', async () => {
    const page = await consentPage();
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? '';
    const origin = stage.endpoint.url;
    expect((await post(page.url, { origin }, csrf)).status).toBe(403);
    for (const foreign of ['http://evil.example', 'null', 'http://127.0.0.1:1']) {
      const answer = await stage.browser.submit(page, { name: 'decision', value: 'allow', origin: foreign });
      expect(answer.status).toBe(403);
    }
    const stranger = createSandboxBrowser(stage.endpoint.url);
    await stranger.get(page.url);
    await expect(
      stranger.submit({ ...page, text: page.text }, { name: 'decision', value: 'allow' }),
    ).resolves.toMatchObject({ status: 403 });
    const forged = { ...page, text: page.text.replace(csrf, 'A'.repeat(csrf.length)) };
    expect((await stage.browser.submit(forged, { name: 'decision', value: 'allow' })).status).toBe(403);
  });

  it('answer once', async () => {
    const page = await consentPage();
    await stage.browser.submit(page, { name: 'decision', value: 'allow' });
    expect((await stage.browser.submit(page, { name: 'decision', value: 'allow' })).status).toBe(410);
  });
});
