import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { Access } from '../../src/access/with-access.ts';
import { emptyConfig } from '../../src/config/build-config.ts';
import { cancelRequest } from '../../src/db/cancel-request.ts';
import { requestDatabase } from '../../src/db/database-request.ts';
import type { DatabaseConnection } from '../../src/db/endpoint.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { checkServer, type ServerFacts } from '../../src/db/server-facts.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createPrompt } from '../../src/terminal/prompt.ts';
import { createTestHost } from '../support/test-host.ts';

const endpoint = 'shop.c9abc.us-east-1.rds.amazonaws.com';
const authority = createCertificateAuthority('test root', Date.now());
const { certificate, key } = authority.issue([endpoint]);
const secureContext = createSecureContext({ cert: certificate, key });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that speaks TLS and then says these bytes, one answer for each thing it is sent. */
async function serve(...answers: (Buffer | string)[]): Promise<{ port: number; received: Buffer[] }> {
  const received: Buffer[] = [];
  const server: Server = createServer((socket: Socket) => {
    closing.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.pause();
      socket.write('S');
      const tls = new TLSSocket(socket, { isServer: true, secureContext });
      tls.on('error', () => {});
      const left = [...answers];
      tls.on('data', (chunk: Buffer) => {
        received.push(chunk);
        const next = left.shift();
        if (next !== undefined) tls.write(next);
      });
      tls.on('end', () => tls.end());
    });
  });
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, received };
}

function connectionTo(port: number): DatabaseConnection {
  const flags = { host: endpoint, user: 'developer', database: 'shop', port, address: '127.0.0.1' };
  const request = requestDatabase(emptyConfig, undefined, flags, { env: undefined, variables: {} });
  return {
    request,
    host: endpoint,
    address: '127.0.0.1',
    port,
    user: 'developer',
    database: 'shop',
    region: 'us-east-1',
    ca: [authority.certificate],
    caSource: 'test',
    resourceId: 'cluster-ABC',
    readOnly: false,
    remembered: false,
  };
}

async function open(port: number) {
  const host = createTestHost();
  closing.push(() => host.dispose());
  const parts = {
    host,
    output: createOutput(host, { format: undefined, quiet: false, debug: true }),
    prompt: createPrompt(host, { input: false }),
    aws: () => Promise.reject(new Error('AWS is not asked')),
  };
  const credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: new Secret('secretsecret'),
    sessionToken: undefined,
    expiration: undefined,
    source: 'environment variables',
    account: undefined,
    callerArn: undefined,
  };
  const access = { target: { environment: undefined }, credentials, person: 'jane', reason: undefined };
  const options = { signal: new AbortController().signal, timeoutMs: 400 };
  return openDatabase(parts, access as unknown as Access, connectionTo(port), options);
}

const askInClear = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
const unterminated = Buffer.concat([Buffer.from([0x45, 0, 0, 0, 12]), Buffer.from('SERROR\0M')]);

describe('a server that does not do what a server does', () => {
  it.each<[string, (Buffer | string)[], string, string]>([
    ['says nothing to the startup message', [], 'unreachable', 'SERVER_SILENT'],
    ['says nothing to the token', [askInClear], 'unreachable', 'SERVER_SILENT'],
    [
      'sends an error that never ends (pg alone would loop for ever)',
      [unterminated],
      'failed',
      'PROTOCOL_BROKEN',
    ],
    ['sends nonsense after the token', [askInClear, 'HTTP/1.1 400 Bad Request'], 'failed', 'PROTOCOL_BROKEN'],
    [
      'asks for an MD5 password',
      [Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4])],
      'denied',
      'NOT_IAM_ROLE',
    ],
  ])('%s', async (_what, answers, kind, code) => {
    const { port, received } = await serve(...answers);
    await expect(open(port)).rejects.toMatchObject({ kind, code, hint: expect.any(String) });
    const token = Buffer.concat(received).includes('X-Amz-Signature');
    expect(token).toBe(answers[0] === askInClear);
  });
});

it('a CancelRequest goes over TLS, and is 16 bytes with process and key', async () => {
  const { port, received } = await serve();
  await cancelRequest(connectionTo(port), { processId: 4711, secretKey: -2 });
  expect(Buffer.concat(received)).toEqual(
    Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0x12, 0x67, 0xff, 0xff, 0xff, 0xfe]),
  );
});

describe('a server that is not the one that was meant', () => {
  const facts: ServerFacts = {
    database: 'shop',
    user: 'developer',
    version: '18.4',
    standby: false,
    readOnly: false,
  };
  const connection = connectionTo(5432);
  const readOnly: DatabaseConnection = { ...connection, readOnly: true };
  const said: string[] = [];
  const output = { warn: (text: string) => void said.push(text) };

  it.each<[string, DatabaseConnection, Partial<ServerFacts>]>([
    ['has another database', connection, { database: 'other' }],
    ['knows us as another role', connection, { user: 'postgres' }],
    ['could be written to though it should not', readOnly, {}],
    [
      'is a reader though it should be written to',
      { ...connection, request: { ...connection.request, write: true } },
      { standby: true },
    ],
  ])('is refused when it %s', (_what, wanted, found) => {
    expect(() => checkServer(output, wanted, { ...facts, ...found })).toThrow(
      expect.objectContaining({ code: 'WRONG_DATABASE' }),
    );
  });

  it('is taken when it is as it should be; a reader endpoint that leads to the writer is said', () => {
    checkServer(output, connection, facts);
    checkServer(output, readOnly, { ...facts, readOnly: true });
    checkServer(output, readOnly, { ...facts, standby: true });
    expect(said).toEqual([]);
    const reader: DatabaseConnection = {
      ...readOnly,
      request: { ...connection.request, endpoint: 'reader' },
    };
    checkServer(output, reader, { ...facts, readOnly: true });
    expect(said).toEqual([expect.stringContaining('leads to the writer')]);
  });
});
