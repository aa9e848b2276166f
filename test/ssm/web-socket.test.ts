import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import type { Environment } from '../../src/host.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { openWebSocket } from '../../src/ssm/web-socket.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
let server: Server;
let proxy: ConnectProxy;
let port: number;
let bundle: string;

beforeAll(async () => {
  host = createTestHost();
  const authority = createCertificateAuthority('a company', Date.now());
  const { key, certificate: cert } = authority.issue(['ssmmessages.test', 'localhost']);
  bundle = join(host.directories.home, 'ca.pem');
  writeFileSync(bundle, authority.certificate);
  server = createServer({ key, cert }, (_request, response) => response.writeHead(403).end());
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    // Compression is not offered: it costs time and helps nobody with what is encrypted or compressed already.
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (data) => webSocket.send(data));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  proxy = await startConnectProxy();
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
  host.dispose();
});

/** Sends a word there and back. */
async function echo(env: Environment, url: string): Promise<string> {
  let hear = (_text: string) => {};
  const heard = new Promise<string>((resolve) => {
    hear = resolve;
  });
  const socket = await openWebSocket(
    { env },
    new Secret(url),
    { onMessage: (bytes) => hear(bytes.toString()), onClose: () => {}, onDrain: () => {} },
    new AbortController().signal,
  );
  socket.send(Buffer.from('word'));
  const text = await heard;
  await socket.close();
  return text;
}

describe('an encrypted data channel', () => {
  it('trusts AWS_CA_BUNDLE besides the public authorities, and nobody else', async () => {
    const url = `wss://localhost:${port}/v1/data-channel/s-1`;
    expect(await echo({ AWS_CA_BUNDLE: bundle }, url)).toBe('word');
    await expect(echo({}, url)).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'UNTRUSTED_CERTIFICATE',
      hint: expect.stringContaining('AWS_CA_BUNDLE'),
    });
  });

  it('goes through HTTPS_PROXY, but not to what NO_PROXY names', async () => {
    const through = { AWS_CA_BUNDLE: bundle, HTTPS_PROXY: `http://me:pw@127.0.0.1:${proxy.port}` };
    expect(await echo(through, `wss://ssmmessages.test:${port}/x`)).toBe('word');
    expect(proxy.seen).toEqual([`ssmmessages.test:${port} Basic bWU6cHc=`]);
    expect(await echo({ ...through, NO_PROXY: 'localhost' }, `wss://localhost:${port}/x`)).toBe('word');
    expect(proxy.seen).toHaveLength(1);
  });

  it('that is refused says so', async () => {
    await expect(echo({ AWS_CA_BUNDLE: bundle }, `wss://localhost:${port}/refused`)).rejects.toMatchObject({
      code: 'DATA_CHANNEL_REFUSED',
      message: expect.stringContaining('403'),
    });
  });
});
