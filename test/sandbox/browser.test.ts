import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartDeviceAuthorizationCommand } from '@aws-sdk/client-sso-oidc';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AwsStage, authorizeUrl, startAwsStage } from './clients.ts';
import { createPkce } from './sandbox-browser.ts';

const executablePath = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined)
  console.warn('browser.test.ts skips: no Chromium found (set CHROMIUM_PATH)');

describe.skipIf(executablePath === undefined)('the pages in a real browser', () => {
  let stage: AwsStage;
  let browser: Browser;
  let page: Page;
  let callbacks: string[];
  let client: Server;

  beforeAll(async () => {
    stage = await startAwsStage();
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    callbacks = [];
    client = createServer((request, response) => {
      if (request.url?.startsWith('/oauth/callback')) callbacks.push(request.url);
      response.end('forge: signed in');
    });
    await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    client?.close();
    await stage?.endpoint.close();
  });
  beforeEach(async () => {
    callbacks.length = 0;
    page = await (await browser.newContext()).newPage();
  });

  const askForCode = async () => {
    const registered = await stage.register();
    const redirect_uri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/oauth/callback`;
    return authorizeUrl(stage.endpoint.url, registered, createPkce().challenge, { redirect_uri });
  };

  it('sign in, allow, and the callback has the code; the second time nobody is asked who', async () => {
    const complaints: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    await page.goto(await askForCode());
    await page.getByText('SANDBOX').waitFor();
    await page.getByRole('button', { name: /Dana Whitfield/ }).click();
    await page.getByText('dana@tapp.example').waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('forge: signed in').waitFor();
    expect(callbacks).toEqual([
      expect.stringMatching(/^\/oauth\/callback\?code=[\w-]{60,}&state=some-state$/),
    ]);
    await page.goto(await askForCode());
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('forge: signed in').waitFor();
    expect(callbacks).toHaveLength(2);
    expect(complaints).toEqual([]);
  }, 30_000);

  it('deny', async () => {
    await page.goto(await askForCode());
    await page.getByRole('button', { name: /Sam Ferreira/ }).click();
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('forge: signed in').waitFor();
    expect(callbacks).toEqual(['/oauth/callback?error=access_denied&state=some-state']);
  }, 30_000);

  it('device: type the code, compare it, allow it', async () => {
    const registered = await stage.register({ grantTypes: undefined, redirectUris: undefined });
    const started = await stage
      .oidc()
      .send(
        new StartDeviceAuthorizationCommand({ ...registered, startUrl: stage.world.organisation.startUrl }),
      );
    await page.goto(started.verificationUri ?? '');
    await page.getByLabel('Code').fill((started.userCode ?? '').toLowerCase());
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: /Quinn Okafor/ }).click();
    await page.getByText(started.userCode ?? '').waitFor();
    await page.getByRole('button', { name: /The code matches/ }).click();
    await page.getByText('Request approved').waitFor();
  }, 30_000);

  it('a page elsewhere can neither frame ours nor send our form', async () => {
    await page.goto(await askForCode());
    await page.getByRole('button', { name: /Dana Whitfield/ }).click();
    await page.getByText('Allow test-client').waitFor();
    const consent = page.url();
    const csrf = await page.locator('form[action^="/authorize/"] input[name=csrf]').getAttribute('value');
    const evil = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        `<form id=f method=post action="${consent}"><input name=csrf value="${csrf}"><input name=decision value=allow></form><iframe src="${consent}"></iframe><button onclick="f.submit()">win</button>`,
      );
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    await page.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`);
    const frame = page.frames()[1];
    expect(await frame?.content().catch(() => '')).not.toContain('csrf');
    await page.getByRole('button', { name: 'win' }).click();
    await page.getByText('That form is not ours').waitFor();
    expect(callbacks).toEqual([]);
    evil.close();
  }, 30_000);
});
