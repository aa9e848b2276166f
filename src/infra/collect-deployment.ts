import { asJsonObject } from '../lib/json-object.ts';
import { collectAlarms } from './collect-alarms.ts';
import { collectBuckets } from './collect-buckets.ts';
import {
  collectFunctions,
  collectHandlersPolicy,
  collectInvokers,
  collectResourcePolicies,
  collectRules,
  collectSchedules,
  collectStateMachines,
} from './collect-machinery.ts';
import { collectAssignments, collectSets, type Gaps, groupName, knownGroups } from './collect-people.ts';
import { collectClusterEntries, collectDatabases } from './collect-reached.ts';
import { type AccountOf, collectRoles, collectUsers } from './collect-roles.ts';
import { collectSessionDocuments } from './collect-session-documents.ts';
import type { Deployment } from './deployment.ts';
import { environmentIdentifier } from './environment-identifier.ts';
import { parseDocument } from './parse-document.ts';
import { findPlaceholders } from './placeholders.ts';
import type { PlanDocument, PlanResource } from './plan-document.ts';
import { indexResources, type PlanResources, textOf } from './plan-resources.ts';
import { filledIn, readReview } from './review.ts';

/** What is judged, out of a plan or a state. Pure. */
export function collectDeployment(document: PlanDocument): Deployment {
  const review = readReview(document.outputs.get('review'));
  const known = knownGroups(document.resources);
  const groups = new Map([...review.groupIds, ...known]);
  const fromReview = new Set<string>();
  const accountOf = accountsByModule(document);
  const access = accountOf(nowhere);
  const resources = indexResources({
    ...document,
    resources: document.resources.map((resource) =>
      accountOf(resource) === access ? filledIn(resource, review, known, fromReview) : resource,
    ),
  });
  const gaps: Gaps = { notKnown: [] };
  const permissionSets = collectSets(resources, gaps);
  const roles = collectRoles(resources, accountOf, gaps);
  return {
    kind: document.kind,
    permissionSets,
    groups,
    assignments: collectAssignments(resources, permissionSets, groups, gaps),
    membershipsOf: collectMemberships(resources, groups),
    roles,
    users: collectUsers(resources, accountOf, gaps),
    managedPolicies: resources.ofType('aws_iam_policy').flatMap((resource) => {
      const text = textOf(resource, 'policy');
      const [policy] = text === undefined ? [] : parseDocument(text, resource.address, gaps);
      const name = textOf(resource, 'name');
      return policy === undefined || name === undefined
        ? []
        : [{ account: accountOf(resource), name, document: policy }];
    }),
    buckets: collectBuckets(resources, accountOf, gaps),
    bucketsTakenAway: document.deletions
      .filter(({ type, before }) => /^aws_s3_bucket(?:_|$)/.test(type) && isOfForge(before.bucket))
      .map(({ address }) => address),
    functions: collectFunctions(resources),
    rules: collectRules(resources, accountOf, gaps),
    stateMachines: collectStateMachines(resources),
    schedules: collectSchedules(resources),
    invokers: collectInvokers(resources),
    alarms: collectAlarms(resources),
    resourcePolicies: collectResourcePolicies(resources, accountOf, gaps),
    databases: collectDatabases(document.outputs.get('reached'), environmentAccounts(document)),
    clusterEntries: collectClusterEntries(resources, accountOf, roles),
    sessionDocuments: collectSessionDocuments(resources, accountOf),
    handlersPolicy: collectHandlersPolicy(resources),
    fromReview,
    placeholders: findPlaceholders(document.resources),
    notKnown: gaps.notKnown,
  };
}

function collectMemberships(
  resources: PlanResources,
  groups: ReadonlyMap<string, string>,
): readonly string[] {
  const nameOf = new Map([...groups].map(([name, id]) => [id, name]));
  return resources.ofType('aws_identitystore_group_membership').map((resource) => {
    const id = textOf(resource, 'group_id');
    if (id !== undefined) return nameOf.get(id) ?? id;
    return groupName(resources.target(resource, 'group_id', ['aws_identitystore_group'])) ?? resource.address;
  });
}

/**
 * A state has ARNs. A plan's module of production is called after its environment (output `forge` says which account that is);
 * all else is the access account's.
 */
function accountsByModule({ outputs }: PlanDocument): AccountOf {
  const forge = asJsonObject(outputs.get('forge')) ?? {};
  const environments = Object.entries(asJsonObject(forge.environments) ?? {}).map(([name, value]) => ({
    words: [plainWord(name), plainWord(environmentIdentifier(name))],
    account: String(asJsonObject(value)?.account ?? ''),
  }));
  const access = String(asJsonObject(forge.break_glass)?.account ?? '');
  return (resource: PlanResource) => {
    const [, own] = /^arn:aws[a-z-]*:[a-z]+:[a-z0-9-]*:(\d{12}):/.exec(textOf(resource, 'arn') ?? '') ?? [];
    if (own !== undefined) return own;
    // `module.clusters_prod-wealth[0]` is the environment's too.
    const module = plainWord(
      resource.module
        .split('.')
        .slice(0, 2)
        .join('.')
        .replace(/\[\d+\]$/, ''),
    );
    const [found] = environments
      .flatMap(({ words, account }) => words.map((word) => ({ word, account })))
      .filter(({ word }) => module.endsWith(`_${word}`))
      .sort((one, other) => other.word.length - one.word.length);
    return found?.account ?? access;
  };
}

/** The name that every bucket of break-glass has, and that policies keep others from; a state may have its ARN. */
const isOfForge = (bucket: unknown): boolean =>
  typeof bucket === 'string' && /^(?:arn:aws[a-z-]*:s3:::)?forge-breakglass-/.test(bucket);

/** Environment → its account, as the output `forge` says. */
function environmentAccounts({ outputs }: PlanDocument): (environment: string) => string | undefined {
  const environments = asJsonObject(asJsonObject(outputs.get('forge'))?.environments) ?? {};
  return (name) => {
    const account = asJsonObject(environments[name])?.account;
    return typeof account === 'string' ? account : undefined;
  };
}

/** No module of production: what is there is the access account's. */
const nowhere: PlanResource = { address: '', module: '', type: '', name: '', index: undefined, values: {} };

/** `module.production["prod-wealth"]` and `module.production_prod_wealth` both end with `_prod_wealth`. */
const plainWord = (text: string): string =>
  text
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/_$/, '')
    .toLowerCase();
