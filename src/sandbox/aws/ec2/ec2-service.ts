import type { QueryService } from '../query-service.ts';
import { describeInstances } from './describe-instances.ts';

export const ec2Service: QueryService = {
  name: 'ec2',
  version: '2016-11-15',
  namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  dialect: 'ec2',
  operations: { DescribeInstances: describeInstances },
};
