import { partitionOf } from '../lib/partition.ts';

/** What is known about an attempt to connect: an explanation names causes only as far as these allow. */
export interface FailureFacts {
  /** As people name the database. */
  readonly name: string;
  /** What follows `forge db check` to mean it. */
  readonly words: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly region: string;
  readonly resourceId: string | undefined;
  /** 12 digits. */
  readonly account: string | undefined;
  /** Whose keys signed the token: an ARN, or where the keys come from. */
  readonly who: string;
  /** When those keys end by AWS's clock, epoch milliseconds. */
  readonly keysExpire: number | undefined;
  /** AWS's clock now, epoch milliseconds. */
  readonly now: number;
  /** AWS's clock minus this machine's, milliseconds; undefined: not measured. */
  readonly clockSkew: number | undefined;
  readonly caSource: string;
  /** Groups that reach the network the database is in. */
  readonly networkGroups: readonly string[];
}

export function checkHint({ words }: FailureFacts): string {
  return `Find out where it stops: forge db check ${words}`;
}

/** The resource that an IAM policy must allow rds-db:connect on. */
export function connectArn({
  region,
  account,
  resourceId,
  user,
}: Pick<FailureFacts, 'region' | 'account' | 'resourceId' | 'user'>): string {
  const resource = resourceId ?? '<resource id>';
  return `arn:${partitionOf(region)}:rds-db:${region}:${account ?? '<account>'}:dbuser:${resource}/${user}`;
}
