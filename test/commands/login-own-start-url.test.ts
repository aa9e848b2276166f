import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { registrationFile, tokenFile } from '../../src/identity/sso-cache-file.ts';
import { main } from '../../src/main.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { type IdentityStub, startIdentityStub } from '../identity/identity-stub.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** An organisation's own https address for its access portal, which redirects to `target`. */
let address: Server;
let startUrl: string;
let target: string;
let asked: number;
let stub: IdentityStub;
let host: TestHost;
const argv = (...more: string[]) => ['login', '--start-url', startUrl, '--sso-region', 'us-east-1', ...more];
const stored = () => JSON.parse(readFileSync(tokenFile(host, { session: 'forge' }), 'utf8'));
const sent = (operation: string) => stub.bodies.find((call) => call.operation === operation)?.body;

beforeEach(async () => {
  asked = 0;
  target = 'https://d-1234567890.awsapps.com/start';
  const authority = createCertificateAuthority('a company', Date.now());
  const { key, certificate: cert } = authority.issue(['localhost']);
  address = createServer({ key, cert }, (_request, response) => {
    asked++;
    response.writeHead(302, { location: target }).end();
  });
  await new Promise<void>((resolve) => address.listen(0, '127.0.0.1', resolve));
  startUrl = `https://localhost:${(address.address() as AddressInfo).port}/`;
  stub = await startIdentityStub();
  const made = createTestHost();
  const bundle = join(made.directories.home, 'ca.pem');
  writeFileSync(bundle, authority.certificate);
  host = { ...made, env: { ...made.env, AWS_ENDPOINT_URL: stub.url, AWS_CA_BUNDLE: bundle } };
});
afterEach(async () => {
  await stub[Symbol.asyncDispose]();
  address.closeAllConnections();
  address.close();
  host.dispose();
});

it('the device flow names the portal, the caches the configured address', async () => {
  expect(await main(argv('--device-code'), host)).toBe(0);
  expect(sent('StartDeviceAuthorization')?.startUrl).toBe(target);
  expect(stored()).toMatchObject({ startUrl, region: 'us-east-1' });
  const place = { startUrl, region: 'us-east-1', session: 'forge', scopes: ['sso:account:access'] };
  expect(JSON.parse(readFileSync(registrationFile(host, place), 'utf8'))).toHaveProperty('clientId');
  expect(host.err()).toContain(`To sign in at ${startUrl},`);
  expect(asked).toBe(1);
});

it('is asked at sign-in alone', async () => {
  expect(await main(argv('--device-code'), host)).toBe(0);
  address.closeAllConnections();
  address.close();
  expect(await main(argv(), host)).toBe(0);
  expect(host.out()).toContain('Already signed in');
  expect(await main(['logout'], host)).toBe(0);
  expect(asked).toBe(1);
});

it('the browser flow names the portal as the issuer', async () => {
  const running = main(argv('--browser'), host);
  await expect.poll(() => /http\S+authorize\S+/.exec(host.err())?.[0]).toBeDefined();
  await fetch(/http\S+authorize\S+/.exec(host.err())?.[0] ?? '');
  expect(await running).toBe(0);
  expect(sent('RegisterClient')?.issuerUrl).toBe(target);
  expect(stored().startUrl).toBe(startUrl);
});

it('leads to another region when it must: everything with this sign-in then goes there', async () => {
  target = 'https://ssoins-1.eu-west-1.portal.amazonaws.com';
  expect(await main(argv('--device-code', '--debug'), host)).toBe(0);
  expect(host.err()).toContain(`${startUrl} leads to eu-west-1 now, not to us-east-1`);
  expect(stored()).toMatchObject({ startUrl, region: 'eu-west-1' });
  expect(host.err()).toContain('sso GetRoleCredentials eu-west-1');
  const token = tokenFile(host, { session: 'forge' });
  writeFileSync(token, JSON.stringify({ ...stored(), expiresAt: '2020-01-01T00:00:00Z' }));
  const before = host.err().length;
  expect(await main(argv('--debug'), host)).toBe(0);
  expect(host.out()).toContain('Already signed in');
  expect(host.err().slice(before)).toContain('sso-oidc CreateToken eu-west-1 200');
  expect(host.err().slice(before)).not.toContain('us-east-1 200');
  expect(stored().region).toBe('eu-west-1');
});

it('one that leads nowhere ends a sign-in before it begins, and leaves the earlier one alone', async () => {
  expect(await main(argv('--device-code'), host)).toBe(0);
  stub.calls.clear();
  target = 'https://example.com/';
  expect(await main(argv('--device-code', '--fresh'), host)).toBe(1);
  expect(host.err()).toContain(
    `${startUrl} leads to https://example.com, which is not an access portal of AWS`,
  );
  expect(stub.count('Logout') + stub.count('RegisterClient')).toBe(0);
  expect(stored().startUrl).toBe(startUrl);
});

it('--plan says that it will be asked, and asks nobody', async () => {
  expect(await main(argv('--plan'), host)).toBe(0);
  expect(host.out()).toContain(`ask ${startUrl} which portal of AWS it redirects to`);
  expect(asked).toBe(0);
});

it('an unencrypted one in ~/.aws/config is refused', async () => {
  mkdirSync(join(host.directories.home, '.aws'));
  writeFileSync(
    join(host.directories.home, '.aws', 'config'),
    '[sso-session corp]\nsso_start_url = http://aws.corp.test/\nsso_region = us-east-1\n',
  );
  expect(await main(['login'], host)).toBe(2);
  expect(host.err()).toContain('it must be an https:// address');
  expect(stub.calls.size).toBe(0);
});
