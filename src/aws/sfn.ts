import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';

/** Whose keys call which state machine. */
export interface WorkflowCaller {
  readonly aws: Aws;
  readonly region: string;
  readonly keys: SigningKeys;
  readonly stateMachineArn: string;
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface ListedExecution {
  readonly arn: string;
  readonly name: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/**
 * False: an execution of this name was started before, within 90 days. IAM action states:StartExecution.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export async function startExecution(caller: WorkflowCaller, name: string, input: unknown): Promise<boolean> {
  const { stateMachineArn } = caller;
  const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
  try {
    await send(caller, 'StartExecution', name, (client, options) => client.send(command, options));
    return true;
  } catch (error) {
    if (awsErrorName(error) === 'ExecutionAlreadyExists') return false;
    throw error;
  }
}

/** Newest first, all of one status. IAM action states:ListExecutions. */
export async function* listExecutions(
  caller: WorkflowCaller,
  statusFilter: ExecutionStatus,
): AsyncGenerator<readonly ListedExecution[], void, undefined> {
  const { stateMachineArn } = caller;
  for (let nextToken: string | undefined; ; ) {
    const command = new ListExecutionsCommand({
      stateMachineArn,
      statusFilter,
      maxResults: 1_000,
      nextToken,
    });
    const page = await send(caller, 'ListExecutions', stateMachineArn, (client, options) =>
      client.send(command, options),
    );
    yield (page.executions ?? []).flatMap(({ executionArn: arn, name, startDate }) =>
      arn === undefined || name === undefined ? [] : [{ arn, name, startedAt: startDate?.getTime() ?? 0 }],
    );
    if (!page.nextToken) return;
    nextToken = page.nextToken;
  }
}

/** The JSON that an execution was started with. IAM action states:DescribeExecution. */
export async function executionInput(caller: WorkflowCaller, executionArn: string): Promise<unknown> {
  const { input } = await send(caller, 'DescribeExecution', executionArn, (client, options) =>
    client.send(new DescribeExecutionCommand({ executionArn }), options),
  );
  return JSON.parse(input ?? 'null') as unknown;
}

function send<Output extends { readonly $metadata: object }>(
  { aws, region, keys }: WorkflowCaller,
  operation: string,
  resource: string,
  run: (client: SFNClient, options: { abortSignal: AbortSignal }) => Promise<Output>,
): Promise<Output> {
  const client = new SFNClient(aws.clientConfig('sfn', region, keys));
  const call: AwsCall = { service: 'sfn', operation, region, action: `states:${operation}`, resource };
  return callAws(aws, call, (options) => run(client, options));
}
