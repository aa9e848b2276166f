import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** The most instances that one SendCommand names. */
export const mostInstancesPerCommand = 50;

export interface CommandOrder {
  readonly document: string;
  readonly instanceIds: readonly string[];
  readonly commands: readonly string[];
  /** 100 characters at most; shown in the history of Run Command. */
  readonly comment: string | undefined;
  readonly maxConcurrency: number;
  readonly maxErrors: number;
}

/** How far a command has come on one instance. */
export interface Invocation {
  readonly instanceId: string;
  /** `Pending`, `InProgress`, `Delayed`, `Cancelling`, or how it ended. */
  readonly status: string;
  /** Why: `DeliveryTimedOut`, `Undeliverable`, … */
  readonly details: string;
  readonly ended: boolean;
}

/** What a command gave on one instance: AWS keeps 24 000 characters of stdout and 8 000 of stderr. */
export interface InvocationOutput {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What is there of one of them is as much as AWS keeps, or says itself that there was more. */
  readonly truncated: boolean;
}

const endings: ReadonlySet<string> = new Set(['Success', 'Cancelled', 'TimedOut', 'Failed']);

/**
 * The command's id. IAM action ssm:SendCommand, on the document and on each instance. AWS knows no repetition of the
 * same order: one attempt, for one that was answered too late would run everything a second time.
 */
export async function sendCommand(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  order: CommandOrder,
): Promise<string> {
  const client = new SSMClient({ ...aws.clientConfig('ssm', region, keys), maxAttempts: 1 });
  const call = { ...callOf('SendCommand', region), resource: order.document };
  const command = new SendCommandCommand({
    DocumentName: order.document,
    InstanceIds: [...order.instanceIds],
    Parameters: { commands: [...order.commands] },
    MaxConcurrency: String(order.maxConcurrency),
    MaxErrors: String(order.maxErrors),
    ...(order.comment !== undefined && { Comment: order.comment.slice(0, 100) }),
  });
  const { Command: sent } = await callAws(aws, call, (options) => client.send(command, options));
  if (!sent?.CommandId) throw incompleteReply('ssm SendCommand', 'command id');
  return sent.CommandId;
}

/** All instances that the command has reached so far. IAM action ssm:ListCommandInvocations. */
export async function listInvocations(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  commandId: string,
): Promise<readonly Invocation[]> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const found: Invocation[] = [];
  let token: string | undefined;
  do {
    const command = new ListCommandInvocationsCommand({
      CommandId: commandId,
      MaxResults: 50,
      ...(token && { NextToken: token }),
    });
    const page = await callAws(aws, callOf('ListCommandInvocations', region), (options) =>
      client.send(command, options),
    );
    for (const {
      InstanceId: instanceId,
      Status: status = '',
      StatusDetails: details = '',
    } of page.CommandInvocations ?? []) {
      if (instanceId) found.push({ instanceId, status, details, ended: endings.has(status) });
    }
    token = page.NextToken || undefined;
  } while (token !== undefined);
  return found;
}

/** Whether the command as a whole is over: then no further instance will get it. IAM action ssm:ListCommands. */
export async function commandHasEnded(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  commandId: string,
): Promise<boolean> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const command = new ListCommandsCommand({ CommandId: commandId });
  const { Commands: commands } = await callAws(aws, callOf('ListCommands', region), (options) =>
    client.send(command, options),
  );
  return endings.has(commands?.[0]?.Status ?? '');
}

/** IAM action ssm:GetCommandInvocation. Undefined: AWS does not know of it on this instance (yet). */
export async function findInvocationOutput(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  commandId: string,
  instanceId: string,
): Promise<InvocationOutput | undefined> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const command = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId });
  const call = { ...callOf('GetCommandInvocation', region), resource: instanceId };
  try {
    const found = await callAws(aws, call, (options) => client.send(command, options));
    const code = found.ResponseCode;
    const { StandardOutputContent: stdout = '', StandardErrorContent: stderr = '' } = found;
    return {
      // -1: it did not run there.
      exitCode: code === undefined || code < 0 ? undefined : code,
      stdout,
      stderr,
      truncated: isCut(stdout, 24_000) || isCut(stderr, 8_000),
    };
  } catch (error) {
    if (awsErrorName(error) === 'InvocationDoesNotExist') return undefined;
    throw error;
  }
}

/** The agent cuts at its own limits, and says so in the last line. */
function isCut(text: string, most: number): boolean {
  return text.length >= most || /-+(?:Output|Error) truncated-+\s*$/i.test(text.slice(-100));
}

/** Asks AWS to stop it where it has not ended yet. IAM action ssm:CancelCommand. */
export async function cancelCommand(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  commandId: string,
): Promise<void> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const command = new CancelCommandCommand({ CommandId: commandId });
  await callAws(aws, callOf('CancelCommand', region), (options) => client.send(command, options));
}

function callOf(operation: string, region: string) {
  return { service: 'ssm', operation, region, action: `ssm:${operation}` } as const;
}
