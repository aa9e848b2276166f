import type { ClusterRequest } from '../cluster-request.ts';

/**
 * One way into one cluster, as a kubeconfig says it in three lists.
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
export interface KubeEntry {
  readonly cluster: {
    /** The cluster's ARN, as the AWS CLI names it: both tools mean, and update, the same entry. */
    readonly name: string;
    /** `https://…` */
    readonly server: string;
    /** Base64 of PEM. */
    readonly certificateAuthority: string;
    /** The name that the certificate must hold, where `server` is a tunnel's address. */
    readonly tlsServerName?: string | undefined;
  };
  readonly user: { readonly name: string; readonly exec: KubeExec };
  readonly context: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly extension: ForgeExtension;
  };
}

/** The credential plugin. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins */
export interface KubeExec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interactiveMode: 'Never' | 'IfAvailable';
  readonly installHint: string;
}

/** What forge notes at a context of its own; kubectl keeps it and does not look. */
export interface ForgeExtension {
  readonly environment: string | undefined;
  readonly production: boolean;
  readonly role: string | undefined;
}

export const extensionName = 'forge.tapp.dev';

/** Words that a person reads in a prompt before every command: production is to be seen there. */
export function contextName({ name, production }: Pick<ClusterRequest, 'name' | 'production'>): string {
  return production ? `production:${name}` : name;
}

/** The `cluster` value of a kubeconfig. */
export function clusterValue({ cluster }: KubeEntry): Record<string, unknown> {
  return {
    'certificate-authority-data': cluster.certificateAuthority,
    server: cluster.server,
    ...(cluster.tlsServerName !== undefined && { 'tls-server-name': cluster.tlsServerName }),
  };
}

/** The `user` value of a kubeconfig. v1beta1: every client of today takes it, those of old too. */
export function userValue({ user }: KubeEntry): Record<string, unknown> {
  const { command, args, env, interactiveMode, installHint } = user.exec;
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command,
      args,
      env: variables.length === 0 ? null : variables,
      interactiveMode,
      installHint,
      provideClusterInfo: false,
    },
  };
}

/** The `context` value of a kubeconfig. */
export function contextValue({ cluster, user, context }: KubeEntry): Record<string, unknown> {
  const { environment, production, role } = context.extension;
  return {
    cluster: cluster.name,
    user: user.name,
    ...(context.namespace !== undefined && { namespace: context.namespace }),
    extensions: [{ name: extensionName, extension: { environment, production, role } }],
  };
}

/** A whole kubeconfig with this entry alone. */
export function standaloneKubeconfig(entry: KubeEntry): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: entry.cluster.name, cluster: clusterValue(entry) }],
    users: [{ name: entry.user.name, user: userValue(entry) }],
    contexts: [{ name: entry.context.name, context: contextValue(entry) }],
    'current-context': entry.context.name,
    preferences: {},
  };
}
