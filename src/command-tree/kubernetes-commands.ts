import type { CommandGroup } from './command-group.ts';

export const kubernetesCommands: CommandGroup = {
  title: 'Kubernetes',
  entries: [
    {
      path: 'kube use',
      summary: 'write a cluster into your kubeconfig, for kubectl and helm',
      load: () => import('../commands/kube/use.ts'),
    },
    {
      path: 'kube list',
      summary: 'clusters that you can name, and their contexts',
      load: () => import('../commands/kube/list.ts'),
    },
    {
      path: 'kube exec',
      summary: 'run kubectl, helm or k9s with a kubeconfig of its own',
      load: () => import('../commands/kube/exec.ts'),
    },
    {
      path: 'kube proxy',
      summary: 'keep a way to a cluster open, and print its KUBECONFIG',
      load: () => import('../commands/kube/proxy.ts'),
    },
    {
      path: 'kube token',
      summary: 'print a token for a cluster, as kubectl asks for it',
      load: () => import('../commands/kube/token.ts'),
    },
    {
      path: 'kube remove',
      summary: 'take what forge wrote out of your kubeconfig',
      load: () => import('../commands/kube/remove.ts'),
    },
  ],
};
