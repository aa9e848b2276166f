import { expect, it } from 'vitest';
import { kubeEnvironment } from '../../src/kube/kube-environment.ts';

const given = { kubeconfig: '/own/kubeconfig', environment: 'dev', cache: undefined };

it.each([
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'KUBERNETES_SERVICE_PORT_HTTPS',
  'KUBERNETES_MASTER',
  'KUBERNETES_EXEC_INFO',
  'HELM_KUBEAPISERVER',
  'HELM_KUBEASGROUPS',
  'HELM_KUBEASUSER',
  'HELM_KUBECAFILE',
  'HELM_KUBECONTEXT',
  'HELM_KUBEINSECURE_SKIP_TLS_VERIFY',
  'HELM_KUBETLS_SERVER_NAME',
  'HELM_KUBETOKEN',
  'HELM_NAMESPACE',
  'KUBE_CONFIG_PATH',
  'KUBE_CONFIG_PATHS',
  'KUBE_CTX',
  'KUBE_CTX_CLUSTER',
  'KUBE_HOST',
  'KUBE_TOKEN',
  'KUBE_PROXY_URL',
  'KUBE_CLUSTER_CA_CERT_DATA',
  'K8S_AUTH_KUBECONFIG',
  'K8S_AUTH_CONTEXT',
  'FORGE_KUBE_TOKEN_KEY',
  'helm_kubecontext',
])('%s would lead elsewhere', (name) => {
  expect(kubeEnvironment({ [name]: 'x' }, given)).toEqual({
    KUBECONFIG: '/own/kubeconfig',
    FORGE_ENV: 'dev',
  });
});

it.each([
  'KUBE_EDITOR',
  'KUBECTL_EXTERNAL_DIFF',
  'KUBECTL_COMMAND_HEADERS',
  'KUBERC',
  'K9S_CONFIG_DIR',
  'HELM_CACHE_HOME',
  'HELM_PLUGINS',
  'HTTPS_PROXY',
  'PATH',
])('%s stays', (name) => {
  expect(kubeEnvironment({ [name]: 'x' }, given)[name]).toBe('x');
});

it('KUBECONFIG is this one alone, also where the system takes names in any case', () => {
  expect(
    kubeEnvironment(
      { KUBECONFIG: '/a:/b', Kubeconfig: '/c' },
      { ...given, environment: undefined, cache: '/own/cache' },
    ),
  ).toEqual({
    KUBECONFIG: '/own/kubeconfig',
    KUBECACHEDIR: '/own/cache',
  });
});
