import type { IncomingMessage } from 'node:http';
import type { EksCluster } from '../organisation.ts';
import type { IssuedKeys } from '../principal.ts';
import type { World } from '../world.ts';
import type { KubernetesUser } from './api/kubernetes-user.ts';
import { ApiFailure, unauthorized } from './api/status.ts';

export type Admission =
  | { readonly kind: 'user'; readonly user: KubernetesUser }
  /** Open to everybody. */
  | { readonly kind: 'health' }
  | { readonly kind: 'refused'; readonly failure: ApiFailure };

/** The only paths that EKS answers without a token. Source: EKS User Guide, "Kubernetes versions", 1.32. */
const healthPaths = ['/healthz', '/livez', '/readyz'];

/** Who sends this request to the cluster; each time, since keys and access entries may have gone since the last. */
export function admitRequest(world: World, cluster: EksCluster, request: IncomingMessage): Admission {
  const path = request.url?.split('?')[0] ?? '/';
  const { authorization } = request.headers;
  if (authorization === undefined && healthPaths.includes(path)) return { kind: 'health' };
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  const verdict =
    token === undefined
      ? ({ ok: false, reason: 'there is no bearer token', keys: undefined } as const)
      : world.authenticateToken(cluster, token);
  const impersonated = verdict.ok ? impersonation(request) : undefined;
  record(world, cluster, request, path, verdict.keys, {
    username: verdict.ok ? verdict.user.username : undefined,
    code: verdict.ok ? impersonated && 'Forbidden' : 'Unauthorized',
    reason: verdict.ok ? impersonated : verdict.reason,
  });
  if (!verdict.ok) return { kind: 'refused', failure: unauthorized() };
  if (impersonated === undefined) return { kind: 'user', user: verdict.user };
  const message = `users "${impersonated}" is forbidden: User "${verdict.user.username}" cannot impersonate resource "users" in API group "" at the cluster scope`;
  return { kind: 'refused', failure: new ApiFailure(403, 'Forbidden', message) };
}

/** `kubectl --as`: nobody may, rather than that what was asked is done in one's own name. */
function impersonation({ headers }: IncomingMessage): string | undefined {
  const [name, value] = Object.entries(headers).find(([header]) => header.startsWith('impersonate-')) ?? [];
  return name === undefined ? undefined : String(value);
}

function record(
  world: World,
  cluster: EksCluster,
  request: IncomingMessage,
  path: string,
  keys: IssuedKeys | undefined,
  outcome: {
    readonly username: string | undefined;
    readonly code: string | undefined;
    readonly reason: string | undefined;
  },
): void {
  world.events.record({
    service: 'eks-auth',
    name: 'Authenticate',
    account: cluster.account,
    principal: keys?.principal.arn,
    accessKeyId: keys?.accessKeyId,
    sourceIdentity: keys?.principal.kind === 'role' ? keys.principal.sourceIdentity : undefined,
    userAgent: request.headers['user-agent'],
    // The query is left out: a command line of exec stands in it.
    parameters: { cluster: cluster.name, method: request.method, path, username: outcome.username },
    errorCode: outcome.code,
    errorMessage: outcome.reason,
  });
}
