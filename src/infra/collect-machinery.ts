import { asJsonObject, parseJsonObject } from '../lib/json-object.ts';
import { parseResourceDocument } from './collect-buckets.ts';
import type { Gaps } from './collect-people.ts';
import type { AccountOf } from './collect-roles.ts';
import type {
  DeployedFunction,
  DeployedInvoker,
  DeployedResourcePolicy,
  DeployedRule,
  Deployment,
} from './deployment.ts';
import type { PlanResource } from './plan-document.ts';
import { blocksOf, type PlanResources, textOf } from './plan-resources.ts';

export function collectFunctions(resources: PlanResources): readonly DeployedFunction[] {
  return resources.ofType('aws_lambda_function').map((resource) => {
    const [environment] = blocksOf(resource.values, 'environment');
    const variables = asJsonObject(environment?.variables);
    const role = textOf(resource, 'role');
    const target = role === undefined ? resources.target(resource, 'role', ['aws_iam_role']) : undefined;
    return {
      name: textOf(resource, 'function_name') ?? resource.address,
      handler: textOf(resource, 'handler') ?? '',
      role: role?.split('/').at(-1) ?? (target && textOf(target, 'name')),
      codeHash: textOf(resource, 'source_code_hash'),
      environment:
        variables &&
        Object.fromEntries(
          Object.entries(variables).filter(
            (entry): entry is [string, string] => typeof entry[1] === 'string',
          ),
        ),
    };
  });
}

export const collectInvokers = (resources: PlanResources): readonly DeployedInvoker[] => [
  ...resources.ofType('aws_lambda_permission').map((resource) => ({
    address: resource.address,
    functionName:
      textOf(resource, 'function_name')?.split(':function:').at(-1)?.split(':')[0] ??
      functionNameOf(resources.target(resource, 'function_name', ['aws_lambda_function'])),
    action: textOf(resource, 'action') ?? 'lambda:*',
    principal: textOf(resource, 'principal') ?? '*',
    source: textOf(resource, 'source_arn'),
  })),
  // An address on the Internet is nobody in particular.
  ...resources.ofType('aws_lambda_function_url').map((resource) => ({
    address: resource.address,
    functionName:
      textOf(resource, 'function_name')?.split(':function:').at(-1) ??
      functionNameOf(resources.target(resource, 'function_name', ['aws_lambda_function'])),
    action: 'lambda:InvokeFunctionUrl',
    principal: '*',
    source: undefined,
  })),
];

const functionNameOf = (resource: PlanResource | undefined): string | undefined =>
  resource && textOf(resource, 'function_name');

export function collectRules(
  resources: PlanResources,
  accountOf: AccountOf,
  gaps: Gaps,
): readonly DeployedRule[] {
  const targets = resources.ofType('aws_cloudwatch_event_target').map((target) => ({
    target,
    rule:
      resources.target(target, 'rule', ['aws_cloudwatch_event_rule'])?.address ??
      `${target.module} ${textOf(target, 'rule')}`,
  }));
  return resources.ofType('aws_cloudwatch_event_rule').map((rule) => {
    const name = textOf(rule, 'name') ?? rule.address;
    const text = textOf(rule, 'event_pattern');
    if (text === undefined && rule.values.schedule_expression === undefined) {
      gaps.notKnown.push(`the pattern of ${rule.address}`);
    }
    return {
      account: accountOf(rule),
      name,
      pattern: text === undefined ? undefined : parseJsonObject(text),
      enabled: rule.values.state === undefined || String(rule.values.state).startsWith('ENABLED'),
      region: textOf(rule, 'region'),
      targets: targets.filter(
        (entry) => entry.rule === rule.address || entry.rule === `${rule.module} ${name}`,
      ).length,
    };
  });
}

export function collectSchedules(resources: PlanResources): Deployment['schedules'] {
  return resources.ofType('aws_scheduler_schedule').map((resource) => ({
    name: textOf(resource, 'name') ?? resource.address,
    expression: textOf(resource, 'schedule_expression') ?? '',
    enabled: (textOf(resource, 'state') ?? 'ENABLED') === 'ENABLED',
  }));
}

export function collectStateMachines(resources: PlanResources): Deployment['stateMachines'] {
  return resources.ofType('aws_sfn_state_machine').map((resource) => ({
    name: textOf(resource, 'name') ?? resource.address,
    definition: parseJsonObject(textOf(resource, 'definition') ?? ''),
  }));
}

const policyTypes: Readonly<Record<string, string>> = {
  aws_sns_topic_policy: 'policy',
  aws_sqs_queue_policy: 'policy',
  aws_sqs_queue: 'policy',
  aws_sns_topic: 'policy',
  aws_cloudwatch_event_bus_policy: 'policy',
  aws_secretsmanager_secret_policy: 'policy',
  aws_kms_key: 'policy',
  aws_kms_key_policy: 'policy',
};

/** Resources of their own for the policy of another, and how they name it. */
const policyOwners: Readonly<Record<string, readonly [attribute: string, type: string]>> = {
  aws_sns_topic_policy: ['arn', 'aws_sns_topic'],
  aws_sqs_queue_policy: ['queue_url', 'aws_sqs_queue'],
  aws_kms_key_policy: ['key_id', 'aws_kms_key'],
};

export function collectResourcePolicies(
  resources: PlanResources,
  accountOf: AccountOf,
  gaps: Gaps,
): readonly DeployedResourcePolicy[] {
  // After apply a state still has the policy that AWS first gave them, which is no longer theirs.
  const replaced = new Set(
    Object.entries(policyOwners).flatMap(([type, [attribute, owner]]) =>
      resources.ofType(type).map((resource) => resources.target(resource, attribute, [owner])),
    ),
  );
  return Object.entries(policyTypes).flatMap(([type, attribute]) =>
    resources.ofType(type).flatMap((resource) => {
      const text = textOf(resource, attribute);
      if (replaced.has(resource)) return [];
      if (text === undefined || text === '') {
        if (type.endsWith('_policy')) gaps.notKnown.push(`the policy of ${resource.address}`);
        return [];
      }
      const document = parseResourceDocument(text, resource.address, gaps);
      return document === undefined
        ? []
        : [{ account: accountOf(resource), what: resource.address, document }];
    }),
  );
}

/** What is written for the functions: JSON, or undefined where it is not known. */
export const collectHandlersPolicy = (resources: PlanResources): string | undefined =>
  resources
    .ofType('aws_s3_object')
    .filter((resource) => textOf(resource, 'key')?.startsWith('policy/') !== false)
    .map((resource) => textOf(resource, 'content'))
    .find((text) => text !== undefined);
