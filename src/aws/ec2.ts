import { DescribeInstancesCommand, EC2Client, type Filter, type Instance } from '@aws-sdk/client-ec2';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';

/** An instance as EC2 describes it. */
export interface Ec2Instance {
  readonly instanceId: string;
  /** Its Name tag. */
  readonly name: string | undefined;
  /** `t3.small`, … */
  readonly type: string;
  readonly availabilityZone: string;
  readonly privateAddress: string | undefined;
  readonly privateDnsName: string | undefined;
  /** `running`, `stopped`, … */
  readonly state: string;
  /** Epoch milliseconds. */
  readonly launched: number | undefined;
  readonly autoScalingGroup: string | undefined;
}

/** As EC2's API spells them, e.g. `private-ip-address`, `tag:Name`. All must hold, of each one value. */
export type Ec2Filters = Readonly<Record<string, readonly string[]>>;

/** Terminated ones stay in the answers for an hour: nobody means them. */
const existing = ['pending', 'running', 'stopping', 'stopped', 'shutting-down'];

/**
 * Instances page by page, up to a thousand each, the terminated ones left out. IAM action ec2:DescribeInstances.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export async function* describeEc2Instances(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  filters: Ec2Filters = {},
): AsyncGenerator<readonly Ec2Instance[], void, undefined> {
  const client = new EC2Client(aws.clientConfig('ec2', region, keys));
  const call = {
    service: 'ec2',
    operation: 'DescribeInstances',
    region,
    action: 'ec2:DescribeInstances',
    resource: `instances in ${region}`,
  } as const;
  const wanted: Filter[] = Object.entries({ 'instance-state-name': existing, ...filters }).map(
    ([name, values]) => ({ Name: name, Values: [...values] }),
  );
  let token: string | undefined;
  do {
    const command = new DescribeInstancesCommand({
      Filters: wanted,
      MaxResults: 1000,
      ...(token && { NextToken: token }),
    });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    yield (page.Reservations ?? [])
      .flatMap((reservation) => reservation.Instances ?? [])
      .map(parseInstance)
      .filter((instance) => instance !== undefined);
    token = page.NextToken || undefined;
  } while (token !== undefined);
}

function parseInstance(instance: Instance): Ec2Instance | undefined {
  if (!instance.InstanceId) return undefined;
  const tag = (key: string) => instance.Tags?.find((entry) => entry.Key === key)?.Value || undefined;
  return {
    instanceId: instance.InstanceId,
    name: tag('Name'),
    type: instance.InstanceType ?? '',
    availabilityZone: instance.Placement?.AvailabilityZone ?? '',
    privateAddress: instance.PrivateIpAddress || undefined,
    privateDnsName: instance.PrivateDnsName || undefined,
    state: instance.State?.Name ?? '',
    launched: instance.LaunchTime?.getTime(),
    autoScalingGroup: tag('aws:autoscaling:groupName'),
  };
}
