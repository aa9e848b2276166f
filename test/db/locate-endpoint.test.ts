import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { emptyConfig } from '../../src/config/build-config.ts';
import { applicationName } from '../../src/db/application-name.ts';
import { signToken } from '../../src/db/connection-token.ts';
import { requestDatabase } from '../../src/db/database-request.ts';
import { recallEndpoint, rememberEndpoint } from '../../src/db/endpoint-memory.ts';
import { realName } from '../../src/db/locate-endpoint.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost = createTestHost();
afterEach(() => {
  host.dispose();
  host = createTestHost();
});
const parts = () => ({ host, output: createOutput(host, { format: undefined, quiet: false, debug: true }) });
const real = 'shop.cluster-c9abc.us-east-1.rds.amazonaws.com';
const byHost = requestDatabase(
  emptyConfig,
  undefined,
  { host: real, user: 'u' },
  { env: undefined, variables: {} },
);
const request = { ...byHost, locator: { kind: 'cluster', identifier: 'shop' } as const };

it('an alias is followed to the name of RDS that it stands for, and that is said', async () => {
  const zone: Record<string, string[]> = {
    'db.corp': ['shop.corp'],
    'shop.corp': [`${real}.`],
    round: ['round'],
  };
  const lookUp = async (name: string) => zone[name] ?? [];
  expect(await realName(parts(), 'db.corp', lookUp)).toBe(real);
  expect(host.err()).toContain(`db.corp is an alias: the token is made out to ${real}.`);
  expect(await realName(parts(), real, () => Promise.reject(new Error('not asked')))).toBe(real);
  expect(await realName(parts(), 'plain.corp', lookUp)).toBe('plain.corp');
  expect(await realName(parts(), 'round', lookUp)).toBe('round');
  expect(await realName(parts(), 'down', () => Promise.reject(new Error('SERVFAIL')))).toBe('down');
});

it('an endpoint is remembered for an hour, by account, in a private file', async () => {
  const known = { writer: real, reader: real, port: 5432, resourceId: 'cluster-ABC' };
  expect(await recallEndpoint(host, '111111111111', request)).toBeUndefined();
  await rememberEndpoint(parts(), '111111111111', request, known);
  expect(await recallEndpoint(host, '111111111111', request)).toMatchObject(known);
  expect(await recallEndpoint(host, '222222222222', request)).toBeUndefined();
  expect(await recallEndpoint(host, undefined, request)).toBeUndefined();
  const file = join(host.directories.cache, 'endpoints.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  host.shiftClock(3_600_001);
  expect(await recallEndpoint(host, '111111111111', request)).toBeUndefined();
  host.shiftClock(-3 * 3_600_000);
  expect(await recallEndpoint(host, '111111111111', request)).toBeUndefined();
});

it('a broken memory is an empty one, and is mended', async () => {
  const file = join(host.directories.cache, 'endpoints.json');
  mkdirSync(host.directories.cache, { recursive: true, mode: 0o700 });
  const known = { writer: real, reader: real, port: 5432, resourceId: 'cluster-ABC' };
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{"x":{"port":"a"}}',
    '{"111111111111 us-east-1 cluster shop":{}}',
  ]) {
    writeFileSync(file, text);
    expect(await recallEndpoint(host, '111111111111', request), text).toBeUndefined();
  }
  await rememberEndpoint(parts(), '111111111111', request, known);
  expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')))).toEqual([
    '111111111111 us-east-1 cluster shop',
  ]);
  chmodSync(host.directories.cache, 0o777);
  await rememberEndpoint(parts(), '111111111111', request, known);
  expect(host.err()).toContain('debug: the endpoint is not kept');
});

it('a token is signed by the clock of AWS where that is known', async () => {
  const credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: new Secret('secretsecret'),
    sessionToken: undefined,
    expiration: host.now() + 5 * 60_000,
    source: 'test',
    account: undefined,
    callerArn: undefined,
  };
  const endpoint = { host: real, port: 5432, user: 'u', region: 'us-east-1' };
  const skewed = {
    ...parts(),
    aws: () => Promise.reject(new Error('not needed')),
    loadedAws: () => Promise.resolve({ clockSkew: () => 3_600_000 } as never),
  };
  const date = (token: Secret) => /X-Amz-Date=(\d{8})T(\d\d)(\d\d)/.exec(token.reveal())?.[0];
  const { token, clockSkew } = await signToken(skewed, { credentials } as never, endpoint);
  expect(clockSkew).toBe(3_600_000);
  const hourLater = new Date(host.now() + 3_600_000).toISOString().replace(/[-:]/g, '').slice(0, 13);
  expect(date(token)).toBe(`X-Amz-Date=${hourLater}`);
  const unknown = { ...parts(), aws: () => Promise.reject(new Error('must not be loaded')) };
  expect((await signToken(unknown, { credentials } as never, endpoint)).clockSkew).toBe(0);
  expect(host.err()).toContain('debug: the token ends with the credentials that sign it, in 5 min');
});

it('application_name names person and reason in 63 printable bytes', () => {
  expect(applicationName('jane.doe@example.com', undefined)).toBe('forge/jane.doe@example.com');
  expect(applicationName('jané', 'INC-1: änderung\n😀')).toBe('forge/jane/INC-1: anderung ?');
  expect(applicationName('a/b', 'x')).toBe('forge/a-b/x');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'binary' })), (person, reason) => {
      const name = applicationName(person, reason ?? undefined);
      expect(name).toMatch(/^forge\/?[\x20-\x7e]*$/);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    }),
  );
});
