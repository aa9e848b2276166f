import { DescribeDBClustersCommand, DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsStage, failureOf, startAwsStage } from '../clients.ts';

let stage: AwsStage;
beforeAll(async () => {
  stage = await startAwsStage();
});
afterAll(() => stage.endpoint.close());
const rds = (region?: string) => stage.rds(stage.world.userKeys('ci'), region);

describe('RDS', () => {
  it('describes the clusters of the caller’s account and region only', async () => {
    const { DBClusters } = await rds().send(new DescribeDBClustersCommand({}));
    expect(DBClusters).toEqual([
      expect.objectContaining({
        DBClusterIdentifier: 'dev-shop',
        Status: 'available',
        Engine: 'aurora-postgresql',
        Port: 5432,
        Endpoint: 'dev-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com',
        ReaderEndpoint: 'dev-shop.cluster-ro-c9forge0abcd.us-east-1.rds.amazonaws.com',
        DbClusterResourceId: expect.stringMatching(/^cluster-[A-Z2-7]+$/),
        DBClusterMembers: [
          expect.objectContaining({ IsClusterWriter: true }),
          expect.objectContaining({ IsClusterWriter: false }),
        ],
      }),
    ]);
    expect((await rds('eu-west-1').send(new DescribeDBClustersCommand({}))).DBClusters).toEqual([]);
  });

  it('finds by identifier in any case, by ARN and by filter', async () => {
    for (const DBClusterIdentifier of ['DEV-shop', 'arn:aws:rds:us-east-1:111111111111:cluster:dev-shop']) {
      expect(
        (await rds().send(new DescribeDBClustersCommand({ DBClusterIdentifier }))).DBClusters,
      ).toHaveLength(1);
    }
    const byFilter = async (Name: string, ...Values: string[]) =>
      (await rds().send(new DescribeDBClustersCommand({ Filters: [{ Name, Values }] }))).DBClusters?.length;
    expect(await byFilter('db-cluster-id', 'dev-shop', 'x')).toBe(1);
    expect(await byFilter('db-cluster-id', 'x')).toBe(0);
    expect(await byFilter('engine', 'mysql')).toBe(0);
    expect((await failureOf(byFilter('tag:env', 'dev'))).name).toBe('InvalidParameterValue');
  });

  it('describes instances', async () => {
    const { DBInstances } = await rds().send(
      new DescribeDBInstancesCommand({ Filters: [{ Name: 'db-cluster-id', Values: ['dev-shop'] }] }),
    );
    expect(DBInstances?.map(({ Endpoint }) => Endpoint?.Address)).toEqual([
      'dev-shop-1.c9forge0abcd.us-east-1.rds.amazonaws.com',
      'dev-shop-2.c9forge0abcd.us-east-1.rds.amazonaws.com',
    ]);
    const { DBInstances: one } = await rds().send(
      new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'dev-shop-2' }),
    );
    expect(one).toHaveLength(1);
  });

  it('pages by Marker', async () => {
    const [cluster] = stage.world.organisation.clusters;
    if (!cluster) throw new Error('no cluster');
    for (let index = 0; index < 30; index++) {
      stage.world.organisation.clusters.push({
        ...cluster,
        identifier: `many-${index}`,
        region: 'eu-west-1',
      });
    }
    const first = await rds('eu-west-1').send(new DescribeDBClustersCommand({ MaxRecords: 20 }));
    expect(first.DBClusters).toHaveLength(20);
    const second = await rds('eu-west-1').send(
      new DescribeDBClustersCommand({ MaxRecords: 20, Marker: first.Marker }),
    );
    expect(second.DBClusters).toHaveLength(10);
    expect(second.Marker).toBeUndefined();
    expect((await failureOf(rds().send(new DescribeDBClustersCommand({ Marker: 'made-up' })))).name).toBe(
      'InvalidParameterValue',
    );
    expect((await failureOf(rds().send(new DescribeDBClustersCommand({ MaxRecords: 19 })))).name).toBe(
      'InvalidParameterValue',
    );
  });

  it('says what is not there, in AWS’s names', async () => {
    expect(
      await failureOf(rds().send(new DescribeDBClustersCommand({ DBClusterIdentifier: 'prod-cash' }))),
    ).toMatchObject({
      name: 'DBClusterNotFoundFault',
      message: 'DBCluster prod-cash not found.',
      status: 404,
    });
    expect(
      await failureOf(rds().send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'nothing' }))),
    ).toMatchObject({
      name: 'DBInstanceNotFoundFault',
      status: 404,
    });
  });

  it('asks IAM', async () => {
    const offline = stage.rds(stage.world.userKeys('offline'));
    expect(
      await failureOf(offline.send(new DescribeDBClustersCommand({ DBClusterIdentifier: 'x' }))),
    ).toMatchObject({
      name: 'AccessDenied',
      status: 403,
      message:
        'User: arn:aws:iam::999999999999:user/offline is not authorized to perform: rds:DescribeDBClusters on resource: arn:aws:rds:us-east-1:999999999999:cluster:x because no identity-based policy allows the rds:DescribeDBClusters action',
    });
  });
});
