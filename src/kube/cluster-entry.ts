import { realpathSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { personalConfigPath } from '../config/find-config.ts';
import { ForgeError } from '../errors.ts';
import { findProgram } from '../files/find-program.ts';
import type { Host } from '../host.ts';
import { parseCallerArn } from '../identity/caller-arn.ts';
import type { RoleCredentials } from '../identity/role-credentials.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { contextName, type KubeEntry } from './kubeconfig/kube-entry.ts';
import type { ClusterLocation } from './locate-cluster.ts';

export interface EntryOptions {
  /** --context */
  readonly context?: string | undefined;
  /** kubectl may open a sign-in. */
  readonly login?: boolean | undefined;
  /** --profile */
  readonly profile: string | undefined;
}

/** What a kubeconfig gets for a cluster that somebody reached with these keys. */
export function clusterEntry(
  host: Host,
  config: Config,
  request: ClusterRequest,
  located: { readonly credentials: RoleCredentials; readonly location: ClusterLocation },
  options: EntryOptions,
): KubeEntry & { readonly role: string } {
  const { location, credentials } = located;
  const role = options.profile ?? roleName(credentials);
  const arn = location.arn ?? request.cluster;
  const login = options.login === true;
  return {
    role,
    cluster: {
      name: arn,
      server: location.server,
      certificateAuthority: location.certificateAuthority,
    },
    user: {
      name: `${arn}@${role}`,
      exec: {
        ...forgeCommand(host, [
          'kube',
          'token',
          ...tokenWords(request),
          ...(options.profile === undefined ? [] : ['--profile', options.profile]),
          ...configWords(host, config, request),
          ...(login ? ['--login'] : []),
        ]),
        env: {},
        interactiveMode: login ? 'IfAvailable' : 'Never',
        installHint: 'forge gives the tokens for this cluster. Install it: npm install --global @tapp/forge',
      },
    },
    context: {
      name: options.context ?? contextName(request),
      namespace: request.namespace,
      extension: { environment: request.environment?.name, production: request.production, role },
    },
  };
}

/** For the names of users: the permission set, or the last role of a chain, or the IAM user. */
function roleName({ callerArn }: RoleCredentials): string {
  const caller = callerArn === undefined ? undefined : parseCallerArn(callerArn);
  return caller?.permissionSet ?? caller?.name ?? 'ambient';
}

/**
 * The environment and the name in EKS, which outlive a new name in forge.yaml; the target's own name where two of
 * the environment's clusters are one in EKS, with a role each.
 */
function tokenWords({ environment, cluster, region, words }: ClusterRequest): readonly string[] {
  if (environment === undefined) return ['--cluster', cluster, '--region', region];
  const same = [...environment.clusters.values()].filter((entry) => entry.cluster === cluster);
  if (same.length > 1 && words.length === 1) return words;
  return [
    '--environment',
    environment.name,
    '--cluster',
    cluster,
    ...(region === environment.region ? [] : ['--region', region]),
  ];
}

/** kubectl runs anywhere: the configuration is named unless it is found from everywhere. */
function configWords(
  host: Pick<Host, 'directories'>,
  { files }: Config,
  { environment }: ClusterRequest,
): readonly string[] {
  const [file] = files;
  if (environment === undefined || file === undefined || file === personalConfigPath(host)) return [];
  return ['--config', file];
}

/** `forge` where that name means this very program; else this program by its path. */
function forgeCommand(
  host: Pick<Host, 'env' | 'platform' | 'program'>,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  const { node, script } = host.program;
  const installed = findProgram(host, 'forge');
  if (installed !== undefined && samePath(installed, script)) return { command: 'forge', args };
  return { command: node, args: [script, ...args] };
}

function samePath(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

/** --context: what kubectl, and a prompt that shows it, can stand. Throws usage INVALID_CONTEXT. */
export function parseContextName(name: string): string {
  if (name.trim() === name && name !== '' && name.length <= 253 && !/\p{C}|\p{Zl}|\p{Zp}/u.test(name))
    return name;
  throw new ForgeError('usage', `${JSON.stringify(name)} can't be the name of a context.`, {
    code: 'INVALID_CONTEXT',
    hint: 'Up to 253 characters, none of them invisible.',
  });
}
