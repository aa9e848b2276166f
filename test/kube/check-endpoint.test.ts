import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { checkDirectly, checkThrough, endpointOf } from '../../src/kube/check-endpoint.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';

const authority = createCertificateAuthority('cluster', Date.now());
const another = createCertificateAuthority('another', Date.now());
const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Something that listens; answers its port. */
async function listening(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
const tlsServer = (names: Parameters<typeof authority.issue>[0], issuer = authority) => {
  const { certificate, key } = issuer.issue(names);
  const server = createTlsServer({ cert: certificate, key }, (socket) => socket.on('error', () => {}));
  return listening(server.on('tlsClientError', () => {}));
};
const at = (port: number, host = '127.0.0.1') => ({
  arn: undefined,
  server: `https://${host}:${port}`,
  certificateAuthority: Buffer.from(authority.certificate).toString('base64'),
  publicAccess: undefined,
});
async function failure(checked: Promise<void>): Promise<string> {
  const error = await checked.then(
    () => undefined,
    (why: unknown) => why,
  );
  return error instanceof ForgeError ? `${error.code}: ${error.message}` : String(error);
}

describe('directly', () => {
  it('the cluster, by address and by name', async () => {
    const named = await tlsServer(['127.0.0.1', 'localhost']);
    await checkDirectly({ env: {} }, at(named), never);
    await checkDirectly({ env: {} }, at(named, 'localhost'), never);
  });

  it('not the cluster: another name, another authority', async () => {
    expect(await failure(checkDirectly({ env: {} }, at(await tlsServer(['other.example'])), never))).toMatch(
      /^CLUSTER_CERTIFICATE: .* not made out to 127\.0\.0\.1\.$/,
    );
    const foreign = await tlsServer(['127.0.0.1'], another);
    expect(await failure(checkDirectly({ env: {} }, at(foreign), never))).toMatch(
      /^CLUSTER_CERTIFICATE: .* not signed by the cluster's authority/,
    );
  });

  it('no TLS, nobody, and who hangs up are what they are', async () => {
    const plain = await listening(createServer((socket) => socket.end('HTTP/1.1 400\r\n\r\n')));
    expect(await failure(checkDirectly({ env: {} }, at(plain), never))).not.toContain('CLUSTER');
    const rude = await listening(createServer((socket) => socket.resetAndDestroy()));
    expect(await failure(checkDirectly({ env: {} }, at(rude), never))).toContain('Error');
    const gone = createServer();
    const port = await listening(gone);
    await new Promise((resolve) => gone.close(resolve));
    expect(await failure(checkDirectly({ env: {} }, at(port), never))).toContain('ECONNREFUSED');
  });

  it('one that is silent is left when another way was faster', async () => {
    const silent = await listening(createServer((socket) => socket.on('error', () => {})));
    const controller = new AbortController();
    const checked = failure(checkDirectly({ env: {} }, at(silent), controller.signal));
    controller.abort();
    expect(await checked).toContain('another way was faster');
    expect(await failure(checkDirectly({ env: {} }, at(silent), AbortSignal.abort()))).toContain('faster');
  });

  it('through HTTPS_PROXY, as kubectl would go', async () => {
    const port = await tlsServer(['127.0.0.1']);
    await using proxy = await startConnectProxy();
    await checkDirectly({ env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } }, at(port), never);
    expect(proxy.seen).toEqual([`127.0.0.1:${port} -`]);
    await checkDirectly(
      { env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.1' } },
      at(port),
      never,
    );
    expect(proxy.seen).toHaveLength(1);
  });
});

describe('through a stream', () => {
  it('by the real name, which the address is not', async () => {
    const port = await tlsServer(['abc.eks.amazonaws.com']);
    const dial = () => connect({ host: '127.0.0.1', port });
    await checkThrough(dial(), at(443, 'abc.eks.amazonaws.com'), never);
    expect(await failure(checkThrough(dial(), at(443, 'def.eks.amazonaws.com'), never))).toMatch(
      /^CLUSTER_CERTIFICATE: What answers for def\.eks\.amazonaws\.com:443 .* not made out to/,
    );
  });

  it('that breaks says why', async () => {
    const silent = await listening(createServer((socket) => socket.on('error', () => {})));
    const stream = connect({ host: '127.0.0.1', port: silent });
    const checked = failure(checkThrough(stream, at(443, 'abc.eks.amazonaws.com'), never));
    await once(stream, 'connect');
    stream.destroy(new Error('the instance refused'));
    expect(await checked).toContain('the instance refused');
  });
});

it('the port of an address is 443 unless it says another, and brackets are no part of a name', () => {
  expect(endpointOf({ server: 'https://abc.example' })).toEqual({ host: 'abc.example', port: 443 });
  expect(endpointOf({ server: 'https://[fd00::1]:6443' })).toEqual({ host: 'fd00::1', port: 6443 });
});
