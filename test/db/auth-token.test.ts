import { readFileSync } from 'node:fs';
import { Signer } from '@aws-sdk/rds-signer';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { rdsAuthToken } from '../../src/db/auth-token.ts';

interface Vector {
  readonly kind: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };
  readonly date: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly region: string;
  readonly token: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/aws-tokens.json', import.meta.url), 'utf8'),
) as readonly Vector[];
const tokens = vectors.filter(({ kind }) => kind === 'rds-iam-token');

it.each(tokens)('a token is, byte for byte, what the AWS CLI makes ($credentials.accessKeyId)', (vector) => {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(vector.date) ?? [];
  const { credentials, host, port, user, region } = vector;
  const token = rdsAuthToken({
    host,
    port,
    user,
    region,
    keys: { ...credentials, sessionToken: credentials.sessionToken ?? undefined },
    now: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
  });
  expect(token.reveal()).toBe(vector.token);
  expect(String(token)).toBe('***');
});

it('has the parameters and the signature of @aws-sdk/rds-signer, whatever the user is called', async () => {
  vi.useFakeTimers({ now: Date.parse('2026-11-21T12:00:00Z'), toFake: ['Date'] });
  const host = 'shop.cluster-c9abc.eu-west-1.rds.amazonaws.com';
  const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
  try {
    await fc.assert(
      fc.asyncProperty(text, fc.option(fc.base64String({ minLength: 4 })), async (user, sessionToken) => {
        const keys = {
          accessKeyId: 'ASIAEXAMPLE',
          secretAccessKey: 'secret/+=',
          ...(sessionToken === null ? {} : { sessionToken }),
        };
        const region = 'eu-west-1';
        const signer = new Signer({ hostname: host, port: 5433, username: user, region, credentials: keys });
        const theirs = new URL(`https://${await signer.getAuthToken()}`);
        const token = rdsAuthToken({ host, port: 5433, user, region, keys, now: Date.now() });
        const ours = new URL(`https://${token.reveal()}`);
        expect(ours.host).toBe(theirs.host);
        expect(new Map(ours.searchParams)).toEqual(new Map(theirs.searchParams));
      }),
      { numRuns: 60 },
    );
  } finally {
    vi.useRealTimers();
  }
});
