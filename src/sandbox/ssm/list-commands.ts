import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation, JsonRequest } from '../aws/json-service.ts';
import { instanceArn } from '../organisation.ts';
import type { SentCommand } from './command-store.ts';
import { describeCommand, describeInvocation, isOver, listedInvocation } from './describe-command.ts';
import {
  integerField,
  pageOf,
  requiredText,
  requirePermission,
  structures,
  textField,
  textList,
} from './fields.ts';

/** From: Systems Manager API Reference. An invocation is there a moment after SendCommand, as with AWS. */
const invisibleMs = 200;

export const getCommandInvocation: JsonOperation = (request) => {
  const { world, fields } = request;
  const id = requiredText(fields, 'CommandId', 36);
  const instanceId = requiredText(fields, 'InstanceId', 124);
  request.note({ commandId: id, instanceId });
  allow(request, 'ssm:GetCommandInvocation');
  const command = findOwn(request, id);
  const invocation = command?.invocations.find((entry) => entry.instanceId === instanceId);
  if (command === undefined || invocation === undefined || world.now() - command.requestedAt < invisibleMs) {
    throw new AwsFailure('InvocationDoesNotExist', 400, '');
  }
  return describeInvocation(command, invocation);
};

export const listCommandInvocations: JsonOperation = (request) => {
  const { fields } = request;
  const id = textField(fields, 'CommandId');
  const instanceId = textField(fields, 'InstanceId');
  const details = fields.Details === true;
  request.note({ commandId: id, instanceId });
  allow(request, 'ssm:ListCommandInvocations');
  if (id !== undefined && findOwn(request, id) === undefined) throw unknownCommand(id);
  const filters = structures(fields, 'Filters').map((entry) => ({
    key: textField(entry, 'key') ?? '',
    value: textField(entry, 'value') ?? '',
  }));
  const found = own(request)
    .filter((command) => id === undefined || command.id === id)
    .flatMap((command) => command.invocations.map((invocation) => ({ command, invocation })))
    .filter(
      ({ command, invocation }) =>
        (instanceId === undefined || invocation.instanceId === instanceId) &&
        filters.every(({ key, value }) => {
          if (key === 'Status') return invocation.status === value;
          if (key === 'DocumentName') return command.document === value;
          throw new AwsFailure('InvalidFilterKey', 400, `The specified key '${key}' is not valid.`);
        }),
    );
  const size = integerField(fields, 'MaxResults', { min: 1, max: 50, default: 50 });
  const { items, next } = pageOf(request, found, `invocations:${id}:${instanceId}`, size);
  return {
    CommandInvocations: items.map(({ command, invocation }) =>
      listedInvocation(command, invocation, details),
    ),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

export const listCommands: JsonOperation = (request) => {
  const { fields } = request;
  const id = textField(fields, 'CommandId');
  const instanceId = textField(fields, 'InstanceId');
  allow(request, 'ssm:ListCommands');
  const found = own(request).filter(
    (command) =>
      (id === undefined || command.id === id) &&
      (instanceId === undefined || command.invocations.some((entry) => entry.instanceId === instanceId)),
  );
  if (id !== undefined && found.length === 0) throw unknownCommand(id);
  const size = integerField(fields, 'MaxResults', { min: 1, max: 50, default: 50 });
  const { items, next } = pageOf(request, found.reverse(), `commands:${id}:${instanceId}`, size);
  return { Commands: items.map(describeCommand), ...(next === undefined ? {} : { NextToken: next }) };
};

export const cancelCommand: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const id = requiredText(fields, 'CommandId', 36);
  const wanted = textList(fields, 'InstanceIds');
  request.note({ commandId: id });
  const command = findOwn(request, id);
  const { account } = caller.principal;
  for (const instance of wanted ?? command?.invocations.map((entry) => entry.instanceId) ?? ['*']) {
    requirePermission(request, 'ssm:CancelCommand', instanceArn({ id: instance, account, region }));
  }
  if (command === undefined) throw unknownCommand(id);
  const open = command.invocations.filter(
    (entry) => !isOver(entry) && (wanted === undefined || wanted.includes(entry.instanceId)),
  );
  if (wanted === undefined) command.cancelled = true;
  world.ssm.commands.runner?.cancel(open, world.now);
  return {};
};

function allow(request: JsonRequest, action: string): void {
  requirePermission(request, action, `arn:aws:ssm:${request.region}:${request.caller.principal.account}:*`);
}

function own({ world, caller, region }: JsonRequest): SentCommand[] {
  return world.ssm.commands
    .all()
    .filter((command) => command.account === caller.principal.account && command.region === region);
}

function findOwn(request: JsonRequest, id: string): SentCommand | undefined {
  const command = request.world.ssm.commands.find(id);
  return command?.account === request.caller.principal.account && command.region === request.region
    ? command
    : undefined;
}

function unknownCommand(id: string): AwsFailure {
  return new AwsFailure('InvalidCommandId', 400, `The command ${id} does not exist.`);
}
