import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authenticateToken } from '../../../src/sandbox/kubernetes/authenticate.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { createWorld, type World } from '../../../src/sandbox/world.ts';
import { encodeToken, findEksCluster, roleKeys, type TokenWish, tokenFor, tokenUrl } from './stage.ts';

const minute = 60_000;
const dev = '111111111111';

let clock = Date.UTC(2026, 10, 21, 12);
const world = createWorld({ now: () => clock });
const judge = (token: string, cluster = 'dev-eks-cluster', of: World = world) =>
  authenticateToken(of, findEksCluster(of, cluster), token);
const reasonOf = (token: string, cluster?: string) => {
  const verdict = judge(token, cluster);
  return verdict.ok ? 'it was accepted' : verdict.reason;
};
const wished = (wish: TokenWish) => tokenFor(world, wish);
const edited = (edit: (url: string) => string, wish?: TokenWish) => encodeToken(edit(tokenUrl(world, wish)));

describe('a token that is good', () => {
  it('makes the user that EKS makes of a role’s session', () => {
    const keys = roleKeys(world, 'Forge-Developer', dev);
    const verdict = judge(wished({ keys }));
    const role = keys.principal.kind === 'role' ? keys.principal.role : undefined;
    expect(verdict).toEqual({
      ok: true,
      keys,
      user: {
        username: `arn:aws:sts::${dev}:assumed-role/${role?.name}/dana-tapp.example`,
        uid: `aws-iam-authenticator:${dev}:${role?.id}`,
        groups: ['node-readers'],
        extra: {
          accessKeyId: [keys.accessKeyId],
          arn: [`arn:aws:sts::${dev}:assumed-role/${role?.name}/dana@tapp.example`],
          canonicalArn: [`arn:aws:iam::${dev}:role/${role?.name}`],
          principalId: [role?.id],
          sessionName: ['dana@tapp.example'],
          'sigs.k8s.io/aws-iam-authenticator/principalId': [role?.id],
        },
        policies: [{ policy: 'AmazonEKSEditPolicy', namespaces: undefined }],
      },
    });
  });

  it('is one of an IAM user too', () => {
    const verdict = judge(wished({ keys: world.userKeys('ci') }));
    expect(verdict.ok && verdict.user).toMatchObject({
      username: `arn:aws:iam::${dev}:user/ci`,
      uid: expect.stringMatching(/^aws-iam-authenticator:111111111111:AIDA/),
      policies: [{ policy: 'AmazonEKSViewPolicy', namespaces: undefined }],
    });
  });

  it.each([
    ['dev-eks-cluster', dev, 'Forge-Admin', 'AmazonEKSClusterAdminPolicy'],
    ['dev-eks-cluster', dev, 'Forge-QA-ReadOnly', 'AmazonEKSViewPolicy'],
    ['qa-eks-cluster', '222222222222', 'Forge-Developer', 'AmazonEKSEditPolicy'],
    ['prod-wealth-eks', '333333333333', 'Forge-Wealth-ReadOnly', 'AmazonEKSViewPolicy'],
    ['prod-wealth-eks', '333333333333', 'Forge-Prod-Kubernetes', 'AmazonEKSEditPolicy'],
  ])('in %s of %s: %s has %s', (cluster, account, permissionSet, policy) => {
    const verdict = judge(wished({ cluster, keys: roleKeys(world, permissionSet, account) }), cluster);
    expect(verdict.ok && verdict.user.policies.map((entry) => entry.policy)).toEqual([policy]);
  });

  it('is good for 15 minutes, whatever X-Amz-Expires says, and signed at STS’ global address too', () => {
    expect(judge(wished({ now: clock - 15 * minute + 1_000 })).ok).toBe(true);
    expect(judge(wished({ expiresInSeconds: 900 })).ok).toBe(true);
    expect(judge(wished({ host: 'sts.amazonaws.com' })).ok).toBe(true);
  });

  it('takes username and groups from the access entry', () => {
    const other = createWorld({ now: () => clock });
    const cluster = findEksCluster(other, 'dev-eks-cluster');
    const keys = other.userKeys('ci');
    cluster.accessEntries.unshift({
      principalArn: keys.principal.arn,
      username: 'robot:{{AccountID}}',
      groups: ['deployers'],
      policies: [],
      createdAt: clock,
    });
    const verdict = judge(tokenFor(other, { keys }), cluster.name, other);
    expect(verdict.ok && verdict.user).toMatchObject({
      username: `robot:${dev}`,
      groups: ['deployers'],
      policies: [],
    });
  });
});

