import type { PathRule, ResourceRule } from './access-policies.ts';
import { isAllowed, rulesOf } from './authorize.ts';
import { at, type JsonMap, type KubernetesObject, textAt } from './json.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import { badRequest } from './status.ts';

/** Answers that a user gets about themself: who am I, may I, what may I. Undefined: no review of that name. */
export function reviewOf(
  group: string,
  version: string,
  resource: string,
): ((user: KubernetesUser, review: JsonMap) => KubernetesObject) | undefined {
  const key = `${group}/${version}/${resource}`;
  return Object.hasOwn(reviews, key) ? reviews[key] : undefined;
}

const reviews: Readonly<Record<string, (user: KubernetesUser, review: JsonMap) => KubernetesObject>> = {
  'authentication.k8s.io/v1/selfsubjectreviews': whoAmI,
  'authorization.k8s.io/v1/selfsubjectaccessreviews': mayI,
  'authorization.k8s.io/v1/selfsubjectrulesreviews': whatMayI,
};

function whoAmI(user: KubernetesUser): KubernetesObject {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    status: {
      userInfo: {
        username: user.username,
        ...(user.uid === '' ? {} : { uid: user.uid }),
        groups: [...new Set([...user.groups, 'system:authenticated'])],
        ...(Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
      },
    },
  };
}

function mayI(user: KubernetesUser, review: JsonMap): KubernetesObject {
  const resource = at(review, 'spec', 'resourceAttributes');
  const path = at(review, 'spec', 'nonResourceAttributes');
  if ((resource === undefined) === (path === undefined)) {
    throw badRequest('spec must have exactly one of resourceAttributes and nonResourceAttributes');
  }
  const allowed =
    resource === undefined
      ? isAllowed(user, { type: 'path', verb: textAt(path, 'verb'), path: textAt(path, 'path') })
      : isAllowed(user, {
          type: 'resource',
          verb: textAt(resource, 'verb'),
          group: textAt(resource, 'group'),
          namespace: textAt(resource, 'namespace'),
          resource: textAt(resource, 'resource'),
          name: textAt(resource, 'name'),
          subresource: textAt(resource, 'subresource'),
        });
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: at(review, 'spec') ?? {},
    status: { allowed },
  };
}

function whatMayI(user: KubernetesUser, review: JsonMap): KubernetesObject {
  const namespace = textAt(review, 'spec', 'namespace');
  if (namespace === '') throw badRequest('no namespace on request');
  const rules = rulesOf(user, namespace);
  return {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: {},
    status: {
      resourceRules: rules
        .filter((rule): rule is ResourceRule => 'resources' in rule)
        .map(({ verbs, groups, resources }) => ({ verbs, apiGroups: groups, resources })),
      nonResourceRules: rules
        .filter((rule): rule is PathRule => 'paths' in rule)
        .map(({ verbs, paths }) => ({ verbs, nonResourceURLs: paths })),
      incomplete: false,
    },
  };
}
