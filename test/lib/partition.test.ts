import { expect, it } from 'vitest';
import { partitionOf } from '../../src/lib/partition.ts';

it.each([
  ['us-east-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['eusc-de-east-1', 'aws-eusc'],
])('%s is in the partition %s', (region, partition) => expect(partitionOf(region)).toBe(partition));
