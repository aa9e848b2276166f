import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAws } from '../../src/aws/clients.ts';
import { findPortal } from '../../src/aws/start-url.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const portal = 'https://d-1234567890.awsapps.com/start';
const authority = createCertificateAuthority('a company', Date.now());
const { key, certificate: cert } = authority.issue(['aws.corp.test', 'localhost']);
const closers: (() => void)[] = [];
let host: TestHost;
let requests: IncomingMessage[];

beforeEach(() => {
  host = createTestHost();
  requests = [];
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  host.dispose();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** An organisation's own address, unencrypted on loopback. */
async function ownAddress(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  closers.push(() => server.closeAllConnections());
  return `http://127.0.0.1:${await listen(server)}/`;
}

const redirect =
  (location: string, status = 302): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { location, date: 'Thu, 01 Jan 1970 00:00:00 GMT' }).end('moved');
const find = (url: string, env = {}) => findPortal(createAws({ ...host, env }), url, 'us-east-1');
const methods = () => requests.map(({ method }) => method);

describe('a start URL of AWS', () => {
  it.each([
    portal,
    `${portal}/#/`,
    'https://identitycenter.us-gov.amazonaws.com/ssoins-1',
    'https://new.form.aws/x',
  ])('%s is taken as it is, and nobody is asked', async (url) => {
    const proxy = await startConnectProxy();
    closers.push(() => void proxy[Symbol.asyncDispose]());
    const found = await find(url, { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(found).toEqual({ issuerUrl: url, region: 'us-east-1' });
    expect(proxy.seen).toEqual([]);
  });
});

describe("an organisation's own start URL", () => {
  it.each([301, 302, 303, 307, 308])('is asked once where it leads: %i', async (status) => {
    const url = await ownAddress(redirect(`${portal}/?from=corp#/x`, status));
    expect(await find(url)).toEqual({ issuerUrl: portal, region: 'us-east-1' });
    expect(methods()).toEqual(['HEAD']);
  });

  it.each([405, 501])('is asked with GET when it does not know HEAD: %i', async (status) => {
    const url = await ownAddress((request, response) => {
      if (request.method === 'HEAD') response.writeHead(status).end();
      else redirect(portal)(request, response);
    });
    expect(await find(url)).toMatchObject({ issuerUrl: portal });
    expect(methods()).toEqual(['HEAD', 'GET']);
  });

  it("brings the portal's region before the configured one", async () => {
    const url = await ownAddress(redirect('https://ssoins-1.eu-west-1.portal.amazonaws.com/'));
    expect(await find(url)).toEqual({
      issuerUrl: 'https://ssoins-1.eu-west-1.portal.amazonaws.com',
      region: 'eu-west-1',
    });
  });

  it('is one step from the portal: no further redirect is followed', async () => {
    const second = await ownAddress(redirect(portal));
    const first = await ownAddress(redirect(second));
    await expect(find(first)).rejects.toMatchObject({ kind: 'failed', code: 'START_URL_UNRESOLVED' });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [
      'another host',
      'https://d-1.awsapps.com.evil.example/start',
      'leads to https://d-1.awsapps.com.evil.example',
    ],
    ['a bucket', 'https://bucket.s3.amazonaws.com/start', 'leads to https://bucket.s3.amazonaws.com'],
    [
      'an unencrypted portal',
      'http://d-1234567890.awsapps.com/start',
      'leads to http://d-1234567890.awsapps.com',
    ],
    ['itself', '/start', 'leads to http://127.0.0.1'],
    ['no address', 'https://', 'leads to no portal'],
  ])('that leads to %s is refused', async (_name, location, sentence) => {
    const failing = find(await ownAddress(redirect(location)));
    await expect(failing).rejects.toMatchObject({ kind: 'failed', code: 'START_URL_UNRESOLVED' });
    await expect(failing).rejects.toThrow(sentence);
  });

  it.each([200, 404, 500])('that answers %i is refused', async (status) => {
    const failing = find(await ownAddress((_request, response) => response.writeHead(status).end('page')));
    await expect(failing).rejects.toMatchObject({ code: 'START_URL_UNRESOLVED' });
    await expect(failing).rejects.toThrow(`it answered ${status}, no redirect`);
  });

  it('is not read to its end', async () => {
    const endless = await ownAddress((request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(405).end();
      response.writeHead(302, { location: portal });
      const pour = setInterval(() => response.write('x'.repeat(10_000)), 1);
      response.on('close', () => clearInterval(pour));
    });
    expect(await find(endless)).toMatchObject({ issuerUrl: portal });
  });

  it("says nothing about AWS's clock", async () => {
    const aws = createAws(host);
    await findPortal(aws, await ownAddress(redirect(portal)), 'us-east-1');
    expect(aws.clockSkew()).toBe(0);
  });

  it.each([
    'http://aws.corp.test/',
    'http://localhost.corp.test/',
    'http://d-1234567890.awsapps.com/start',
    'https://user:CANARY@aws.corp.test/',
    'ftp://aws.corp.test/',
    'aws.corp.test',
    '',
  ])('"%s" is refused unasked', async (url) => {
    await expect(find(url)).rejects.toMatchObject({ kind: 'usage', code: 'UNSAFE_START_URL' });
  });
});

describe("the way to an organisation's own start URL", () => {
  async function encrypted(): Promise<{ url: string; port: number; bundle: string }> {
    const port = await listen(createTlsServer({ key, cert }, redirect(portal)));
    const bundle = join(host.directories.home, 'ca.pem');
    writeFileSync(bundle, authority.certificate);
    return { url: `https://localhost:${port}/`, port, bundle };
  }

  it('trusts AWS_CA_BUNDLE and nobody unknown', async () => {
    const { url, bundle } = await encrypted();
    expect(await find(url, { AWS_CA_BUNDLE: bundle })).toMatchObject({ issuerUrl: portal });
    await expect(find(url)).rejects.toMatchObject({ kind: 'unreachable', code: 'UNTRUSTED_CERTIFICATE' });
  });

  it('goes through the proxy', async () => {
    const { port, bundle } = await encrypted();
    await using proxy = await startConnectProxy();
    const env = { AWS_CA_BUNDLE: bundle, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    expect(await find(`https://aws.corp.test:${port}/`, env)).toMatchObject({ issuerUrl: portal });
    expect(proxy.seen).toEqual([`aws.corp.test:${port} -`]);
  });

  it.each([
    ['nobody listens', 'http://127.0.0.1:9/', 'nothing listens there'],
    ['there is no such name', 'https://aws.corp.invalid/', 'DNS'],
  ])('fails clearly when %s', async (_name, url, reason) => {
    const failing = find(url);
    await expect(failing).rejects.toMatchObject({ kind: 'unreachable', code: 'UNREACHABLE' });
    await expect(failing).rejects.toThrow(reason);
  });

  it('fails clearly when what answers is no web server', async () => {
    const port = await listen(createTcpServer((socket) => socket.end('220 mail ready\r\n')));
    const failing = find(`http://127.0.0.1:${port}/`);
    await expect(failing).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(failing).rejects.toThrow('does not speak HTTP');
  });

  it('fails clearly when nothing is answered, and at once at Ctrl-C', async () => {
    const port = await listen(createTcpServer((socket) => closers.push(() => socket.destroy())));
    const url = `http://127.0.0.1:${port}/`;
    await expect(find(url)).rejects.toThrow('it did not answer in time');
    const waiting = find(url);
    setTimeout(() => host.interrupt(), 50);
    await expect(waiting).rejects.toBe('SIGINT');
    await expect(find(url)).rejects.toBe('SIGINT');
  }, 15_000);
});
