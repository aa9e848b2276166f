import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Signer } from '@aws-sdk/rds-signer';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { presign } from '../../src/lib/sigv4.ts';
import type { Cluster } from '../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../src/sandbox/principal.ts';
import { type RdsTokenRequest, verifyRdsToken } from '../../src/sandbox/rds-token.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { credentialsOf } from './clients.ts';

let world: World;
let cluster: Cluster;
beforeEach(() => {
  world = createWorld({ now: Date.now });
  const [first] = world.organisation.clusters;
  if (!first) throw new Error('no cluster');
  cluster = first;
});

const sign = (
  keys: Pick<IssuedKeys, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
  changes: { hostname?: string; port?: number; username?: string; region?: string } = {},
) =>
  new Signer({
    hostname: cluster.endpoint,
    port: 5432,
    username: 'forge_ro',
    region: 'us-east-1',
    credentials: credentialsOf(keys),
    ...changes,
  }).getAuthToken();

function verdict(token: string, changes: Partial<RdsTokenRequest> = {}): string {
  const result = world.verifyRdsToken({
    token,
    host: cluster.endpoint,
    port: 5432,
    user: 'forge_ro',
    resourceId: cluster.resourceId,
    region: cluster.region,
    account: cluster.account,
    ...changes,
  });
  return result.ok ? 'accepted' : result.reason;
}

function temporaryKeys(seconds = 3600): IssuedKeys & { expiresAt: number } {
  return world.keys.issueTemporary(world.userKeys('ci').principal, seconds);
}

