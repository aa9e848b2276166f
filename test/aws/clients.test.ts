import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAws } from '../../src/aws/clients.ts';
import { findProxy } from '../../src/aws/proxy-agent.ts';
import { getCallerIdentity } from '../../src/aws/sts.ts';
import type { Environment } from '../../src/host.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { slowness } from '../support/slowness.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'CANARY-secret', sessionToken: 'CANARY-token' };
const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::111111111111:assumed-role/A/dana</Arn><UserId>X:dana</UserId><Account>111111111111</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
const answer: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () =>
    response.writeHead(200, { 'content-type': 'text/xml', 'x-amzn-requestid': 'r-1' }).end(identity),
  );
};
const closers: (() => void)[] = [];
let host: TestHost;

beforeEach(() => {
  host = createTestHost();
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  host.dispose();
});

async function listen(server: ReturnType<typeof createServer | typeof createTlsServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const ask = (env: Environment, debug?: (text: string) => void) =>
  getCallerIdentity(createAws({ ...host, env }, debug ? { debug } : {}), 'us-east-1', keys);

describe('a call', () => {
  it('says who asks, is signed, and leaves one line for --debug', async () => {
    let headers: NodeJS.Dict<string | string[]> = {};
    const port = await listen(
      createServer((request, response) => {
        headers = request.headers;
        answer(request, response);
      }),
    );
    const lines: string[] = [];
    const found = await ask({ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }, (text) => lines.push(text));
    expect(found).toEqual({
      account: '111111111111',
      arn: 'arn:aws:sts::111111111111:assumed-role/A/dana',
      userId: 'X:dana',
    });
    expect(headers['user-agent']).toMatch(/app\/forge/);
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/sts\/aws4_request/,
    );
    expect(headers['x-amz-security-token']).toBe('CANARY-token');
    expect(lines).toEqual([
      expect.stringMatching(/^sts GetCallerIdentity us-east-1 200 \d+ ms request-id=r-1$/),
    ]);
  });

  it('lets the SDK look nowhere by itself', async () => {
    const port = await listen(createServer(answer));
    // Whoever reads a pipe that nobody writes to waits for ever.
    const trap = join(host.directories.home, 'trap');
    if (spawnSync('mkfifo', [trap]).status !== 0) return;
    const traps = {
      AWS_CONFIG_FILE: trap,
      AWS_SHARED_CREDENTIALS_FILE: trap,
      AWS_PROFILE: 'no-such-profile',
    };
    const saved = { ...process.env };
    Object.assign(process.env, traps);
    try {
      await ask({ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
    } finally {
      process.env = saved;
    }
  });

  it('is tried three times when a server fails, and no more', async () => {
    let count = 0;
    const port = await listen(
      createServer((request, response) => {
        count++;
        request.resume();
        if (count < 3) response.writeHead(503).end();
        else answer(request, response);
      }),
    );
    const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
    const lines: string[] = [];
    await ask(env, (text) => lines.push(text));
    expect(lines[0]).toContain('attempts=3');
    count = -10;
    await expect(ask(env)).rejects.toMatchObject({ kind: 'unreachable', code: 'AWS_UNAVAILABLE' });
    expect(count).toBe(-7);
  });

  it.each(['0', '100', '-1', '1.5', 'many'])('AWS_MAX_ATTEMPTS=%s is refused', async (text) => {
    await expect(ask({ AWS_MAX_ATTEMPTS: text })).rejects.toMatchObject({
      kind: 'usage',
      code: 'INVALID_MAX_ATTEMPTS',
    });
  });

  it.each(['', 'legacy', 'standard', 'adaptive', 'nonsense'])(
    'is tried the same with AWS_RETRY_MODE=%s',
    async (mode) => {
      let count = 0;
      const port = await listen(
        createServer((request, response) => {
          count++;
          request.resume();
          response.writeHead(503).end();
        }),
      );
      const env = {
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        AWS_MAX_ATTEMPTS: '2',
        AWS_RETRY_MODE: mode,
      };
      await expect(ask(env)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
      expect(count).toBe(2);
    },
  );

  it('waits for a slow answer, longer than connections may idle', async () => {
    const port = await listen(
      createServer(async (request, response) => {
        await sleep(4_600);
        answer(request, response);
      }),
    );
    await ask({ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_MAX_ATTEMPTS: '1' });
  }, 10_000);

  it('gives its connection up after 4 idle seconds', async () => {
    const server = createServer(answer);
    server.keepAliveTimeout = 60_000;
    const port = await listen(server);
    let closedAfter = 0;
    server.on('connection', (socket) => {
      const began = performance.now();
      socket.on('close', () => {
        closedAfter = performance.now() - began;
      });
    });
    await ask({ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
    await sleep(4_500);
    expect(closedAfter).toBeGreaterThan(3_500);
  }, 10_000);

  it('ends at once at Ctrl-C, and does not begin after it', async () => {
    const port = await listen(createServer(() => {}));
    const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
    const began = performance.now();
    const waiting = ask(env);
    setTimeout(() => host.interrupt(), 100);
    await expect(waiting).rejects.toBe('SIGINT');
    const took = performance.now() - began;
    expect(took).toBeLessThan(1_000 * (await slowness()));
    await expect(ask(env)).rejects.toBe('SIGINT');
  });

  it('tells how the clock of the server differs', async () => {
    const port = await listen(
      createServer((request, response) => {
        response.setHeader('date', new Date(Date.now() - 90_000).toUTCString());
        answer(request, response);
      }),
    );
    const aws = createAws({ ...host, env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` } });
    expect(aws.clockSkew()).toBe(0);
    await getCallerIdentity(aws, 'us-east-1', keys);
    expect(Math.abs(aws.clockSkew() + 90_000)).toBeLessThan(20_000);
    expect(Math.abs(aws.now() - (host.now() - 90_000))).toBeLessThan(20_000);
  });
});

describe('certificates', () => {
  const authority = createCertificateAuthority('a company', Date.now());
  const { key, certificate: cert } = authority.issue(['aws.test', 'localhost']);

  it('are those of AWS_CA_BUNDLE besides the public ones', async () => {
    const port = await listen(createTlsServer({ key, cert }, answer));
    const bundle = join(host.directories.home, 'ca.pem');
    writeFileSync(bundle, authority.certificate);
    const url = { AWS_ENDPOINT_URL: `https://localhost:${port}`, AWS_MAX_ATTEMPTS: '1' };
    await ask({ ...url, AWS_CA_BUNDLE: bundle });
    await expect(ask(url)).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'UNTRUSTED_CERTIFICATE',
      hint: expect.stringContaining('AWS_CA_BUNDLE'),
    });
    await expect(ask({ ...url, AWS_CA_BUNDLE: `${bundle}.no` })).rejects.toMatchObject({
      kind: 'usage',
      code: 'CA_BUNDLE_UNREADABLE',
    });
  });

  it('must name the host', async () => {
    const other = authority.issue(['other.test']);
    const port = await listen(createTlsServer({ key: other.key, cert: other.certificate }, answer));
    const bundle = join(host.directories.home, 'ca.pem');
    writeFileSync(bundle, authority.certificate);
    const env = {
      AWS_ENDPOINT_URL: `https://localhost:${port}`,
      AWS_CA_BUNDLE: bundle,
      AWS_MAX_ATTEMPTS: '1',
    };
    const failing = ask(env);
    await expect(failing).rejects.toMatchObject({ code: 'UNTRUSTED_CERTIFICATE' });
    await expect(failing).rejects.toThrow('its certificate is for another host');
  });

  describe('through a proxy', () => {
    async function proxy(status = 200): Promise<ConnectProxy> {
      const started = await startConnectProxy(status);
      closers.push(() => void started[Symbol.asyncDispose]());
      return started;
    }

    async function setUp(): Promise<Record<string, string>> {
      const port = await listen(createTlsServer({ key, cert }, answer));
      const bundle = join(host.directories.home, 'ca.pem');
      writeFileSync(bundle, authority.certificate);
      return { AWS_ENDPOINT_URL: `https://aws.test:${port}`, AWS_CA_BUNDLE: bundle, AWS_MAX_ATTEMPTS: '1' };
    }

    it('the name goes to the proxy and the certificate is still checked', async () => {
      const env = await setUp();
      const { port, seen } = await proxy();
      await ask({ ...env, HTTPS_PROXY: `http://jane:p%40ss@127.0.0.1:${port}` });
      const target = env.AWS_ENDPOINT_URL?.replace('https://', '');
      expect(seen).toEqual([`${target} Basic ${Buffer.from('jane:p@ss').toString('base64')}`]);
      const { AWS_CA_BUNDLE: _, ...untrusting } = env;
      await expect(ask({ ...untrusting, HTTPS_PROXY: `http://127.0.0.1:${port}` })).rejects.toMatchObject({
        code: 'UNTRUSTED_CERTIFICATE',
      });
    });

    it('a refusal is said, without its password', async () => {
      const env = await setUp();
      const { port } = await proxy(407);
      const failing = ask({ ...env, HTTPS_PROXY: `http://jane:CANARY@127.0.0.1:${port}` });
      await expect(failing).rejects.toMatchObject({
        kind: 'unreachable',
        hint: 'Check HTTPS_PROXY and NO_PROXY.',
      });
      await expect(failing).rejects.toThrow('HTTPS_PROXY refused to connect to aws.test');
      await expect(failing).rejects.not.toThrow('CANARY');
    });

    it('one that is down is said', async () => {
      const env = await setUp();
      const failing = ask({ ...env, HTTPS_PROXY: 'http://127.0.0.1:9' });
      await expect(failing).rejects.toMatchObject({ kind: 'unreachable' });
      await expect(failing).rejects.toThrow("the proxy named by HTTPS_PROXY can't be reached (ECONNREFUSED)");
    });
  });
});

describe('which proxy', () => {
  const proxy = 'http://proxy.example.com:3128';
  it.each([
    ['none set', {}, false],
    ['set', { HTTPS_PROXY: proxy }, true],
    ['lower case', { https_proxy: proxy }, true],
    ['without a scheme', { HTTPS_PROXY: 'proxy.example.com:3128' }, true],
    ['HTTP_PROXY has no say', { HTTP_PROXY: proxy }, false],
    ['exempt by name', { HTTPS_PROXY: proxy, NO_PROXY: 'sts.us-east-1.amazonaws.com' }, false],
    ['exempt by domain', { HTTPS_PROXY: proxy, NO_PROXY: 'x.test, .amazonaws.com' }, false],
    ['exempt by wildcard', { HTTPS_PROXY: proxy, NO_PROXY: '*.amazonaws.com' }, false],
    ['exempt by bare domain', { HTTPS_PROXY: proxy, no_proxy: 'AMAZONAWS.com' }, false],
    ['exempt by port', { HTTPS_PROXY: proxy, NO_PROXY: 'amazonaws.com:443' }, false],
    ['another port', { HTTPS_PROXY: proxy, NO_PROXY: 'amazonaws.com:8443' }, true],
    ['half a name', { HTTPS_PROXY: proxy, NO_PROXY: 'onaws.com' }, true],
    ['everything', { HTTPS_PROXY: proxy, NO_PROXY: '*' }, false],
  ])('%s', (_name, env, used) => {
    const found = findProxy(env, 'sts.us-east-1.amazonaws.com', 443);
    expect(found?.href).toBe(used ? 'http://proxy.example.com:3128/' : undefined);
  });

  it.each([['socks5://x:1'], ['http://'], ['http://a b']])('%s is refused', (text) => {
    expect(() => findProxy({ HTTPS_PROXY: text }, 'x', 443)).toThrow('HTTPS_PROXY is not');
  });
});
