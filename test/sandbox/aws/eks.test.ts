import {
  DeleteAccessEntryCommand,
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  EKSClient,
  ListAccessEntriesCommand,
  ListAssociatedAccessPoliciesCommand,
  ListClustersCommand,
  paginateListClusters,
} from '@aws-sdk/client-eks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { startKubernetesFronts } from '../../../src/sandbox/process/start-kubernetes-fronts.ts';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../clients.ts';
import { echoUser, roleKeys } from '../kubernetes/stage.ts';

const dev = '111111111111';
let stage: AwsStage;
let fronts: AsyncDisposable;
let clock = 0;
beforeAll(async () => {
  stage = await startAwsStage(() => Date.now() + clock);
  fronts = await startKubernetesFronts({ now: Date.now }, stage.world, echoUser);
});
afterAll(async () => {
  await fronts[Symbol.asyncDispose]();
  await stage.endpoint.close();
});

const keysOf = (permissionSet: string, account = dev) => roleKeys(stage.world, permissionSet, account);
const eks = (keys: Keys | IssuedKeys = keysOf('Forge-QA-ReadOnly'), region = 'us-east-1') =>
  new EKSClient({
    endpoint: stage.endpoint.url,
    region,
    maxAttempts: 1,
    credentials: credentialsOf(keys),
  });
const name = 'dev-eks-cluster';
const raw = (path: string, method = 'GET') =>
  fetch(`${stage.endpoint.url}${path}`, { method, redirect: 'manual' });

describe('clusters', () => {
  it('are listed for the caller’s account and region only', async () => {
    const listed = async (client: EKSClient) => (await client.send(new ListClustersCommand({}))).clusters;
    expect(await listed(eks())).toEqual([name]);
    expect(await listed(eks(stage.world.userKeys('ci')))).toEqual([name]);
    expect(await listed(eks(keysOf('Forge-Developer', '222222222222')))).toEqual(['qa-eks-cluster']);
    expect(await listed(eks(keysOf('Forge-Admin', '444444444444')))).toEqual([]);
    expect(await listed(eks(keysOf('Forge-Developer'), 'eu-west-1'))).toEqual([]);
  });

  it('are described with what a client needs to reach a public one', async () => {
    const { cluster } = await eks().send(new DescribeClusterCommand({ name }));
    expect(cluster).toMatchObject({
      name,
      arn: `arn:aws:eks:us-east-1:${dev}:cluster/${name}`,
      status: 'ACTIVE',
      version: '1.33',
      endpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
      resourcesVpcConfig: { endpointPublicAccess: true, endpointPrivateAccess: true },
      accessConfig: { authenticationMode: 'API' },
      identity: {
        oidc: {
          issuer: expect.stringMatching(/^https:\/\/oidc\.eks\.us-east-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/),
        },
      },
      tags: { Environment: 'dev' },
    });
    expect(cluster?.createdAt).toBeInstanceOf(Date);
    expect(Buffer.from(cluster?.certificateAuthority?.data ?? '', 'base64').toString()).toMatch(
      /^-----BEGIN CERTIFICATE-----\n/,
    );
  });

  it('that are private have a name that nobody outside resolves', async () => {
    const client = eks(keysOf('Forge-Wealth-ReadOnly', '333333333333'));
    const { cluster } = await client.send(new DescribeClusterCommand({ name: 'prod-wealth-eks' }));
    expect(cluster).toMatchObject({
      endpoint: expect.stringMatching(/^https:\/\/[0-9A-F]{32}\.gr7\.us-east-1\.eks\.amazonaws\.com$/),
      resourcesVpcConfig: { endpointPublicAccess: false, endpointPrivateAccess: true, publicAccessCidrs: [] },
    });
  });

  it('without an API that answers are being created', async () => {
    await using other = await startAwsStage();
    const client = new EKSClient({
      endpoint: other.endpoint.url,
      region: 'us-east-1',
      credentials: credentialsOf(other.world.userKeys('ci')),
    });
    const { cluster } = await client.send(new DescribeClusterCommand({ name }));
    expect(cluster).toMatchObject({ status: 'CREATING', certificateAuthority: {} });
    expect(cluster?.endpoint).toBeUndefined();
  });

  it('that do not exist are said to be missing, in the same words for those of another account or region', async () => {
    for (const [client, wanted] of [
      [eks(), 'nope'],
      [eks(), 'qa-eks-cluster'],
      [eks(keysOf('Forge-QA-ReadOnly'), 'eu-west-1'), name],
    ] as const) {
      expect(await failureOf(client.send(new DescribeClusterCommand({ name: wanted })))).toEqual({
        name: 'ResourceNotFoundException',
        message: `No cluster found for name: ${wanted}.`,
        status: 404,
      });
    }
  });

  it('are for those whom IAM allows it', async () => {
    const keys = keysOf('Forge-DataAnalyst', '333333333333');
    const describing = eks(keys).send(new DescribeClusterCommand({ name: 'prod-wealth-eks' }));
    expect(await failureOf(describing)).toEqual({
      name: 'AccessDeniedException',
      message: `User: ${keys.principal.arn} is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:us-east-1:333333333333:cluster/prod-wealth-eks because no identity-based policy allows the eks:DescribeCluster action`,
      status: 403,
    });
    // Whoever may not describe does not learn what exists.
    const guessing = eks(keys).send(new DescribeClusterCommand({ name: 'nope' }));
    expect((await failureOf(guessing)).name).toBe('AccessDeniedException');
    expect((await failureOf(eks(keys).send(new ListClustersCommand({})))).name).toBe('AccessDeniedException');
  });

  it('come in pages whose tokens are good for their own listing', async () => {
    expect((await stage.admin('POST', 'eks-clusters', { environment: 'qa', count: 250 })).json).toEqual({
      clusters: 251,
    });
    const client = eks(keysOf('Forge-Developer', '222222222222'));
    const pages: string[][] = [];
    for await (const { clusters } of paginateListClusters({ client }, {})) pages.push(clusters ?? []);
    expect(pages.map((page) => page.length)).toEqual([100, 100, 51]);
    expect(new Set(pages.flat()).size).toBe(251);
    const { nextToken } = await client.send(new ListClustersCommand({ maxResults: 7 }));
    const elsewhere = eks().send(new ListClustersCommand({ nextToken }));
    expect((await failureOf(elsewhere)).name).toBe('InvalidParameterException');
    for (const maxResults of [0, 101]) {
      const refused = await failureOf(client.send(new ListClustersCommand({ maxResults })));
      expect(refused).toMatchObject({ name: 'InvalidParameterException', status: 400 });
    }
    const { cluster } = await client.send(new DescribeClusterCommand({ name: 'bulk-00250' }));
    expect(cluster).toMatchObject({ status: 'ACTIVE' });
  });

  it('the lever refuses what it can’t do', async () => {
    for (const wish of [
      { environment: 'nowhere', count: 1 },
      { environment: 'qa', count: -1 },
      { count: 1 },
    ]) {
      expect((await stage.admin('POST', 'eks-clusters', wish)).status).toBe(400);
    }
  });
});

