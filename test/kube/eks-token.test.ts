import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eksToken } from '../../src/kube/eks-token.ts';
import { redact } from '../../src/lib/secret.ts';
import { findAwsClis } from '../support/aws-cli.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const now = Date.parse('2026-11-20T12:00:00Z');
const request = { cluster: 'dev-eks-cluster', region: 'us-east-1', keys, now };
const urlOf = (token: string) =>
  new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString('utf8'));

it('is byte for byte the token of the AWS CLI', () => {
  const file = join(import.meta.dirname, '..', 'vectors', 'aws-tokens.json');
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
    kind: string;
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };
    cluster: string;
    region: string;
    token: string;
  }[];
  const own = vectors.filter((vector) => vector.kind === 'eks-token');
  expect(own).toHaveLength(2);
  for (const { cluster, region, credentials, token } of own) {
    const made = eksToken({
      cluster,
      region,
      keys: { ...credentials, sessionToken: credentials.sessionToken ?? undefined },
      now,
    });
    expect(made.reveal()).toBe(token);
  }
});

const clis = findAwsClis();
if (clis.length === 0) process.stderr.write('\nSkipped for lack of aws: tokens of the AWS CLI made now\n');

it.each(clis.map((cli) => [cli.version, cli.path]))(
  'is the token that %s makes in the same second',
  (_, path) => {
    const sessionToken = `IQoJb3JpZ2luX2VjE+/${'aB3/+='.repeat(80)}==`;
    for (const [region, session] of [
      ['us-east-1', sessionToken],
      ['eu-central-1', undefined],
      ['us-gov-west-1', sessionToken],
      ['cn-north-1', sessionToken],
    ] as const) {
      const { stdout, stderr } = spawnSync(
        path,
        ['eks', 'get-token', '--cluster-name', request.cluster, '--region', region, '--output', 'json'],
        {
          encoding: 'utf8',
          env: {
            PATH: process.env.PATH,
            HOME: '/nonexistent',
            AWS_ACCESS_KEY_ID: keys.accessKeyId,
            AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
            ...(session === undefined ? {} : { AWS_SESSION_TOKEN: session }),
          },
        },
      );
      expect(stdout, stderr).toContain('k8s-aws-v1.');
      const { token } = (JSON.parse(stdout) as { readonly status: { readonly token: string } }).status;
      const date = urlOf(token).searchParams.get('X-Amz-Date') ?? '';
      const iso = date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
      const made = eksToken({
        ...request,
        region,
        keys: { ...keys, sessionToken: session },
        now: Date.parse(iso),
      });
      expect(urlOf(made.reveal()).href).toBe(urlOf(token).href);
      expect(made.reveal()).toBe(token);
    }
  },
);

it('is for one cluster, in one region, of STS by its real name in every partition', () => {
  const hosts = ['us-east-1', 'us-gov-west-1', 'cn-north-1'].map(
    (region) => urlOf(eksToken({ ...request, region }).reveal()).host,
  );
  expect(hosts).toEqual([
    'sts.us-east-1.amazonaws.com',
    'sts.us-gov-west-1.amazonaws.com',
    'sts.cn-north-1.amazonaws.com.cn',
  ]);
  const other = eksToken({ ...request, cluster: 'other' }).reveal();
  expect(urlOf(other).searchParams.get('X-Amz-Signature')).not.toBe(
    urlOf(eksToken(request).reveal()).searchParams.get('X-Amz-Signature'),
  );
  expect(urlOf(other).searchParams.get('X-Amz-SignedHeaders')).toBe('host;x-k8s-aws-id');
});

it('never shows, even where forge did not make it', () => {
  const foreign = 'k8s-aws-v1.aHR0cHM6Ly9zdHMudXMtZWFzdC0xLmFtYXpvbmF3cy5jb20v';
  expect(redact(`Bearer ${foreign} refused`)).toBe('Bearer k8s-aws-v1.*** refused');
  expect(`${eksToken(request)}`).toBe('***');
});