describe('an RDS token', () => {
  it('opens its endpoint, for its user, by IAM user and by role keys', async () => {
    expect(verdict(await sign(world.userKeys('ci')))).toBe('accepted');
    expect(verdict(await sign(temporaryKeys()))).toBe('accepted');
  });

  it.each<[string, Partial<RdsTokenRequest>, RegExp]>([
    [
      'another endpoint',
      { host: 'qa-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com' },
      /another endpoint or port/,
    ],
    [
      'the reader instead of the writer',
      { host: 'dev-shop.cluster-ro-c9forge0abcd.us-east-1.rds.amazonaws.com' },
      /another endpoint or port/,
    ],
    ['another port', { port: 5433 }, /another endpoint or port/],
    ['another user', { user: 'forge_rw' }, /another database user/],
    ['another region', { region: 'eu-west-1' }, /valid region/],
    ['another account', { account: '222222222222' }, /of another account/],
  ])('does not open %s', async (_name, changes, reason) => {
    expect(verdict(await sign(temporaryKeys()), changes)).toMatch(reason);
  });

  it.each<[string, Parameters<typeof sign>[1] & object, Partial<RdsTokenRequest>, RegExp]>([
    [
      'a user that IAM does not allow',
      { username: 'postgres' },
      { user: 'postgres' },
      /no identity-based policy allows the rds-db:connect action/,
    ],
    ['a token of another region', { region: 'eu-west-1' }, {}, /valid region/],
    ['a token signed for loopback', { hostname: '127.0.0.1' }, {}, /another endpoint or port/],
  ])('is refused: %s', async (_name, signed, changes, reason) => {
    expect(verdict(await sign(temporaryKeys(), signed), changes)).toMatch(reason);
  });

  it('lives 15 minutes, and no longer than its keys', async () => {
    const token = await sign(temporaryKeys());
    world.setClockOffset(870_000);
    expect(verdict(token)).toBe('accepted');
    world.setClockOffset(910_000);
    expect(verdict(token)).toMatch(/^SignatureDoesNotMatch: Signature expired/);
    world.setClockOffset(0);
    const short = temporaryKeys(60);
    const shortToken = await sign(short);
    world.setClockOffset(61_000);
    expect(verdict(shortToken)).toMatch(/^ExpiredToken/);
    world.setClockOffset(-16 * 60_000);
    expect(verdict(token)).toMatch(/not yet current/);
  });

  it('dies with its keys', async () => {
    const keys = temporaryKeys();
    const token = await sign(keys);
    world.keys.delete(keys.accessKeyId);
    expect(verdict(token)).toMatch(/^InvalidClientTokenId/);
  });

  it.each<[string, (token: string) => string]>([
    ['nothing', () => ''],
    ['a password', () => 'correct horse battery staple'],
    ['a megabyte', (token) => token + 'x'.repeat(1_000_000)],
    ['with its scheme', (token) => `https://${token}`],
    ['without its query', (token) => token.split('?')[0] ?? ''],
    ['with a broken percent-encoding', (token) => token.replace('%2F', '%2')],
    ['with a fragment', (token) => `${token}#x`],
    ['with one parameter more', (token) => `${token}&a=b`],
    ['with its action twice', (token) => `${token}&Action=connect`],
    ['with another action', (token) => token.replace('Action=connect', 'Action=drop')],
    ['with a longer life', (token) => token.replace('X-Amz-Expires=900', 'X-Amz-Expires=3600')],
    ['with a space for a plus', (token) => token.replace('DBUser=forge_ro', 'DBUser=forge+ro')],
  ])('is refused %s', async (_name, change) => {
    expect(verdict(change(await sign(temporaryKeys())))).not.toBe('accepted');
  });

  it('that was signed for longer than 900 seconds is refused, well signed as it is', () => {
    const { endpoint: name } = cluster;
    const signed = (expiresInSeconds: number, headers: Record<string, string> = {}) =>
      presign({
        service: 'rds-db',
        region: 'us-east-1',
        host: `${name}:5432`,
        path: '/',
        query: { Action: 'connect', DBUser: 'forge_ro' },
        headers,
        expiresInSeconds,
        keys: world.userKeys('ci'),
        now: world.now(),
      });
    expect(verdict(signed(900))).toBe('accepted');
    expect(verdict(signed(901))).toMatch(/more than 900 seconds/);
    expect(verdict(signed(900, { 'x-k8s-aws-id': 'cluster' }))).toMatch(/only the host/);
  });

  it('is refused whatever is cut out of it', async () => {
    const token = await sign(temporaryKeys());
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.integer({ min: 1, max: 40 }), (at, length) => {
        expect(verdict(token.slice(0, at) + token.slice(at + length))).not.toBe('accepted');
      }),
      { numRuns: 1000 },
    );
  });

  it('never makes the verifier throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(verdict(text)).not.toBe('accepted');
        expect(verdict(`${cluster.endpoint}:5432/?${text}`)).not.toBe('accepted');
      }),
    );
  });
});

describe('botocore’s recorded tokens', () => {
  interface Vector {
    readonly kind: string;
    readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly token: string;
  }
  const vectors = (
    JSON.parse(
      readFileSync(join(import.meta.dirname, '..', 'vectors', 'aws-tokens.json'), 'utf8'),
    ) as readonly Vector[]
  ).filter(({ kind }) => kind === 'rds-iam-token');

  it.each(vectors)(
    'are accepted by this verifier, which shares no code with either signer',
    ({ credentials, host, port, user, token }) => {
      const then = createWorld({ now: () => Date.parse('2026-11-20T12:00:00Z') });
      const { principal } = then.userKeys('ci');
      const keys: IssuedKeys = {
        ...credentials,
        sessionToken: credentials.sessionToken ?? undefined,
        issuedAt: 0,
        expiresAt: undefined,
        principal,
      };
      const botocores: World = {
        ...then,
        keys: { ...then.keys, find: (id) => (id === keys.accessKeyId ? keys : undefined) },
        authorize: () => ({ allowed: true }),
      };
      const request = {
        token,
        host,
        port,
        user,
        resourceId: 'x',
        region: 'us-east-1',
        account: principal.account,
      };
      expect(verifyRdsToken(botocores, request)).toMatchObject({ ok: true });
      const others = { ...request, token: token.replace(/.$/, (last) => (last === '0' ? '1' : '0')) };
      expect(verifyRdsToken(botocores, others)).toMatchObject({ ok: false });
    },
  );
});