describe('access entries', () => {
  const entries = async (keys: IssuedKeys, options: object = {}) =>
    (await eks(keys).send(new ListAccessEntriesCommand({ clusterName: name, ...options }))).accessEntries ??
    [];
  const policy = (of: string) => `arn:aws:eks::aws:cluster-access-policy/${of}`;

  it('are listed by role with path, and by policy', async () => {
    const keys = keysOf('Forge-QA-ReadOnly');
    const all = await entries(keys);
    expect(all).toContainEqual(
      expect.stringMatching(
        /^arn:aws:iam::111111111111:role\/aws-reserved\/sso\.amazonaws\.com\/AWSReservedSSO_Forge-Developer_[0-9a-f]{16}$/,
      ),
    );
    expect(all).toContain('arn:aws:iam::111111111111:user/ci');
    expect(await entries(keys, { associatedPolicyArn: policy('AmazonEKSClusterAdminPolicy') })).toEqual([
      expect.stringContaining('Forge-Admin'),
    ]);
    expect(await entries(keys, { associatedPolicyArn: policy('NoSuchPolicy') })).toEqual([]);
  });

  it('are described, with their policies and scopes', async () => {
    const client = eks();
    const principalArn =
      (await entries(keysOf('Forge-QA-ReadOnly'))).find((arn) => arn.includes('9Squid')) ?? '';
    const wish = { clusterName: name, principalArn };
    const { accessEntry } = await client.send(new DescribeAccessEntryCommand(wish));
    expect(accessEntry).toMatchObject({
      clusterName: name,
      principalArn,
      kubernetesGroups: [],
      type: 'STANDARD',
      username: expect.stringMatching(
        /^arn:aws:sts::111111111111:assumed-role\/AWSReservedSSO_.*\/\{\{SessionName}}$/,
      ),
      accessEntryArn: expect.stringMatching(
        /^arn:aws:eks:us-east-1:111111111111:access-entry\/dev-eks-cluster\/role\/111111111111\/AWSReservedSSO_Forge-9Squid_[0-9a-f]{16}\/[0-9a-f-]{36}$/,
      ),
    });
    const { associatedAccessPolicies } = await client.send(new ListAssociatedAccessPoliciesCommand(wish));
    expect(associatedAccessPolicies).toEqual([
      expect.objectContaining({
        policyArn: policy('AmazonEKSEditPolicy'),
        accessScope: { type: 'namespace', namespaces: ['default'] },
      }),
    ]);
  });

  it('that do not exist are said to be missing', async () => {
    const principalArn = `arn:aws:iam::${dev}:role/nobody`;
    for (const command of [DescribeAccessEntryCommand, ListAssociatedAccessPoliciesCommand]) {
      const asking = eks().send(new command({ clusterName: name, principalArn }));
      expect(await failureOf(asking)).toMatchObject({ name: 'ResourceNotFoundException', status: 404 });
    }
    const elsewhere = eks().send(new ListAccessEntriesCommand({ clusterName: 'nope' }));
    expect((await failureOf(elsewhere)).message).toBe('No cluster found for name: nope.');
  });

  it('are deleted by those who may, once', async () => {
    const principalArn = `arn:aws:iam::${dev}:user/ci`;
    const command = new DeleteAccessEntryCommand({ clusterName: name, principalArn });
    expect((await failureOf(eks().send(command))).name).toBe('AccessDeniedException');
    await eks(keysOf('Forge-Admin')).send(command);
    expect(await entries(keysOf('Forge-Admin'))).not.toContain(principalArn);
    const again = await failureOf(eks(keysOf('Forge-Admin')).send(command));
    expect(again.name).toBe('ResourceNotFoundException');
  });
});

