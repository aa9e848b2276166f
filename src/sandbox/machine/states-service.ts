import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation, JsonRequest, JsonService } from '../aws/json-service.ts';
import { stateMachineArn } from '../break-glass/arns.ts';
import { integerField, pageOf, requiredText, requirePermission, textField } from '../ssm/fields.ts';
import { mostBytes } from './asl/run-execution.ts';
import { type Execution, longestName } from './executions.ts';

/** From: Step Functions API Reference, StartExecution: the same name twice is one execution, or refused. */
const startExecution: JsonOperation = (request) => {
  const { world, fields } = request;
  ownMachine(request, 'StartExecution');
  const name = requiredText(fields, 'name', longestName);
  if (!/^[A-Za-z0-9_-]+$/.test(name)) throw new AwsFailure('InvalidName', 400, `Invalid Name: '${name}'`);
  const input = textField(fields, 'input') ?? '{}';
  if (Buffer.byteLength(input) > mostBytes)
    throw new AwsFailure('InvalidExecutionInput', 400, 'The input is longer than 262144 bytes.');
  try {
    JSON.parse(input);
  } catch {
    throw new AwsFailure(
      'InvalidExecutionInput',
      400,
      'Invalid State Machine Execution Input: it is not JSON',
    );
  }
  const execution = world.machine.executions.start(name, input);
  if (execution === 'exists') {
    throw new AwsFailure('ExecutionAlreadyExists', 400, `Execution Already Exists: '${arnOf(name)}'`);
  }
  request.noteResponse({ executionArn: execution.arn });
  return { executionArn: execution.arn, startDate: execution.startedAt / 1_000 };
};

const stopExecution: JsonOperation = (request) => {
  const { world, fields } = request;
  const execution = ownExecution(request, 'StopExecution');
  const [error, cause] = [textField(fields, 'error'), textField(fields, 'cause')];
  world.machine.executions.stop(execution.arn, error, cause);
  return { stopDate: (execution.stoppedAt ?? world.now()) / 1_000 };
};

const describeExecution: JsonOperation = (request) => {
  const execution = ownExecution(request, 'DescribeExecution');
  const { input, output, error, cause } = execution;
  return {
    ...listed(execution),
    input,
    ...(execution.status === 'SUCCEEDED' ? { output: JSON.stringify(output ?? null) } : {}),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  };
};

const statuses = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'];

const listExecutions: JsonOperation = (request) => {
  const { world, fields } = request;
  ownMachine(request, 'ListExecutions');
  const status = textField(fields, 'statusFilter');
  if (status !== undefined && !statuses.includes(status))
    throw new AwsFailure('ValidationException', 400, `statusFilter must be one of ${statuses.join(', ')}`);
  const size = integerField(fields, 'maxResults', { min: 0, max: 1_000, default: 100 }) || 100;
  const all = world.machine.executions
    .all()
    .filter((entry) => status === undefined || entry.status === status);
  const token = textField(fields, 'nextToken');
  const { items, next } = pageOf(
    { ...request, fields: token === undefined ? {} : { NextToken: token } },
    all,
    `executions:${status ?? ''}`,
    size,
  );
  return { executions: items.map(listed), ...(next === undefined ? {} : { nextToken: next }) };
};

/** JSON 1.0: https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html */
export const statesService: JsonService = {
  name: 'states',
  target: 'AWSStepFunctions',
  version: '1.0',
  operations: {
    StartExecution: startExecution,
    StopExecution: stopExecution,
    DescribeExecution: describeExecution,
    ListExecutions: listExecutions,
  },
};

const arnOf = (name: string): string => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

function ownMachine(request: JsonRequest, action: string): void {
  const arn = requiredText(request.fields, 'stateMachineArn', 256);
  request.note({ stateMachineArn: arn, name: textField(request.fields, 'name') });
  requirePermission(request, `states:${action}`, arn);
  if (arn !== stateMachineArn)
    throw new AwsFailure('StateMachineDoesNotExist', 400, `State Machine Does Not Exist: '${arn}'`);
}

function ownExecution(request: JsonRequest, action: string): Execution {
  const arn = requiredText(request.fields, 'executionArn', 256);
  request.note({ executionArn: arn });
  requirePermission(request, `states:${action}`, arn);
  const found = request.world.machine.executions.find(arn);
  if (found === undefined)
    throw new AwsFailure('ExecutionDoesNotExist', 400, `Execution Does Not Exist: '${arn}'`);
  return found;
}

function listed({ arn, name, status, startedAt, stoppedAt }: Execution): object {
  return {
    executionArn: arn,
    stateMachineArn,
    name,
    status,
    startDate: startedAt / 1_000,
    ...(stoppedAt === undefined ? {} : { stopDate: stoppedAt / 1_000 }),
  };
}
