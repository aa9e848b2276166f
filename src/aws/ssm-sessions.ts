import { DescribeSessionsCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';

/** A session of Session Manager that is open. */
export interface ActiveSession {
  readonly sessionId: string;
  /** ARN of who opened it: `arn:aws:sts::…:assumed-role/<role>/<session name>`. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly startedAt: number | undefined;
}

/** All that are open in a region of the account, or those of one owner (its ARN). IAM action ssm:DescribeSessions. */
export async function listActiveSessions(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  owner?: string,
): Promise<readonly ActiveSession[]> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const call = {
    service: 'ssm',
    operation: 'DescribeSessions',
    region,
    action: 'ssm:DescribeSessions',
    resource: `sessions in ${region}`,
  } as const;
  const sessions: ActiveSession[] = [];
  const filters = owner === undefined ? undefined : [{ key: 'Owner' as const, value: owner }];
  for (let token: string | undefined; ; ) {
    const command = new DescribeSessionsCommand({
      State: 'Active',
      MaxResults: 200,
      Filters: filters,
      NextToken: token,
    });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    for (const { SessionId: sessionId, Owner: opener, StartDate } of page.Sessions ?? [])
      if (sessionId !== undefined && opener !== undefined)
        sessions.push({ sessionId, owner: opener, startedAt: StartDate?.getTime() });
    if (!page.NextToken) return sessions;
    token = page.NextToken;
  }
}
