import type { QueryService } from '../query-service.ts';
import { describeClusters } from './describe-clusters.ts';
import { describeInstances } from './describe-instances.ts';

export const rdsService: QueryService = {
  name: 'rds',
  version: '2014-10-31',
  namespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
  operations: {
    DescribeDBClusters: describeClusters,
    DescribeDBInstances: describeInstances,
  },
};
