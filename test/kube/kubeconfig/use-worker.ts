/** Run as a process of its own, also under strace: writes one cluster's entry into KUBECONFIG. */
import { systemHost } from '../../../src/host.ts';
import { changeKubeconfigs } from '../../../src/kube/kubeconfig/change-kubeconfigs.ts';
import { planUse } from '../../../src/kube/kubeconfig/plan-use.ts';

const [, , name = ''] = process.argv;
const arn = `arn:aws:eks:us-east-1:111111111111:cluster/${name}`;
const entry = {
  cluster: { name: arn, server: `https://${name}.example`, certificateAuthority: 'LS0t' },
  user: {
    name: `${arn}@Dev`,
    exec: { command: 'forge', args: ['kube', 'token'], env: {}, interactiveMode: 'Never', installHint: 'x' },
  },
  context: { name, extension: { environment: name, production: false, role: 'Dev' } },
} as const;
try {
  await changeKubeconfigs(systemHost(), (files) =>
    planUse(files, [entry], { makeCurrent: true, explicit: false }),
  );
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
