import type { Environment } from '../host.ts';

/**
 * What programs would take from the environment before the kubeconfig, or beside it: with one of these a command
 * could go to another cluster or namespace, or as somebody else. kubectl itself reads nothing but KUBECONFIG and what a
 * pod has; KUBE_EDITOR, KUBECTL_EXTERNAL_DIFF, KUBERC, K9S_* and the like say how it looks, and stay.
 */
const elsewhere: readonly RegExp[] = [
  // In-cluster configuration, which is taken where a kubeconfig is thought empty; KUBERNETES_MASTER of old kubectl.
  /^KUBERNETES_(SERVICE_HOST|SERVICE_PORT\w*|MASTER|EXEC_INFO)$/,
  // https://helm.sh/docs/helm/helm/
  /^HELM_(KUBE\w+|NAMESPACE)$/,
  // Terraform's providers for Kubernetes and Helm, and their backend:
  // https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs
  /^KUBE_(CONFIG_PATHS?|CTX\w*|HOST|USER|PASSWORD|TOKEN|INSECURE|CLIENT_\w+|CLUSTER_CA_CERT_DATA|PROXY_URL)$/,
  /^KUBE_(TLS_SERVER_NAME|NAMESPACE|IN_CLUSTER_CONFIG)$/,
  // https://docs.ansible.com/ansible/latest/collections/kubernetes/core/k8s_module.html
  /^K8S_AUTH_\w+$/,
  // Of plugins and prompts that name a context of another kubeconfig.
  /^(KUBE_?CONTEXT|KUBECTL_CONTEXT|KUBECTL_NAMESPACE)$/,
  // forge's own: they are for the plugin of another run.
  /^FORGE_KUBE_TOKEN_KEY$/,
];

export interface ClusterVariables {
  readonly kubeconfig: string;
  readonly environment: string | undefined;
  /**
   * Where kubectl and helm keep what the cluster can do. They name it after host and port, which of a tunnel are another
   * cluster's tomorrow.
   */
  readonly cache: string | undefined;
}

/** The environment of a program that is to use this kubeconfig and no other. */
export function kubeEnvironment(
  env: Environment,
  { kubeconfig, environment, cache }: ClusterVariables,
): Environment {
  const own = Object.entries(env).filter(([name]) => {
    const upper = name.toUpperCase();
    return upper !== 'KUBECONFIG' && !elsewhere.some((pattern) => pattern.test(upper));
  });
  return {
    ...Object.fromEntries(own),
    KUBECONFIG: kubeconfig,
    ...(cache !== undefined && { KUBECACHEDIR: cache }),
    ...(environment !== undefined && { FORGE_ENV: environment }),
  };
}
