import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';

/** An instance, or a machine outside of EC2, whose agent has registered with Systems Manager. */
export interface ManagedInstance {
  /** `i-…` of EC2, `mi-…` of a hybrid activation. */
  readonly instanceId: string;
  /** The agent answered within the last minutes. */
  readonly online: boolean;
  /** `Online`, `ConnectionLost`, `Inactive`. */
  readonly ping: string;
  /** When the agent was last heard of, epoch milliseconds. */
  readonly lastPing: number | undefined;
  readonly agentVersion: string;
  /** `Linux`, `Windows`, `MacOS`. */
  readonly platform: string;
  /** `Amazon Linux 2023`, … */
  readonly platformName: string;
  readonly address: string | undefined;
  readonly computerName: string | undefined;
  /** The name that a hybrid activation gave it. */
  readonly name: string | undefined;
}

/** As the API spells them, e.g. `InstanceIds`, `PingStatus`, `tag:Name`. Tags can't be mixed with others. */
export type ManagedFilters = Readonly<Record<string, readonly string[]>>;

/** The most that a page holds, and the most ids that are asked for at once. */
export const managedPageSize = 50;

/**
 * Registered instances page by page, 50 each. IAM action ssm:DescribeInstanceInformation.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
 */
export async function* describeManagedInstances(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  filters: ManagedFilters = {},
): AsyncGenerator<readonly ManagedInstance[], void, undefined> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const call = {
    service: 'ssm',
    operation: 'DescribeInstanceInformation',
    region,
    action: 'ssm:DescribeInstanceInformation',
    resource: `managed instances in ${region}`,
  } as const;
  const wanted: InstanceInformationStringFilter[] = Object.entries(filters).map(([key, values]) => ({
    Key: key,
    Values: [...values],
  }));
  let token: string | undefined;
  do {
    const command = new DescribeInstanceInformationCommand({
      MaxResults: managedPageSize,
      ...(wanted.length > 0 && { Filters: wanted }),
      ...(token && { NextToken: token }),
    });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    yield (page.InstanceInformationList ?? []).map(parseManaged).filter((instance) => instance !== undefined);
    token = page.NextToken || undefined;
  } while (token !== undefined);
}

function parseManaged(found: InstanceInformation): ManagedInstance | undefined {
  if (!found.InstanceId) return undefined;
  return {
    instanceId: found.InstanceId,
    online: found.PingStatus === 'Online',
    ping: found.PingStatus ?? '',
    lastPing: found.LastPingDateTime?.getTime(),
    agentVersion: found.AgentVersion ?? '',
    platform: found.PlatformType ?? '',
    platformName: found.PlatformName ?? '',
    address: found.IPAddress || undefined,
    computerName: found.ComputerName || undefined,
    name: found.Name || undefined,
  };
}
