import { Signer } from '@aws-sdk/rds-signer';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { presign } from '../../src/lib/sigv4.ts';
import formats from '../vectors/aws-formats.json' with { type: 'json' };
import tokens from '../vectors/aws-tokens.json' with { type: 'json' };

const parsed = (token: string) => Object.fromEntries(new URL(`https://${token}`).searchParams);
const instant = (date: string) =>
  Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));

function rdsToken(
  host: string,
  port: number,
  user: string,
  region: string,
  keys: Parameters<typeof presign>[0]['keys'],
  now: number,
) {
  return presign({
    service: 'rds-db',
    region,
    host: `${host}:${port}`,
    path: '/',
    query: { Action: 'connect', DBUser: user },
    expiresInSeconds: 900,
    keys,
    now,
  });
}

describe('presign', () => {
  const rds = tokens.filter((vector) => vector.kind === 'rds-iam-token');
  it.each(rds)('makes botocore’s RDS token, byte for byte (%#)', (vector) => {
    const { host = '', port = 0, user = '', region, credentials } = vector;
    const keys = { ...credentials, sessionToken: credentials.sessionToken ?? undefined };
    expect(rdsToken(host, port, user, region, keys, instant(vector.date))).toBe(vector.token);
  });

  const eks = tokens.filter((vector) => vector.kind === 'eks-token');
  it.each(eks)('makes botocore’s EKS URL with its signed cluster header (%#)', (vector) => {
    const url = presign({
      service: 'sts',
      region: vector.region,
      host: `sts.${vector.region}.amazonaws.com`,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { 'x-k8s-aws-id': vector.cluster ?? '' },
      expiresInSeconds: 60,
      keys: { ...vector.credentials, sessionToken: vector.credentials.sessionToken ?? undefined },
      now: instant(vector.date),
    });
    expect(`https://${url}`).toBe(vector.url);
  });

  it.each(formats.dsql)('agrees on another service (%#)', (vector) => {
    const keys = vector.credentials === 'static' ? formats.credentials.static : formats.credentials.temporary;
    const token = presign({
      service: 'dsql',
      region: vector.region,
      host: vector.hostname,
      path: '/',
      query: { Action: vector.action },
      expiresInSeconds: vector.expiresIn,
      keys,
      now: Date.parse('2025-01-15T12:00:00Z'),
    });
    expect(parsed(token)).toEqual(parsed(vector.token));
  });

  it('signs as @aws-sdk/rds-signer does, whatever the user and the session token', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-20T12:00:00Z') });
    try {
      const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(
          text,
          text,
          fc.option(text, { nil: undefined }),
          async (username, secretAccessKey, sessionToken) => {
            const credentials = {
              accessKeyId: 'AKIDEXAMPLE',
              secretAccessKey,
              ...(sessionToken ? { sessionToken } : {}),
            };
            const signer = new Signer({
              hostname: 'db.example.com',
              port: 5432,
              username,
              region: 'eu-west-1',
              credentials,
            });
            const theirs = await signer.getAuthToken();
            const ours = rdsToken('db.example.com', 5432, username, 'eu-west-1', credentials, Date.now());
            expect(parsed(ours)).toEqual(parsed(theirs));
          },
        ),
        { numRuns: 100 },
      );
    } finally {
      vi.useRealTimers();
    }
  });
});
