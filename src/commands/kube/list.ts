import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { Kubeconfig } from '../../kube/kubeconfig/parse-kubeconfig.ts';
import { renderTable } from '../../terminal/table.ts';

export default defineCommand({
  description:
    'Lists the clusters that forge.yaml names, and which contexts of your kubeconfig lead there. No AWS call.',
  examples: [
    ['forge kube list', 'of all environments; * marks the current context'],
    ['forge kube list --env dev --output json', 'of one, for a script'],
  ],
  details: 'Clusters that only the kubeconfig has, from forge kube use --all, come last.',
  async run(context) {
    const { globals, output } = context;
    const config = await context.config();
    if (globals.plan) {
      return output.plan({
        summary: 'List the clusters of forge.yaml and of the kubeconfig.',
        steps: [
          { kind: 'local', what: 'read forge.yaml' },
          { kind: 'local', what: 'read the kubeconfig (KUBECONFIG, else ~/.kube/config)' },
        ],
        equivalents: ['kubectl config get-contexts'],
      });
    }
    const { environmentNamed } = await import('../../targets/resolve-environment.ts');
    const { listClusters } = await import('../../kube/list-clusters.ts');
    const { effectiveCurrent } = await import('../../kube/kubeconfig/forge-contexts.ts');
    const environment =
      globals.env === undefined
        ? undefined
        : environmentNamed(config, globals.env, '--env: there is no environment');
    const files = await readable(context);
    const rows = listClusters(config, files, { environment, current: effectiveCurrent(files) });
    output.result({
      data: rows,
      text: (style) =>
        renderTable(
          [
            {
              title: 'TARGET',
              value: (row) => row.target ?? '',
              tone: (row) => (row.production ? 'danger' : 'bold'),
            },
            { title: 'CLUSTER', value: (row) => row.cluster },
            { title: 'ENVIRONMENT', value: (row) => row.environment ?? '', minor: true },
            { title: 'ACCOUNT', value: (row) => row.account ?? '', minor: true },
            { title: 'REGION', value: (row) => row.region ?? '', minor: true },
            { title: '', value: (row) => (row.current ? '*' : '') },
            { title: 'CONTEXT', value: (row) => row.contexts.join(', ') },
            { title: '', value: (row) => (row.production ? 'production' : ''), tone: () => 'danger' },
          ],
          rows,
          style,
        ),
    });
    if (rows.length === 0) {
      output.note(
        config.files.length === 0
          ? 'There is no forge.yaml here: forge config init writes one.'
          : `${environment?.name ?? 'forge.yaml'} names no clusters; what AWS has: forge kube use --all --print`,
      );
    }
  },
});

/** What the kubeconfig lacks does not keep anybody from seeing forge.yaml. */
async function readable({ host, output }: Context): Promise<readonly Kubeconfig[]> {
  const { readKubeconfigs } = await import('../../kube/kubeconfig/read-kubeconfigs.ts');
  try {
    return (await readKubeconfigs(host)).files;
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    output.warn(`Without contexts: ${error.message}`);
    return [];
  }
}
