import { DescribeDBClustersCommand } from '@aws-sdk/client-rds';
import { GetRoleCredentialsCommand, ListAccountRolesCommand, ListAccountsCommand } from '@aws-sdk/client-sso';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { Signer } from '@aws-sdk/rds-signer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AwsStage, startAwsStage } from './clients.ts';

let stage: AwsStage;
beforeAll(async () => {
  stage = await startAwsStage();
});
afterAll(() => stage.endpoint.close());

it('takes an unmodified SDK from the sign-in page to a database token', async () => {
  const { accessToken } = await stage.signIn('dana');
  const accounts = await stage.sso().send(new ListAccountsCommand({ accessToken }));
  expect(accounts.accountList?.map(({ accountName }) => accountName)).toEqual(['dev', 'qa', 'access']);
  const account = '111111111111';
  const roles = await stage.sso().send(new ListAccountRolesCommand({ accessToken, accountId: account }));
  expect(roles.roleList?.map(({ roleName }) => roleName)).toEqual(['Forge-Developer']);

  const { roleCredentials } = await stage
    .sso()
    .send(new GetRoleCredentialsCommand({ accessToken, accountId: account, roleName: 'Forge-Developer' }));
  const developer = roleCredentials as { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  expect(developer.sessionToken.length).toBeGreaterThan(850);
  const identity = await stage.sts(developer).send(new GetCallerIdentityCommand({}));
  expect(identity.Arn).toMatch(
    /^arn:aws:sts::111111111111:assumed-role\/AWSReservedSSO_Forge-Developer_[0-9a-f]{16}\/dana@tapp\.example$/,
  );

  const assumed = await stage.sts(developer).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${account}:role/developer-rds-access`,
      RoleSessionName: 'dana@tapp.example',
      SourceIdentity: 'dana@tapp.example',
    }),
  );
  expect(assumed.SourceIdentity).toBe('dana@tapp.example');
  const keys = {
    accessKeyId: assumed.Credentials?.AccessKeyId ?? '',
    secretAccessKey: assumed.Credentials?.SecretAccessKey ?? '',
    sessionToken: assumed.Credentials?.SessionToken ?? '',
  };
  const described = await stage
    .rds(keys)
    .send(new DescribeDBClustersCommand({ DBClusterIdentifier: 'dev-shop' }));
  const [cluster] = described.DBClusters ?? [];
  expect(cluster).toMatchObject({
    Endpoint: 'dev-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com',
    IAMDatabaseAuthenticationEnabled: true,
    DatabaseName: 'shop_dev',
  });

  const hostname = cluster?.Endpoint ?? '';
  const token = await new Signer({
    hostname,
    port: 5432,
    username: 'developer',
    region: 'us-east-1',
    credentials: keys,
  }).getAuthToken();
  const verdict = stage.world.verifyRdsToken({
    token,
    host: hostname,
    port: 5432,
    user: 'developer',
    resourceId: cluster?.DbClusterResourceId ?? '',
    region: 'us-east-1',
    account,
  });
  expect(verdict).toMatchObject({ ok: true, principal: { sourceIdentity: 'dana@tapp.example' } });
});
