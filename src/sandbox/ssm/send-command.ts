import { randomUUID } from 'node:crypto';
import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation, JsonRequest } from '../aws/json-service.ts';
import { type Instance, instanceArn } from '../organisation.ts';
import type { SentCommand } from './command-store.ts';
import { describeCommand } from './describe-command.ts';
import {
  checkLength,
  integerField,
  invalid,
  ownInstances,
  parametersField,
  requiredText,
  requirePermission,
  structures,
  tagContext,
  textField,
  textList,
} from './fields.ts';
import { invalidParameters } from './session-documents.ts';

/** The Command documents that instances here can run. */
export const shellDocument = 'AWS-RunShellScript';
export const powerShellDocument = 'AWS-RunPowerShellScript';
const runDefaults: Readonly<Record<string, readonly string[]>> = {
  workingDirectory: [''],
  executionTimeout: ['3600'],
};

/** From: Systems Manager API Reference, SendCommand; User Guide, "Run commands at scale". */
export const sendCommand: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const document = requiredText(fields, 'DocumentName', 200);
  const comment = textField(fields, 'Comment') ?? '';
  checkLength('Comment', comment, 0, 100);
  const instanceIds = textList(fields, 'InstanceIds') ?? [];
  const targets = structures(fields, 'Targets').map((entry) => ({
    Key: requiredText(entry, 'Key', 163),
    Values: textList(entry, 'Values') ?? [],
  }));
  request.note({ documentName: document, instanceIds, comment });
  if (instanceIds.length > 50) throw tooLong('instanceIds', 50);
  if (targets.length > 5) throw tooLong('targets', 5);
  const parameters = readParameters(document, parametersField(fields, 'Parameters'));
  const instances = choose(request, instanceIds, targets);
  requirePermission(request, 'ssm:SendCommand', `arn:aws:ssm:${region}::document/${document}`);
  for (const instance of instances) {
    requirePermission(request, 'ssm:SendCommand', instanceArn(instance), tagContext(instance));
  }
  const command: SentCommand = {
    id: randomUUID(),
    account: caller.principal.account,
    region,
    document,
    parameters,
    comment,
    instanceIds,
    targets,
    maxConcurrency: limit(fields, 'MaxConcurrency', '50', /^([1-9]\d{0,6}|[1-9]\d?%|100%)$/),
    maxErrors: limit(fields, 'MaxErrors', '0', /^([1-9]\d{0,6}|0|\d{1,2}%|100%)$/),
    requestedAt: world.now(),
    timeoutSeconds: integerField(fields, 'TimeoutSeconds', { min: 30, max: 2_592_000, default: 3_600 }),
    cancelled: false,
    invocations: instances.map((instance) => ({
      instanceId: instance.id,
      instanceName: instance.privateDns,
      status: 'Pending',
      startedAt: undefined,
      endedAt: undefined,
      exitCode: -1,
      stdout: '',
      stderr: '',
    })),
  };
  request.note({ documentName: document, instanceIds, comment, commandId: command.id });
  world.ssm.commands.add(command);
  world.ssm.commands.runner?.run(command, instances, world.now);
  return { Command: describeCommand(command) };
};

function readParameters(
  document: string,
  given: ReadonlyMap<string, readonly string[]>,
): Readonly<Record<string, readonly string[]>> {
  if (document !== shellDocument && document !== powerShellDocument) {
    throw new AwsFailure('InvalidDocument', 400, `Document with name ${document} does not exist.`);
  }
  for (const name of given.keys()) {
    if (name !== 'commands' && !Object.hasOwn(runDefaults, name)) {
      throw invalidParameters(`Parameter "${name}" is not defined in the document ${document}.`);
    }
  }
  const commands = given.get('commands');
  if (commands === undefined || commands.length === 0) {
    throw invalidParameters('Parameter "commands" requires a value.');
  }
  const values = { ...runDefaults, ...Object.fromEntries(given) };
  if (
    !/^([1-9]\d{0,4}|1[0-6]\d{4}|17[01]\d{3}|172[0-7]\d{2}|172800)$/.test(values.executionTimeout?.[0] ?? '')
  ) {
    throw invalidParameters('Parameter "executionTimeout" does not match its allowed pattern.');
  }
  return values;
}

/** By id all must be there and online; by tag those that are online are taken. */
function choose(
  request: JsonRequest,
  instanceIds: readonly string[],
  targets: SentCommand['targets'],
): readonly Instance[] {
  const mine = ownInstances(request);
  if (instanceIds.length > 0 && targets.length > 0) {
    throw invalid('InstanceIds and Targets cannot be used together.');
  }
  if (instanceIds.length === 0 && targets.length === 0) {
    throw new AwsFailure('InvalidInstanceId', 400, 'No instances or targets were specified.');
  }
  const byId = (ids: readonly string[]) =>
    [...new Set(ids)].map((id) => {
      const found = mine.find((instance) => instance.id === id);
      if (found === undefined || !found.online) {
        throw new AwsFailure(
          'InvalidInstanceId',
          400,
          `Instances [[${id}]] not in a valid state for account`,
        );
      }
      return found;
    });
  if (instanceIds.length > 0) return byId(instanceIds);
  const ids = targets.find((target) => target.Key === 'InstanceIds');
  if (ids !== undefined) {
    if (targets.length > 1) throw invalid('InstanceIds cannot be combined with tags.');
    return byId(ids.Values);
  }
  for (const { Key } of targets) {
    if (!Key.startsWith('tag:') && Key !== 'tag-key') {
      throw new AwsFailure('InvalidTarget', 400, `The target key ${Key} is not valid.`);
    }
  }
  return mine.filter(
    (instance) =>
      instance.online &&
      targets.every(({ Key, Values }) =>
        Key === 'tag-key'
          ? Values.some((key) => key in instance.tags)
          : Values.includes(instance.tags[Key.slice(4)] ?? '\0'),
      ),
  );
}

function limit(fields: JsonRequest['fields'], name: string, fallback: string, pattern: RegExp): string {
  const value = textField(fields, name) ?? fallback;
  if (pattern.test(value)) return value;
  throw invalid(
    `Value '${value}' at '${(name[0] ?? '').toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`,
  );
}

function tooLong(name: string, most: number): AwsFailure {
  return invalid(
    `Value at '${name}' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
  );
}
