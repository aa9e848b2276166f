import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyConfig } from '../../src/config/build-config.ts';
import { ForgeError } from '../../src/errors.ts';
import { identityParts } from '../../src/identity/identity-parts.ts';
import type { RoleCredentials } from '../../src/identity/role-credentials.ts';
import { requestCluster } from '../../src/kube/cluster-request.ts';
import { locateCluster } from '../../src/kube/locate-cluster.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createPrompt } from '../../src/terminal/prompt.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const pem = createCertificateAuthority('cluster', Date.now()).certificate;
const authority = Buffer.from(pem).toString('base64');
const good = {
  name: 'eks',
  arn: 'arn:aws:eks:us-east-1:111111111111:cluster/eks',
  endpoint: 'https://ABC.gr7.us-east-1.eks.amazonaws.com',
  certificateAuthority: { data: authority },
  status: 'ACTIVE',
  resourcesVpcConfig: { endpointPublicAccess: true, endpointPrivateAccess: false },
};
const location = {
  arn: good.arn,
  server: 'https://abc.gr7.us-east-1.eks.amazonaws.com',
  certificateAuthority: authority,
  publicAccess: true,
};

/** In place of EKS: says whatever it is told to. */
let eks: Server;
let reply: object;
let asked: string[];
let host: TestHost;
beforeEach(async () => {
  [reply, asked] = [{ cluster: good }, []];
  eks = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json').end(JSON.stringify(reply));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => eks.once('listening', resolve));
  const { port } = eks.address() as AddressInfo;
  host = createTestHost({ env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` } });
});
afterEach(async () => {
  await new Promise((resolve) => {
    eks.close(resolve);
    eks.closeAllConnections();
  });
  host.dispose();
});

function credentials(account: string | undefined = '111111111111'): RoleCredentials {
  return {
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: new Secret('secret'),
    sessionToken: new Secret('session'),
    expiration: undefined,
    source: 'test',
    account,
    callerArn: undefined,
  };
}
const request = requestCluster(
  emptyConfig,
  undefined,
  { cluster: 'eks', region: 'us-east-1' },
  { env: undefined, variables: {} },
);
function locate(options: { fresh?: boolean } = {}, keys = credentials(), wanted = request) {
  const output = createOutput(host, { format: undefined, quiet: false, debug: true });
  return locateCluster(
    identityParts({ host, output, prompt: createPrompt(host, { input: false }) }),
    keys,
    wanted,
    options,
  );
}
async function code(located: Promise<unknown>): Promise<string> {
  const error = await located.then(
    () => undefined,
    (why: unknown) => why,
  );
  return error instanceof ForgeError ? `${error.kind} ${error.code}` : String(error);
}

describe('from EKS', () => {
  it('once an hour, by account, in a private file', async () => {
    expect(await locate()).toEqual({ ...location, remembered: false });
    expect(await locate()).toEqual({ ...location, remembered: true });
    expect(asked).toEqual(['/clusters/eks']);
    expect(statSync(join(host.directories.cache, 'clusters.json')).mode & 0o777).toBe(0o600);
    const other = good.arn.replace('111111111111', '222222222222');
    reply = { cluster: { ...good, arn: other } };
    expect((await locate({}, credentials('222222222222'))).remembered).toBe(false);
    reply = { cluster: good };
    expect((await locate({ fresh: true })).remembered).toBe(false);
    expect((await locate({}, credentials(''))).remembered).toBe(false);
    host.shiftClock(3_600_001);
    expect((await locate()).remembered).toBe(false);
    expect(asked).toHaveLength(5);
  });

  it('a broken memory is an empty one, and one that can’t be written is no failure', async () => {
    const file = join(host.directories.cache, 'clusters.json');
    mkdirSync(host.directories.cache, { recursive: true, mode: 0o700 });
    const entry = (answer: object) =>
      JSON.stringify({ '111111111111 us-east-1 eks': { at: host.now() - 1, answer } });
    for (const text of ['', '{', '[]', 'null', '{"x":1}', entry({}), entry({ ...location, server: 1 })]) {
      writeFileSync(file, text, { mode: 0o600 });
      expect((await locate()).remembered, text).toBe(false);
      expect((await locate()).remembered, text).toBe(true);
    }
    // Others could have written it.
    chmodSync(file, 0o644);
    expect((await locate()).remembered).toBe(false);
    chmodSync(host.directories.cache, 0o777);
    host.shiftClock(3_600_001);
    expect((await locate()).server).toBe(location.server);
    expect(host.err()).toContain('the cluster is not kept');
  });

  it('one that is being made or deleted is said and not kept', async () => {
    reply = { cluster: { ...good, status: 'DELETING' } };
    expect((await locate()).remembered).toBe(false);
    expect(host.err()).toContain('The cluster eks is DELETING.');
    expect((await locate()).remembered).toBe(false);
    reply = { cluster: { ...good, status: 'CREATING', endpoint: undefined } };
    expect(await code(locate({ fresh: true }))).toContain('INCOMPLETE_REPLY');
  });

  it.each([
    'http://abc.eks.amazonaws.com',
    'https://user@abc.eks.amazonaws.com',
    'https://:pw@abc.eks.amazonaws.com',
    'https://abc.eks.amazonaws.com/path',
    'https://abc.eks.amazonaws.com?x',
    'https://abc.eks.amazonaws.com#x',
    'https://',
    'abc.eks.amazonaws.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ])('takes %s for no address of a cluster', async (endpoint) => {
    reply = { cluster: { ...good, endpoint } };
    expect(await code(locate())).toBe('failed INCOMPLETE_REPLY');
  });

  it.each(['', 'bm90IHBlbQ==', '%%%', Buffer.from('-----BEGIN PRIVATE KEY-----\n').toString('base64')])(
    'takes %j for no authority',
    async (data) => {
      reply = { cluster: { ...good, certificateAuthority: { data } } };
      expect(await code(locate())).toContain('INCOMPLETE_REPLY');
    },
  );

  // It becomes the name of an entry, and what has that name in a kubeconfig is written over.
  it.each([
    'prod',
    'arn:aws:eks:us-east-1:111111111111:cluster/another',
    'arn:aws:eks:us-east-1:222222222222:cluster/eks',
    'arn:aws:eks:eu-west-1:111111111111:cluster/eks',
    'arn:x:eks:us-east-1:111111111111:cluster/eks',
    'arn:aws:eks:us-east-1:111111111111:cluster/eks@Admin',
  ])('takes %s for no ARN of the cluster that was asked for', async (arn) => {
    reply = { cluster: { ...good, arn } };
    expect(await code(locate())).toBe('failed INCOMPLETE_REPLY');
    if (!arn.includes('222222222222'))
      expect(await code(locate({}, credentials('')))).toBe('failed INCOMPLETE_REPLY');
  });

  it.each([{}, { cluster: null }, { cluster: {} }, { cluster: { ...good, arn: '' } }])(
    'an answer without what is needed is named: %j',
    async (answer) => {
      reply = answer;
      expect(await code(locate())).toContain('INCOMPLETE_REPLY');
    },
  );
});

describe('from forge.yaml', () => {
  const known = (ca: string) => ({ ...request, known: { endpoint: 'https://10.0.0.1:6443', ca } });

  it('its endpoint and authority, and AWS is not asked', async () => {
    const ca = join(host.directories.home, 'ca.pem');
    writeFileSync(ca, pem);
    expect(await locate({}, credentials(), known(ca))).toEqual({
      arn: good.arn,
      server: 'https://10.0.0.1:6443',
      certificateAuthority: authority,
      publicAccess: undefined,
      remembered: false,
    });
    expect((await locate({}, credentials(''), known(ca))).arn || undefined).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('an authority that is not there, or none', async () => {
    expect(await code(locate({}, credentials(), known('/nowhere/ca.pem')))).toBe('usage CA_UNREADABLE');
    const ca = join(host.directories.home, 'ca.pem');
    writeFileSync(ca, 'nothing');
    expect(await code(locate({}, credentials(), known(ca)))).toContain('INCOMPLETE_REPLY');
  });
});
