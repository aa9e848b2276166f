import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectFirst } from '../../../src/db/wire/connect-first.ts';
import { openDatabaseSocket, type SocketStep } from '../../../src/db/wire/open-database-socket.ts';
import { createCertificateAuthority } from '../../../src/sandbox/x509/certificates.ts';
import { slowness } from '../../support/slowness.ts';

const host = 'shop.c9abc.us-east-1.rds.amazonaws.com';
const authority = createCertificateAuthority('test root', Date.now());
const stranger = createCertificateAuthority('another root', Date.now());
const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  vi.unstubAllEnvs();
});

/** A server on loopback; `answer` gets each connection. */
function serve(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    answer(socket);
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

/** Answers SSLRequest and goes on in TLS; what the client sends then comes to `received`. */
function secure(ca: typeof authority, names: readonly [string], received: (text: string) => void = () => {}) {
  const { certificate, key } = ca.issue(names);
  const secureContext = createSecureContext({ cert: certificate, key });
  return (socket: Socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write('S');
      const tls = new TLSSocket(socket, { isServer: true, secureContext });
      tls.on('error', () => {});
      tls.on('data', (chunk) => received(String(chunk)));
    });
  };
}

function open(port: number, more: Partial<Parameters<typeof openDatabaseSocket>[0]> = {}) {
  const { signal } = new AbortController();
  const request = { host, address: '127.0.0.1', port, ca: authority.certificate, signal, timeoutMs: 1_500 };
  return openDatabaseSocket({ ...request, ...more });
}

describe('openDatabaseSocket', () => {
  it('checks the real name wherever it connects to, and tells each step', async () => {
    let text = '';
    const port = await serve(secure(authority, [host], (received) => (text += received)));
    const steps: SocketStep[] = [];
    const socket = await open(port, { onStep: (step) => steps.push(step) });
    expect(socket.authorized).toBe(true);
    expect(socket.servername).toBe(host);
    expect(steps).toMatchObject([
      { name: 'dns', addresses: ['127.0.0.1'] },
      { name: 'tcp', address: '127.0.0.1' },
      { name: 'tls', protocol: 'TLSv1.3', certificate: { subject: host, issuer: 'test root' } },
    ]);
    socket.write('hello');
    await vi.waitFor(() => expect(text).toBe('hello'));
    socket.destroy();
  });

  it('checks a name behind localhost, too (pg itself would take localhost for the name)', async () => {
    const port = await serve(secure(authority, [host]));
    const socket = await open(port, { address: 'localhost' });
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it.each([
    [
      'a certificate of another database',
      () => secure(authority, ['other.rds.amazonaws.com']),
      'tls',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'a certificate of an unknown authority',
      () => secure(stranger, [host]),
      'tls',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      'a server without TLS',
      () => (socket: Socket) => socket.once('data', () => socket.write('N')),
      'negotiation',
      'NO_TLS',
    ],
    [
      'bytes stuffed in before TLS',
      () => (socket: Socket) => socket.once('data', () => socket.write('SR\0\0')),
      'negotiation',
      'STUFFED',
    ],
    [
      'a web server',
      () => (socket: Socket) => socket.once('data', () => socket.write('HTTP/1.1 400')),
      'negotiation',
      'NOT_POSTGRESQL',
    ],
    [
      'an error in clear',
      () => (socket: Socket) => socket.once('data', () => socket.write('E\0\0\0\x05\0')),
      'negotiation',
      'ERROR',
    ],
    ['a server that hangs up', () => (socket: Socket) => void socket.end(), 'negotiation', 'CLOSED'],
    [
      'a server that hangs up after the S',
      () => (socket: Socket) => socket.once('data', () => socket.end('S')),
      'tls',
      undefined,
    ],
    ['a server that says nothing', () => () => {}, 'negotiation', 'TIMEOUT'],
    [
      'a server that says nothing in TLS',
      () => (socket: Socket) => socket.once('data', () => socket.write('S')),
      'tls',
      'TIMEOUT',
    ],
  ])('refuses %s', async (_what, answer, step, code) => {
    // Would switch the checks off wherever they are left to Node's default.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const port = await serve(answer());
    const failure = await open(port, { timeoutMs: 300 }).then(
      () => 'connected',
      (error) => ({ step: error.step, code: error.code }),
    );
    expect(failure).toEqual({ step, code: code ?? expect.any(String) });
  });

  it('says what the network says', async () => {
    await expect(open(1)).rejects.toMatchObject({ step: 'tcp', code: 'ECONNREFUSED' });
    await expect(open(5432, { address: 'no-such-host.invalid' })).rejects.toMatchObject({
      step: 'dns',
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN|TIMEOUT/),
    });
  });

  it('ends at once with the reason of the signal', async () => {
    const port = await serve(() => {});
    const controller = new AbortController();
    const opening = open(port, { signal: controller.signal, timeoutMs: 60_000 });
    setTimeout(() => controller.abort('SIGINT'), 30);
    await expect(opening).rejects.toBe('SIGINT');
    await expect(open(port, { signal: controller.signal })).rejects.toBe('SIGINT');
  });
});

describe('connectFirst', () => {
  const { signal } = new AbortController();

  it('takes the address that answers, and does not wait for one that does not', async () => {
    const port = await serve(() => {});
    // Reserved for documentation (RFC 5737, RFC 3849): refused at once or never answered.
    const dead = [{ address: '192.0.2.1' }, { address: '2001:db8::1' }];
    const started = performance.now();
    const socket = await connectFirst([...dead, { address: '127.0.0.1' }], port, signal);
    expect(socket.remoteAddress).toBe('127.0.0.1');
    const took = performance.now() - started;
    expect(took).toBeLessThan(1_500 * (await slowness()));
    socket.destroy();
  });

  it('fails with the first reason when none answers', async () => {
    const none = connectFirst([{ address: '127.0.0.1' }, { address: '127.0.0.2' }], 1, signal);
    await expect(none).rejects.toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1' });
    await expect(connectFirst([], 1, signal)).rejects.toThrow('no address');
  });
});
