import {
  accessPolicies,
  groupRules,
  type PathRule,
  type ResourceRule,
  type Rule,
} from './access-policies.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import type { PathRequest, ResourceRequest } from './request-info.ts';
import { ApiFailure, qualified } from './status.ts';

/** What authorisation needs to know of a request. */
export type Attributes = Omit<ResourceRequest, 'version'> | PathRequest;

/** The rules that are in force for a user in a namespace; empty: for what has none, and for all of them at once. */
export function rulesOf(user: KubernetesUser, namespace: string): readonly Rule[] {
  const granted = user.policies.flatMap(({ policy, namespaces }) => {
    const rules = accessPolicies[policy];
    if (namespaces === undefined) return rules;
    const inScope = namespace !== '' && namespaces.some((pattern) => matches(pattern, namespace));
    return inScope ? rules.filter((rule) => 'resources' in rule) : [];
  });
  const groups = [...user.groups, 'system:authenticated'];
  return [
    ...groups.flatMap((group) => (Object.hasOwn(groupRules, group) ? (groupRules[group] ?? []) : [])),
    ...granted,
  ];
}

export function isAllowed(user: KubernetesUser, attributes: Attributes): boolean {
  if (attributes.type === 'path') {
    return rulesOf(user, '').some((rule) => 'paths' in rule && pathAllowed(rule, attributes));
  }
  return rulesOf(user, attributes.namespace).some(
    (rule) => 'resources' in rule && resourceAllowed(rule, attributes),
  );
}

/** Throws Forbidden as kube-apiserver words it. */
export function mustBeAllowed(user: KubernetesUser, attributes: Attributes): void {
  if (!isAllowed(user, attributes)) throw forbidden(user, attributes);
}

function forbidden(user: KubernetesUser, attributes: Attributes): ApiFailure {
  if (attributes.type === 'path') {
    return new ApiFailure(
      403,
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.username)} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}`,
    );
  }
  const { verb, group, namespace, resource, name, subresource } = attributes;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const what = `${qualified(resource, group)}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return new ApiFailure(
    403,
    'Forbidden',
    `${what} is forbidden: User ${JSON.stringify(user.username)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}

function resourceAllowed(rule: ResourceRule, attributes: Omit<ResourceRequest, 'version'>): boolean {
  const { resource, subresource } = attributes;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    isAmong(rule.verbs, attributes.verb) &&
    isAmong(rule.groups, attributes.group) &&
    (isAmong(rule.resources, full) || (subresource !== '' && rule.resources.includes(`*/${subresource}`)))
  );
}

function pathAllowed(rule: PathRule, { verb, path }: PathRequest): boolean {
  return (
    isAmong(rule.verbs, verb) &&
    rule.paths.some((pattern) =>
      pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern,
    )
  );
}

const isAmong = (list: readonly string[], word: string) => list.includes('*') || list.includes(word);

function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  const until = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, from);
    if (found < 0 || found + part.length > until) return false;
    from = found + part.length;
  }
  return true;
}
