import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePolicy } from '../../src/breakglass/protocol/policy.ts';
import { parsePolicy } from '../../src/iam/parse-policy.ts';
import type { DeployedRule, Deployment } from '../../src/infra/deployment.ts';
import { fillTemplate, type TemplateNames } from '../../src/lib/fill-template.ts';
import { asJsonObject } from '../../src/lib/json-object.ts';
import { offlineUserName } from '../../src/sandbox/break-glass/arns.ts';
import { accessNames, productionNames } from '../../src/sandbox/break-glass/policy-names.ts';
import { handlerPolicy } from '../../src/sandbox/machine/handler-policy.ts';
import { seedOrganisation } from '../../src/sandbox/seed.ts';
import { accessAccount, productionAccounts, region } from '../../src/sandbox/seed-accounts.ts';
import { taggedDatabases } from '../../src/sandbox/seed-databases.ts';
import { sessionDocuments } from '../../src/sandbox/ssm/own-documents.ts';

const modules = join(import.meta.dirname, '..', '..', 'infra', 'modules');
const readTemplate = (path: string): unknown => JSON.parse(readFileSync(join(modules, path), 'utf8'));

/** What the sandbox is made of, as if somebody had deployed it: the same that a plan is judged by. */
export function sandboxDeployment(archiveHash: string): Deployment {
  const organisation = seedOrganisation();
  const mine = new Set([accessAccount, ...productionAccounts.map(({ id }) => id)]);
  const bounded = (arn: string | undefined) => arn?.split('/').at(-1);
  return {
    kind: 'state',
    permissionSets: organisation.permissionSets.map(
      ({ name, sessionSeconds, policies, bounded: isBounded }) => ({
        name,
        sessionMinutes: sessionSeconds / 60,
        policies,
        unknown: [],
        boundary: isBounded ? 'ForgeBreakGlassRevocations' : undefined,
      }),
    ),
    groups: new Map(organisation.groups.map(({ name, id }) => [name, id])),
    // The sandbox's administrators administer its access account too, which is no environment of forge.yaml.
    assignments: organisation.assignments
      .filter(({ account, permissionSet }) => account !== accessAccount || permissionSet !== 'Forge-Admin')
      .map(({ principalType, principal, permissionSet, account }) => ({
        group: principalType === 'USER' ? `user ${principal}` : principal,
        permissionSet,
        account,
      })),
    membershipsOf: [],
    roles: organisation.roles
      .filter(({ account, path }) => mine.has(account) && !path.startsWith('/aws-reserved/'))
      .map(({ account, name, path, trust, boundary, maxSessionSeconds, policies }) => ({
        account,
        name,
        path,
        trust,
        boundary: bounded(boundary),
        maxSessionMinutes: maxSessionSeconds / 60,
        policies,
        unknown: [],
      })),
    users: organisation.users
      .filter(({ name }) => name === offlineUserName)
      .map(({ account, name, path, policies }) => ({
        account,
        name,
        path: path ?? '/',
        policies,
        unknown: [],
        keys: 0,
      })),
    managedPolicies: [...organisation.customerPolicies.values()].flatMap(({ arn, versions }) => {
      const [first] = versions;
      const [, account = '', name = ''] = /iam::(\d{12}):policy\/forge\/(.+)$/.exec(arn) ?? [];
      return first ? [{ account, name, document: first.document }] : [];
    }),
    buckets: organisation.buckets.map(({ account, name, policy, objectLock }) => ({
      account,
      name,
      policy,
      versioned: true,
      lock: objectLock,
      closed: true,
      forceDestroy: false,
      expiresAfterDays: undefined,
    })),
    bucketsTakenAway: [],
    functions: (['recorder', 'revoker', 'sweeper', 'exporter'] as const).map((name) => ({
      name: `forge-breakglass-${name}`,
      handler: `index.${name}`,
      role: `forge-breakglass-${name}`,
      codeHash: archiveHash,
      environment: {
        FORGE_INTAKE: `forge-breakglass-intake-${accessAccount}`,
        FORGE_ARCHIVE: `forge-breakglass-archive-${accessAccount}`,
        FORGE_POLICY_BUCKET: `forge-breakglass-configuration-${accessAccount}`,
      },
    })),
    rules: [
      ...['emergency-attempts', 'forwarded', 'intake', 'memberships', 'offline-user'].map((name) =>
        rule(
          accessAccount,
          name,
          fillTemplate(readTemplate(`access-account/rules/${name}.json`), accessNames),
        ),
      ),
      ...productionAccounts.flatMap((account) =>
        ['emergency-roles', 'single-sign-on'].map((name) =>
          rule(
            account.id,
            name,
            fillTemplate(readTemplate(`production-account/rules/${name}.json`), productionNames(account)),
          ),
        ),
      ),
    ],
    stateMachines: [{ name: 'forge-breakglass-session', definition: asJsonObject(workflow) }],
    schedules: [{ name: 'forge-breakglass-sweep', expression: 'rate(5 minutes)', enabled: true }],
    invokers: ['emergency-attempts', 'forwarded', 'intake', 'memberships', 'offline-user'].map((name) => ({
      address: name,
      functionName: 'forge-breakglass-recorder',
      action: 'lambda:InvokeFunction',
      principal: 'events.amazonaws.com',
      source: `arn:aws:events:${region}:${accessAccount}:rule/forge-breakglass-${name}`,
    })),
    // The sandbox has no CloudWatch: what the module makes is judged from a plan.
    alarms: [
      ...['recorder', 'revoker', 'sweeper', 'exporter'].map((name) =>
        alarm('AWS/Lambda Errors', `forge-breakglass-${name}`),
      ),
      alarm('AWS/Lambda Invocations', 'forge-breakglass-sweeper', true),
      alarm(
        'AWS/States ExecutionsFailed',
        `arn:aws:states:${region}:${accessAccount}:stateMachine:forge-breakglass-session`,
      ),
      alarm(
        'AWS/States ExecutionsAborted',
        `arn:aws:states:${region}:${accessAccount}:stateMachine:forge-breakglass-session`,
      ),
      alarm('AWS/SQS ApproximateNumberOfMessagesVisible', 'forge-breakglass-failed'),
    ],
    // The sandbox has neither queues nor topics, and its bus asks nobody: these are the templates, filled as it fills others.
    resourcePolicies: [
      ...(
        [
          ['module.access.aws_cloudwatch_event_bus_policy.break_glass', 'event-bus'],
          ['module.access.aws_secretsmanager_secret_policy.slack', 'webhook-secret'],
          ['module.access.aws_sns_topic_policy.alerts', 'alerts'],
          ['module.access.aws_sqs_queue.dead_letters', 'dead-letters'],
        ] as const
      ).map(([what, name]) =>
        resourcePolicy(accessAccount, what, `access-account/policies/${name}.json`, accessNames),
      ),
      ...productionAccounts.map((account) =>
        resourcePolicy(
          account.id,
          `module.production_${account.name}.module.forwarding.aws_sqs_queue.undelivered`,
          'production-account/policies/dead-letters.json',
          {
            ...productionNames(account),
            dead_letters: `arn:aws:sqs:${region}:${account.id}:forge-breakglass-undelivered`,
          },
        ),
      ),
    ],
    sessionDocuments: productionAccounts.flatMap(({ id }) =>
      Object.entries(sessionDocuments).map(([name, document]) => ({
        account: id,
        name,
        content: asJsonObject(document),
      })),
    ),
    databases: new Map(productionAccounts.map(({ id }) => [id, taggedDatabases(id)])),
    clusterEntries: organisation.eksClusters.flatMap(({ account, name, accessEntries }) =>
      accessEntries.map(({ principalArn }) => ({ account, cluster: name, principal: principalArn })),
    ),
    handlersPolicy: encodePolicy(handlerPolicy(organisation)),
    fromReview: new Set(),
    placeholders: [],
    notKnown: [],
  };
}

const workflow = fillTemplate(
  readTemplate('access-account/workflow.asl.json'),
  Object.fromEntries(
    ['recorder', 'revoker', 'exporter'].map((name) => [
      name,
      `arn:aws:lambda:${region}:${accessAccount}:function:forge-breakglass-${name}`,
    ]),
  ),
);

const alarm = (metric: string, of: string, missingIsBad = false) => ({
  name: `${metric} ${of}`,
  metric,
  of: [of],
  missingIsBad,
  tells: true,
});

const resourcePolicy = (account: string, what: string, template: string, names: TemplateNames) => ({
  ...{ account, what },
  document: parsePolicy(JSON.stringify(fillTemplate(readTemplate(template), names)), 'resource'),
});

const rule = (account: string, name: string, pattern: unknown): DeployedRule => ({
  account,
  name: `forge-breakglass-${name}`,
  pattern: asJsonObject(pattern),
  enabled: true,
  region: undefined,
  targets: 1,
});
