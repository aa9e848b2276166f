import type { Invocation, InvocationStatus, SentCommand } from './command-store.ts';

/** What a command and its invocations look like in replies. */
export type CommandStatus = InvocationStatus | 'Cancelling';

const ended: ReadonlySet<InvocationStatus> = new Set([
  'Success',
  'Failed',
  'TimedOut',
  'Cancelled',
  'Undeliverable',
  'Terminated',
]);

export function isOver(invocation: Invocation): boolean {
  return ended.has(invocation.status);
}

export function describeCommand(command: SentCommand): object {
  const done = command.invocations.filter(isOver);
  const failed = done.filter(({ status }) => status === 'Failed' || status === 'TimedOut');
  const status = statusOf(command);
  return {
    CommandId: command.id,
    DocumentName: command.document,
    DocumentVersion: '$DEFAULT',
    Comment: command.comment,
    ExpiresAfter: command.requestedAt / 1000 + command.timeoutSeconds,
    Parameters: command.parameters,
    InstanceIds: command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: command.requestedAt / 1000,
    Status: status,
    StatusDetails: status,
    OutputS3Region: command.region,
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: command.invocations.length,
    CompletedCount: done.length,
    ErrorCount: failed.length,
    DeliveryTimedOutCount: 0,
    ServiceRole: '',
    TimeoutSeconds: command.timeoutSeconds,
  };
}

function statusOf(command: SentCommand): CommandStatus {
  const { invocations } = command;
  if (!invocations.every(isOver)) {
    if (command.cancelled) return 'Cancelling';
    return invocations.every(({ status }) => status === 'Pending') && invocations.length > 0
      ? 'Pending'
      : 'InProgress';
  }
  if (command.cancelled) return 'Cancelled';
  for (const status of ['TimedOut', 'Failed', 'Terminated'] as const) {
    if (invocations.some((invocation) => invocation.status === status)) return status;
  }
  return 'Success';
}

/** AWS cuts what it keeps of the output. */
const longestOutput = { standard: 24_000, error: 8_000, inList: 2_500 };

/** What GetCommandInvocation answers. */
export function describeInvocation(command: SentCommand, invocation: Invocation): object {
  const time = (value: number | undefined) => (value === undefined ? '' : new Date(value).toISOString());
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.document,
    DocumentVersion: '$DEFAULT',
    PluginName: pluginName,
    ResponseCode: invocation.exitCode,
    ExecutionStartDateTime: time(invocation.startedAt),
    ExecutionElapsedTime: elapsed(invocation),
    ExecutionEndDateTime: time(invocation.endedAt),
    Status: invocation.status,
    StatusDetails: invocation.status,
    StandardOutputContent: isOver(invocation) ? cut(invocation.stdout, longestOutput.standard) : '',
    StandardOutputUrl: '',
    StandardErrorContent: isOver(invocation) ? cut(invocation.stderr, longestOutput.error) : '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  };
}

/** What ListCommandInvocations answers of each; the output with Details only, and shorter. */
export function listedInvocation(command: SentCommand, invocation: Invocation, details: boolean): object {
  const { status } = invocation;
  const error = invocation.stderr === '' ? '' : `\n----------ERROR-------\n${invocation.stderr}`;
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    InstanceName: invocation.instanceName,
    Comment: command.comment,
    DocumentName: command.document,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: command.requestedAt / 1000,
    Status: status,
    StatusDetails: status,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: details
      ? [
          {
            Name: pluginName,
            Status: status,
            StatusDetails: status,
            ResponseCode: invocation.exitCode,
            ...(invocation.startedAt === undefined
              ? {}
              : { ResponseStartDateTime: invocation.startedAt / 1000 }),
            ...(invocation.endedAt === undefined
              ? {}
              : { ResponseFinishDateTime: invocation.endedAt / 1000 }),
            Output: isOver(invocation) ? cut(invocation.stdout + error, longestOutput.inList) : '',
            StandardOutputUrl: '',
            StandardErrorUrl: '',
            OutputS3Region: command.region,
            OutputS3BucketName: '',
            OutputS3KeyPrefix: '',
          },
        ]
      : [],
    ServiceRole: '',
  };
}

const pluginName = 'aws:runShellScript';

function elapsed({ startedAt, endedAt }: Invocation): string {
  return startedAt === undefined || endedAt === undefined ? '' : `PT${(endedAt - startedAt) / 1000}S`;
}

function cut(text: string, most: number): string {
  const mark = '\n---Output truncated---';
  return text.length <= most ? text : text.slice(0, most - mark.length) + mark;
}
