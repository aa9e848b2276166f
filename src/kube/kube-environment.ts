import type { Environment } from '../host.ts';

/**
 * What kubectl, helm and their like would take from the environment before the kubeconfig, or beside it: with one
 * of these a command could go to another cluster, or as somebody else.
 * https://helm.sh/docs/helm/helm/ (HELM_KUBE*), https://kubernetes.io/docs/reference/kubectl/ (KUBERNETES_*)
 */
const elsewhere =
  /^(KUBE_?CONTEXT|KUBECTL_CONTEXT|HELM_KUBE\w*|HELM_NAMESPACE|KUBERNETES_(SERVICE_HOST|SERVICE_PORT|MASTER|EXEC_INFO))$/;

/** The environment of a program that is to use this kubeconfig and no other. */
export function kubeEnvironment(
  env: Environment,
  { kubeconfig, environment }: { readonly kubeconfig: string; readonly environment: string | undefined },
): Environment {
  const own = Object.entries(env).filter(([name]) => !elsewhere.test(name.toUpperCase()));
  return {
    ...Object.fromEntries(own),
    KUBECONFIG: kubeconfig,
    ...(environment !== undefined && { FORGE_ENV: environment }),
  };
}
