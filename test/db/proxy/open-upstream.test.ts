import { connect, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Access } from '../../../src/access/with-access.ts';
import { emptyConfig } from '../../../src/config/build-config.ts';
import { requestDatabase } from '../../../src/db/database-request.ts';
import type { DatabaseConnection } from '../../../src/db/endpoint.ts';
import { openUpstream } from '../../../src/db/proxy/open-upstream.ts';
import { assertSearchPath } from '../../../src/db/proxy/reaching-schemas.ts';
import { cleartextPassword } from '../../../src/db/proxy/server-messages.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { createCertificateAuthority } from '../../../src/sandbox/x509/certificates.ts';
import { createOutput } from '../../../src/terminal/output.ts';
import { createPrompt } from '../../../src/terminal/prompt.ts';
import { connected, type ProxyStage, stageTarget, startProxyStage } from './proxy-stage.ts';
import { errorField, query, RawClient, typesOf } from './raw-client.ts';

const authority = createCertificateAuthority('test root', Date.now());
const endpoints = {
  direct: 'shop.c9abc.us-east-1.rds.amazonaws.com',
  proxy: 'shop.proxy-c9abc.us-east-1.rds.amazonaws.com',
};
/** What each connection showed as its password. */
const passwords: string[] = [];
let startups: string[] = [];
let stage: ProxyStage;
let port: number;
const server = createServer((socket) => void front(socket).catch(() => socket.destroy()));

/** As RDS: TLS, a token asked for in clear, then PostgreSQL. */
async function front(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  socket.write('S');
  const { certificate, key } = authority.issue([endpoints.direct, endpoints.proxy]);
  const secureContext = createSecureContext({ cert: certificate, key });
  const client = new TLSSocket(socket, { isServer: true, secureContext });
  client.on('error', () => {});
  const startup = await new Promise<Buffer>((resolve) => client.once('data', resolve));
  // A CancelRequest shows no password.
  if (startup.readUInt32BE(4) === 0x30000) {
    startups.push(startup.toString('latin1', 8));
    client.write(cleartextPassword);
    const answer = await new Promise<Buffer>((resolve) => client.once('data', resolve));
    passwords.push(answer.toString('utf8', 5, answer.length - 1));
  }
  const upstream = await connected(`${stage.direct}/.s.PGSQL.5432`);
  upstream.on('error', () => {});
  upstream.write(startup);
  client.pipe(upstream).pipe(client);
}

beforeAll(async () => {
  stage = await startProxyStage();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
}, 60_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  server.close();
});

function connectionTo(host: string, ca = authority.certificate): DatabaseConnection {
  const { user, database } = stageTarget;
  const flags = { host, user, database, port, address: '127.0.0.1' };
  const asked = requestDatabase(emptyConfig, undefined, flags, { env: undefined, variables: {} });
  const request = { ...asked, readOnly: true, limits: { ...asked.limits, statement: 4_321 } };
  const place = { host, address: '127.0.0.1', port, user, database, region: 'us-east-1' };
  return {
    request,
    ...place,
    ca: [ca],
    caSource: '',
    resourceId: undefined,
    readOnly: true,
    remembered: false,
  };
}

function proxyTo(connection: DatabaseConnection) {
  const { host } = stage;
  const parts = {
    host,
    output: createOutput(host, { format: undefined, quiet: false, debug: false }),
    prompt: createPrompt(host, { input: false }),
    aws: () => Promise.reject(new Error('AWS is not asked')),
  };
  let renewed = 0;
  const access = {
    renew: async () => ({
      accessKeyId: `AKIDEXAMPLE${++renewed}`,
      secretAccessKey: new Secret('secretsecret'),
      sessionToken: undefined,
      expiration: undefined,
    }),
  };
  return stage.start({
    upstream: (wishes, signal) =>
      openUpstream(parts, access as unknown as Access, connection, wishes, { signal }),
  });
}

async function shown(client: RawClient, names: readonly string[]): Promise<string[]> {
  client.send(query(names.map((name) => `show ${name}`).join(';')));
  return (await client.until('Z'))
    .filter(({ type }) => type === 'D')
    .map(({ body }) => body.toString('latin1', 6));
}

const settings = [
  'default_transaction_read_only',
  'statement_timeout',
  'search_path',
  'application_name',
  'datestyle',
];
const wishes = { application_name: 'DBeaver', DateStyle: 'German' };

it.each(['direct', 'proxy'] as const)(
  '%s: read-only, with limits, as the client likes it to look',
  async (way) => {
    startups = [];
    const { endpoint } = await proxyTo(connectionTo(endpoints[way]));
    using client = await RawClient.open(endpoint.host, { ...wishes, search_path: '"a b", pg_catalog' });
    expect(await shown(client, settings)).toEqual([
      'on',
      '4321ms',
      '"a b", pg_catalog',
      'DBeaver',
      'German, DMY',
    ]);
    expect(startups[0]?.includes('options')).toBe(way === 'direct');
    client.send(query('create table never (a int)'));
    expect(errorField((await client.until('Z'))[0], 'C')).toBe('25006');
  },
);