describe('who asks', () => {
  const described = (client: EKSClient) => failureOf(client.send(new DescribeClusterCommand({ name })));

  it('must sign', async () => {
    const response = await raw(`/clusters/${name}`);
    expect(response.status).toBe(403);
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect((await raw('/clusters/x/access-entries/%zz', 'DELETE')).status).toBe(403);
    expect((await raw('/clusters', 'POST')).status).toBe(404);
    expect((await raw('/clusters/a/b/c')).status).toBe(404);
  });

  it('must sign with keys that are alive, for EKS', async () => {
    const keys = keysOf('Forge-Developer');
    expect(await described(eks({ ...keys, secretAccessKey: 'wrong' }))).toMatchObject({
      name: 'InvalidSignatureException',
      status: 403,
    });
    expect((await described(eks({ ...keys, accessKeyId: 'ASIANOBODY' }))).name).toBe(
      'UnrecognizedClientException',
    );
    expect((await described(eks({ ...keys, sessionToken: 'other' }))).name).toBe(
      'UnrecognizedClientException',
    );
    stage.world.keys.delete(keys.accessKeyId);
    expect((await described(eks(keys))).name).toBe('UnrecognizedClientException');
    const short = roleKeys(stage.world, 'Forge-Developer', dev, 'dana', 60);
    clock = 61_000;
    expect((await described(eks(short))).name).toBe('ExpiredTokenException');
    clock = 0;
  });

  it('gets the faults that were ordered', async () => {
    await stage.admin('POST', 'faults', {
      service: 'eks',
      operation: 'DescribeCluster',
      error: 'ServerException',
    });
    expect(await described(eks())).toMatchObject({ name: 'ServerException', status: 500 });
    await eks().send(new DescribeClusterCommand({ name }));
  });

  it('is recorded with the outcome', async () => {
    const before = stage.world.events.all().length;
    await eks().send(new DescribeClusterCommand({ name }));
    await described(eks({ ...keysOf('Forge-Developer'), secretAccessKey: 'wrong' }));
    const events = stage.world.events.all().slice(before);
    expect(events).toEqual([
      expect.objectContaining({
        service: 'eks',
        name: 'DescribeCluster',
        account: dev,
        principal: expect.stringContaining('Forge-QA-ReadOnly'),
        parameters: { name },
        errorCode: undefined,
      }),
      expect.objectContaining({ principal: undefined, errorCode: 'InvalidSignatureException' }),
    ]);
  });
});
