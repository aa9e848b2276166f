import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';

export interface TrailLookup {
  /** One attribute is all that AWS filters by. */
  readonly by: 'AccessKeyId' | 'EventName' | 'Username' | 'ResourceName';
  readonly value: string;
  /** Epoch milliseconds, both included. */
  readonly from: number;
  readonly to: number;
  readonly pageToken?: string | undefined;
}

export interface TrailPage {
  /** Each event as CloudTrail wrote it: JSON on one line. */
  readonly events: readonly string[];
  readonly nextToken: string | undefined;
}

/**
 * Management events of the last 90 days, newest first, at most 50. AWS answers two calls a second for an account and
 * region, then THROTTLED. IAM action cloudtrail:LookupEvents.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export async function lookupEvents(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { by, value, from, to, pageToken }: TrailLookup,
): Promise<TrailPage> {
  const client = new CloudTrailClient(aws.clientConfig('cloudtrail', region, keys));
  const command = new LookupEventsCommand({
    LookupAttributes: [{ AttributeKey: by, AttributeValue: value }],
    StartTime: new Date(from),
    EndTime: new Date(to),
    MaxResults: 50,
    NextToken: pageToken,
  });
  const call = {
    service: 'cloudtrail',
    operation: 'LookupEvents',
    region,
    action: 'cloudtrail:LookupEvents',
    resource: `events of ${region}`,
  } as const;
  const { Events: events, NextToken: nextToken } = await callAws(aws, call, (options) =>
    client.send(command, options),
  );
  return {
    events: (events ?? []).flatMap(({ CloudTrailEvent: text }) => (text === undefined ? [] : [text])),
    nextToken: nextToken || undefined,
  };
}