it('each connection shows a token of its own, and can be cancelled', async () => {
  passwords.length = 0;
  const { endpoint } = await proxyTo(connectionTo(endpoints.direct));
  using first = await RawClient.open(endpoint.host);
  using second = await RawClient.open(endpoint.host);
  expect(passwords.map((token) => /Credential=(\w+)/.exec(token)?.[1])).toEqual([
    'AKIDEXAMPLE1',
    'AKIDEXAMPLE2',
  ]);
  const key = second.messages.find(({ type }) => type === 'K')?.body ?? Buffer.alloc(0);
  second.send(query('select pg_sleep(60)'));
  const answered = second.until('Z');
  while (!second.messages.some(({ type }) => type === 'E')) {
    using other = new RawClient(connect(`${endpoint.host}/.s.PGSQL.5432`));
    other.send(Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e]), key);
    await other.end();
  }
  // Not by the limit of 4.3 s.
  expect(
    errorField(
      (await answered).find(({ type }) => type === 'E'),
      'M',
    ),
  ).toBe('canceling statement due to user request');
  first.send(query('select 1'));
  expect(typesOf(await first.until('Z'))).toBe('TDCZ');
});

it('a certificate of somebody else ends it before anything is said', async () => {
  startups = [];
  const other = createCertificateAuthority('other root', Date.now()).certificate;
  const { endpoint } = await proxyTo(connectionTo(endpoints.direct, other));
  using client = await RawClient.open(endpoint.host);
  expect(errorField(client.messages[0], 'C')).toBe('08001');
  expect(startups).toEqual([]);
});

it.each([
  ['the role', `alter role ${stageTarget.user}`],
  ['the database', `alter database ${stageTarget.database}`],
])('a default search_path of %s with a schema that reaches elsewhere lets nobody in', async (_, alter) => {
  const { endpoint } = await proxyTo(connectionTo(endpoints.direct));
  using admin = await RawClient.open(stage.direct);
  const run = async (sql: string) => {
    admin.send(query(sql));
    await admin.until('Z');
  };
  /** What it is told in place of being let in. */
  const refused = async () => {
    using client = await RawClient.open(endpoint.host);
    const said = client.messages.find(({ type }) => type === 'E');
    return said === undefined ? undefined : errorField(said, 'M');
  };
  await run('create schema aws_s3');
  try {
    await run(`${alter} set search_path = public, "aws_s3"`);
    expect(await refused()).toMatch(/search_path of \w+ has aws_s3, whose functions do work elsewhere/);
    // Who says another one has that, also after a RESET.
    using client = await RawClient.open(endpoint.host, { search_path: 'public' });
    client.send(query('reset search_path; show search_path'));
    expect((await client.until('Z')).find(({ type }) => type === 'D')?.body.toString('latin1', 6)).toBe(
      'public',
    );
    // One that is not there yet can be made later.
    await run(`${alter} set search_path = public, net`);
    expect(await refused()).toContain('has net,');
  } finally {
    await run(`${alter} reset search_path`);
    await run('drop schema aws_s3');
  }
  expect(await refused()).toBeUndefined();
});

it('what RDS Proxy’s client says does not hide what RESET goes back to', async () => {
  const { endpoint } = await proxyTo(connectionTo(endpoints.proxy));
  using admin = await RawClient.open(stage.direct);
  const run = async (sql: string) => {
    admin.send(query(sql));
    await admin.until('Z');
  };
  await run(`alter role ${stageTarget.user} set search_path = public, aws_s3`);
  try {
    using client = await RawClient.open(endpoint.host, { search_path: 'public' });
    const said = client.messages.find(({ type }) => type === 'E');
    expect(said === undefined ? 'let in' : errorField(said, 'M')).toContain('has aws_s3,');
  } finally {
    await run(`alter role ${stageTarget.user} reset search_path`);
  }
  using client = await RawClient.open(endpoint.host, { search_path: 'public' });
  expect(await shown(client, ['search_path'])).toEqual(['public']);
});

it.each([
  [['public', 'public', 'pg_catalog,public'], undefined],
  [['"$user", public', '"$user", public', 'pg_catalog,net,public'], 'SEARCH_PATH_REACHES'],
  [['public', '"AWS_S3"', 'pg_catalog'], 'SEARCH_PATH_REACHES'],
  [['"AWS_S3"', 'public', 'pg_catalog'], 'SEARCH_PATH_REACHES'],
  [['public', null, 'public'], 'SEARCH_PATH_UNKNOWN'],
  [['public', 'public'], 'SEARCH_PATH_UNKNOWN'],
  [['public', 'public', 'public', 'x'], 'SEARCH_PATH_UNKNOWN'],
  [undefined, 'SEARCH_PATH_UNKNOWN'],
] as const)('%j: %s', (answer, code) => {
  let thrown: unknown;
  try {
    assertSearchPath(answer, 'forge_ro');
  } catch (error) {
    thrown = error;
  }
  expect((thrown as { code?: string } | undefined)?.code).toBe(code);
});
