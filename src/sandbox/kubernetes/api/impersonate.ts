import type { IncomingHttpHeaders } from 'node:http';
import { mustBeAllowed } from './authorize.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import { ApiFailure } from './status.ts';

/**
 * `kubectl --as`: who is meant, once the caller is allowed to be them. EKS's access policies are a principal's and don't
 * come along: what is impersonated has what the cluster binds to its groups. Throws ApiFailure.
 */
export function impersonate(user: KubernetesUser, headers: IncomingHttpHeaders): KubernetesUser {
  const named = headers['impersonate-user'];
  const groups = [headers['impersonate-group'] ?? []].flat().flatMap((value) => value.split(', '));
  const others = Object.keys(headers).filter((name) => name.startsWith('impersonate-extra-'));
  if (named === undefined && groups.length === 0 && headers['impersonate-uid'] === undefined) return user;
  const username = [named].flat()[0];
  if (username === undefined || username === '' || others.length > 0) {
    throw new ApiFailure(
      500,
      'InternalError',
      `Internal error occurred: requested ${JSON.stringify(groups)} without impersonating a user`,
    );
  }
  const may = (resource: string, name: string, namespace = '') =>
    mustBeAllowed(user, {
      type: 'resource',
      verb: 'impersonate',
      group: '',
      namespace,
      resource,
      name,
      subresource: '',
    });
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace !== undefined && account !== undefined) may('serviceaccounts', account, namespace);
  else may('users', username);
  for (const group of groups) may('groups', group);
  return { username, uid: '', groups, extra: {}, policies: [] };
}
