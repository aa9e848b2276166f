import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Access, type AccessParts, withAccess } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { openSocketFolder } from '../files/run-folder.ts';
import { observeAws } from '../identity/observe-aws.ts';
import type { InstanceTunnel } from '../ssm/instance-tunnel.ts';
import { type ClusterPurpose, lastingAccess } from './cluster-access.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { type ClusterRoute, openClusterRoute, type RouteOptions } from './cluster-route.ts';
import { contextName, standaloneKubeconfig } from './kubeconfig/kube-entry.ts';
import { type LocatedCluster, locateCluster } from './locate-cluster.ts';
import { tokenKeyVariable } from './token-client.ts';
import { socketName, startTokenServer } from './token-server.ts';
import { createTokenSigner } from './token-signer.ts';

/** A kubeconfig of its own that works for as long as it is open. */
export interface ClusterSession {
  /** Path of the kubeconfig: 0600, in a private folder; of secrets it holds the key of the token server alone. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly server: string;
  /** What it goes through; undefined: directly. */
  readonly tunnel: Pick<InstanceTunnel, 'through' | 'timeUp' | 'over'> | undefined;
}

/**
 * May I → credentials → where is it → a way there → `use` with a kubeconfig that nothing outlives: the plugin that
 * kubectl starts asks this very process for tokens. Throws what withAccess, locateCluster and openClusterRoute throw.
 */
export function withCluster<Value>(
  parts: AccessParts,
  request: ClusterRequest,
  purpose: ClusterPurpose,
  options: RouteOptions,
  use: (session: ClusterSession) => Promise<Value>,
): Promise<Value> {
  const observed = observeAws(parts);
  const { host, output } = parts;
  return withAccess(observed, lastingAccess(request, purpose), async (access) => {
    using progress = output.progress(`looking for ${request.name}`);
    const { location, route: opened } = await findWay(observed, access, request, (found) =>
      openClusterRoute(parts, request, found, purpose, options),
    );
    await using route = opened;
    await using folder = await openSocketFolder(host, 'kube', socketName);
    const sign = createTokenSigner(observed, access, request);
    await using server = await startTokenServer(host, folder.path, sign);
    const { arn = request.cluster } = location;
    const context = contextName(request);
    const entry = {
      cluster: { name: arn, ...location, server: route.server, tlsServerName: route.tlsServerName },
      user: {
        name: `${arn}@forge`,
        exec: {
          command: host.program.node,
          args: [host.program.script, 'kube', 'token', '--socket', server.path],
          env: { [tokenKeyVariable]: server.key.reveal() },
          interactiveMode: 'Never',
          installHint: 'This kubeconfig belongs to a running forge.',
        },
      },
      context: {
        name: context,
        namespace: request.namespace,
        extension: {
          environment: request.environment?.name,
          production: request.production,
          role: undefined,
        },
      },
    } as const;
    const kubeconfig = join(folder.path, 'kubeconfig');
    const text = `${JSON.stringify(standaloneKubeconfig(entry), null, 2)}\n`;
    await writeFile(kubeconfig, text, { mode: 0o600, flag: 'wx' });
    progress[Symbol.dispose]();
    return await use({ kubeconfig, context, server: route.server, tunnel: route.tunnel });
  });
}

/** A cluster that was deleted and made anew has another address and authority: then EKS is asked once more. */
async function findWay(
  parts: AccessParts,
  { credentials }: Access,
  request: ClusterRequest,
  open: (location: LocatedCluster) => Promise<ClusterRoute>,
): Promise<{ readonly location: LocatedCluster; readonly route: ClusterRoute }> {
  const location = await locateCluster(parts, credentials, request);
  try {
    return { location, route: await open(location) };
  } catch (error) {
    if (!location.remembered || !(error instanceof ForgeError) || !wrongPlaceCodes.has(error.code))
      throw error;
    const fresh = await locateCluster(parts, credentials, request, { fresh: true });
    const { server, certificateAuthority } = location;
    // Unless it was not tried with all that there is, see openClusterRoute.
    const same = fresh.server === server && fresh.certificateAuthority === certificateAuthority;
    if (same && error.code !== 'CLUSTER_CERTIFICATE') throw error;
    return { location: fresh, route: await open(fresh) };
  }
}

const wrongPlaceCodes = new Set(['CLUSTER_CERTIFICATE', 'CLUSTER_UNREACHABLE']);