describe('a token is refused', () => {
  it('when it has expired', () => {
    expect(reasonOf(wished({ now: clock - 15 * minute - 1_000 }))).toMatch(/is expired \(15 minutes\)/);
  });

  it('when it is of the future', () => {
    expect(reasonOf(wished({ now: clock + 15 * minute + 1_000 }))).toMatch(/Signature not yet current/);
  });

  it('when it is of another cluster', () => {
    expect(reasonOf(wished({ cluster: 'qa-eks-cluster' }))).toMatch(/^SignatureDoesNotMatch/);
    expect(reasonOf(wished({}), 'qa-eks-cluster')).toMatch(/^SignatureDoesNotMatch/);
  });

  it('when one character of its signature, key, date or session token is another', () => {
    const last = (url: string) => url.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    expect(reasonOf(edited(last))).toMatch(/^SignatureDoesNotMatch/);
    expect(reasonOf(edited((url) => url.replace('X-Amz-Credential=ASIA', 'X-Amz-Credential=ASIB')))).toMatch(
      /^InvalidClientTokenId/,
    );
    expect(reasonOf(edited((url) => url.replace('Date=20261121T1200', 'Date=20261121T1201')))).toMatch(
      /^SignatureDoesNotMatch/,
    );
    expect(reasonOf(edited((url) => url.replace('Token=IQoJb3', 'Token=IQoJb4')))).toMatch(
      /^InvalidClientTokenId/,
    );
    expect(reasonOf(edited((url) => url.replace('Expires=60', 'Expires=61')))).toMatch(
      /^SignatureDoesNotMatch/,
    );
  });

  it.each([
    'sts.us-east-1.amazonaws.com.evil.example',
    'sts.us-east-1.amazonaws.com:443',
    'user@sts.us-east-1.amazonaws.com',
    'STS.us-east-1.amazonaws.com',
    'sts.us-west-2.amazonaws.com',
    'sts.cn-north-1.amazonaws.com.cn',
    'iam.amazonaws.com',
    '127.0.0.1',
    '',
  ])('when it is for the host %j, in its signature or beside it', (host) => {
    const expected = /^InvalidToken: ".*" is not STS of the cluster's region|holds no URL/;
    expect(reasonOf(wished({ host }))).toMatch(expected);
    expect(reasonOf(edited((url) => url.replace('sts.us-east-1.amazonaws.com', host)))).toMatch(expected);
  });

  it('when STS of another region is asked, or the scope names one', () => {
    expect(reasonOf(wished({ region: 'us-west-2' }))).toMatch(/is not STS of the cluster's region/);
    expect(reasonOf(wished({ region: 'us-west-2', host: 'sts.us-east-1.amazonaws.com' }))).toMatch(
      /Credential should be scoped to a valid region/,
    );
  });

  it('when it has a parameter too many, signed or not, or one twice', () => {
    const query = { Action: 'GetCallerIdentity', Version: '2011-06-15' };
    expect(reasonOf(wished({ query: { ...query, Debug: '1' } }))).toMatch(/"Debug" is not one of a token's/);
    expect(reasonOf(edited((url) => `${url}&x=1`))).toMatch(/"x" is not one of a token's/);
    expect(reasonOf(edited((url) => `${url}&action=GetCallerIdentity`))).toMatch(/"action" is not one/);
    expect(reasonOf(edited((url) => `${url}&Action=GetCallerIdentity`))).toMatch(/given twice/);
    expect(reasonOf(edited((url) => `${url}&%41ction=GetCallerIdentity`))).toMatch(/given twice/);
    expect(reasonOf(edited((url) => `${url}&X-Amz-Expires=60`))).toMatch(/given twice/);
    expect(reasonOf(edited((url) => `${url}&%zz=1`))).toMatch(/percent-encoding/);
  });

  it('when it would do something else', () => {
    const Version = '2011-06-15';
    for (const Action of ['AssumeRole', 'getcalleridentity', '']) {
      expect(reasonOf(wished({ query: { Action, Version } }))).toMatch(/the action is not GetCallerIdentity/);
    }
    expect(reasonOf(wished({ query: { Version } }))).toMatch(/the action is not GetCallerIdentity/);
    expect(reasonOf(wished({ query: { Action: 'GetCallerIdentity' } }))).toMatch(/the version of STS/);
  });

  it('when the cluster is not in its signature', () => {
    expect(reasonOf(wished({ headers: {} }))).toMatch(/x-k8s-aws-id is not signed/);
    expect(reasonOf(wished({ headers: { 'x-k8s-aws-id': 'dev-eks-cluster', 'x-more': '1' } }))).toMatch(
      /^SignatureDoesNotMatch/,
    );
  });

  it.each([0, 901, 86_400])('when X-Amz-Expires is %d', (expiresInSeconds) => {
    expect(reasonOf(wished({ expiresInSeconds }))).toMatch(/X-Amz-Expires is not between 1 and 900/);
  });

  it.each(['-1', '1e2', '', ' 60', '60;'])('when X-Amz-Expires is %j', (text) => {
    expect(
      reasonOf(edited((url) => url.replace('Expires=60', `Expires=${encodeURIComponent(text)}`))),
    ).toMatch(/X-Amz-Expires is not between 1 and 900/);
  });

  it('when it was signed by somebody whom the cluster does not know', () => {
    const keys = roleKeys(world, 'Forge-Prod-Console', '333333333333');
    const verdict = judge(wished({ cluster: 'prod-wealth-eks', keys }), 'prod-wealth-eks');
    expect(verdict).toMatchObject({
      ok: false,
      reason: expect.stringMatching(
        /^Unmapped: arn:aws:iam::333333333333:role\/aws-reserved\/sso\.amazonaws\.com\/AWSReservedSSO_Forge-Prod-Console_[0-9a-f]{16} has no access entry$/,
      ),
      keys,
    });
    expect(reasonOf(wished({ keys: world.userKeys('offline') }))).toMatch(/^Unmapped/);
  });

  it('when the access entry has the role without its path', () => {
    const other = createWorld({ now: () => clock });
    const cluster = findEksCluster(other, 'dev-eks-cluster');
    const plain = cluster.accessEntries.map((entry) => ({
      ...entry,
      principalArn: entry.principalArn.replace('/aws-reserved/sso.amazonaws.com/', '/'),
    }));
    cluster.accessEntries.splice(0, plain.length, ...plain);
    expect(judge(tokenFor(other), cluster.name, other)).toMatchObject({ ok: false });
  });

  it('when its keys were taken back, have ended, or never were', () => {
    const keys = roleKeys(world, 'Forge-Developer', dev);
    const token = wished({ keys });
    expect(judge(token).ok).toBe(true);
    world.keys.delete(keys.accessKeyId);
    expect(reasonOf(token)).toMatch(/^InvalidClientTokenId/);
    const short = wished({ keys: roleKeys(world, 'Forge-Developer', dev, 'dana', 60) });
    clock += 61_000;
    expect(reasonOf(short)).toMatch(/^ExpiredToken/);
    expect(reasonOf(tokenFor(createWorld({ now: () => clock })))).toMatch(/^InvalidClientTokenId/);
  });

  it('when it is no token', () => {
    expect(reasonOf('')).toMatch(/does not begin with/);
    expect(reasonOf('hunter2')).toMatch(/does not begin with/);
    expect(reasonOf(tokenFor(world).replace('v1', 'v2'))).toMatch(/does not begin with/);
    expect(reasonOf('k8s-aws-v1.')).toMatch(/holds no URL/);
    expect(reasonOf('k8s-aws-v1.!!!!')).toMatch(/base64url/);
    expect(reasonOf(`${tokenFor(world)}=`)).toMatch(/base64url/);
    expect(reasonOf(encodeToken(`${tokenUrl(world)}\n`))).toMatch(/holds no URL/);
    expect(reasonOf(encodeToken(`${tokenUrl(world)}#`))).toMatch(/holds no URL/);
    expect(reasonOf(encodeToken('eyJhbGciOiJub25lIn0.e30.'))).toMatch(/holds no URL/);
  });

  it('when it is huge', () => {
    expect(reasonOf(`k8s-aws-v1.${'A'.repeat(4_086)}`)).toMatch(/too large/);
    expect(reasonOf(`k8s-aws-v1.${'A'.repeat(20_000_000)}`)).toMatch(/too large/);
  });

  it('when it has another path or scheme', () => {
    for (const path of ['', '//', '/x', '/%2e', '/?/']) {
      expect(reasonOf(edited((url) => url.replace('.com/?', `.com${path}?`)))).toMatch(/^InvalidToken/);
    }
    for (const scheme of ['http', 'HTTPS', 'ftp', '']) {
      expect(reasonOf(edited((url) => url.replace('https', scheme)))).toMatch(/the scheme is|holds no URL/);
    }
  });
});

describe('tokens that botocore made', () => {
  interface Vector {
    readonly kind: string;
    readonly credentials: {
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string | null;
    };
    readonly date: string;
    readonly cluster: string;
    readonly region: string;
    readonly token: string;
  }
  const vectors = (
    JSON.parse(
      readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'aws-tokens.json'), 'utf8'),
    ) as readonly Vector[]
  ).filter(({ kind }) => kind === 'eks-token');

  it('are there', () => expect(vectors.length).toBeGreaterThanOrEqual(2));

  it.each(vectors)(
    'are accepted: $credentials.accessKeyId',
    ({ credentials, cluster, region, token, date }) => {
      const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)?.slice(1) ?? [];
      const signedAt = Date.parse(`${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}Z`);
      const then = createWorld({ now: () => signedAt + 10 * minute });
      const keys: IssuedKeys = {
        ...then.userKeys('ci'),
        ...credentials,
        sessionToken: credentials.sessionToken ?? undefined,
        issuedAt: signedAt,
        expiresAt: undefined,
      };
      const store: World['keys'] = {
        ...then.keys,
        find: (id) => (id === keys.accessKeyId ? keys : undefined),
      };
      const seeded = findEksCluster(then, 'dev-eks-cluster');
      const verdict = (named: string) =>
        authenticateToken({ keys: store, now: then.now }, { ...seeded, name: named, region }, token);
      expect(verdict(cluster).ok).toBe(true);
      expect(verdict(`${cluster}2`).ok).toBe(false);
    },
  );
});

describe('whatever comes', () => {
  it('is answered with a verdict', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6_000 }), fc.boolean(), (text, framed) => {
        expect(judge(framed ? encodeToken(text) : text).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused when one character of a good URL is another, unless it is the same request', () => {
    const url = tokenUrl(world);
    const meaning = (text: string) => text.replace(/%[0-9a-fA-F]{2}/g, (coded) => coded.toUpperCase());
    fc.assert(
      fc.property(fc.nat(url.length - 1), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
        const other = url.slice(0, at) + String.fromCharCode(code) + url.slice(at + 1);
        expect(judge(encodeToken(other)).ok).toBe(meaning(other) === meaning(url));
      }),
      { numRuns: 2_000 },
    );
  });
});
