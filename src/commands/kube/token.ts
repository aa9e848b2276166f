import { defineCommand } from '../../command.ts';
import type { Secret } from '../../lib/secret.ts';
import {
  type ClusterOptions,
  clusterArgument,
  clusterConfig,
  clusterOption,
  clusterRequest,
} from './cluster-options.ts';

interface TokenOptions extends ClusterOptions {
  readonly environment?: string;
  readonly login?: boolean;
  readonly socket?: string;
}

export default defineCommand<TokenOptions>({
  description:
    'Prints a token for the API of an EKS cluster as kubectl asks a credential plugin for it, and nothing else.',
  arguments: [clusterArgument],
  options: [
    { flags: '--environment <name>', description: 'the same as --env, as kubeconfigs spell it' },
    clusterOption,
    {
      flags: '--login',
      description: 'sign in on the spot when the sign-in has ended and a terminal is there',
    },
    { flags: '--socket <path>', description: 'ask the forge kube exec or proxy that listens there' },
    { flags: '--reason <text>', description: 'why; it is recorded with your name' },
  ],
  textOnly: true,
  examples: [
    ['forge kube token dev', 'for the cluster of the environment dev'],
    [
      'forge kube token --cluster dev-eks-cluster --region us-east-1',
      'without forge.yaml: keys from AWS_ACCESS_KEY_ID or --profile, as aws eks get-token',
    ],
  ],
  details: `kubectl runs this by itself: forge kube use writes it into the kubeconfig. The token is signed here, lasts 14 minutes,
and works for that cluster alone. What KUBERNETES_EXEC_INFO asks for, v1 or v1beta1, is answered. It never asks
anything, unless --login is given: a question would land in the middle of kubectl's output.`,
  async run(context, { args, options }) {
    const { parseExecInfo, encodeExecCredential } = await import('../../kube/exec-credential.ts');
    const { clusterAccess, signClusterToken } = await import('../../kube/cluster-access.ts');
    const info = parseExecInfo(context.host.env.KUBERNETES_EXEC_INFO);
    const show = ({ token, expiresAt }: { readonly token: Secret; readonly expiresAt: number }) =>
      context.output.raw(`${encodeExecCredential(info.apiVersion, token, expiresAt)}\n`);
    if (options.socket !== undefined) {
      const { fetchToken } = await import('../../kube/token-client.ts');
      return show(await fetchToken(context.host, options.socket));
    }
    const environment = context.globals.env ?? options.environment;
    const config = await clusterConfig(context, args[0], options, environment);
    const request = clusterRequest(context, config, args[0], options, environment);
    const access = clusterAccess(request, {
      purpose: 'kube token',
      reason: options.reason,
      profile: context.globals.profile,
      momentary: true,
    });
    if (context.globals.plan) {
      const { planClusterToken } = await import('../../kube/plan-cluster.ts');
      return context.output.plan(planClusterToken(config, request, access));
    }
    const { identityParts } = await import('../../identity/identity-parts.ts');
    const { observeAws } = await import('../../identity/observe-aws.ts');
    const { withAccess } = await import('../../access/with-access.ts');
    const mayAsk = options.login === true && info.interactive !== false && context.prompt.possible;
    const prompt = { ...context.prompt, possible: mayAsk };
    const parts = { ...observeAws(identityParts({ ...context, prompt })), config };
    await show(await withAccess(parts, access, (granted) => signClusterToken(parts, granted, request)));
  },
});
