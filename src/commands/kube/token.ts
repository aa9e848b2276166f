import { withAccess } from '../../access/with-access.ts';
import type { CommandDefinition, CommandInput } from '../../command.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import { observeAws } from '../../identity/observe-aws.ts';
import { clusterAccess, type SignedToken, signClusterToken } from '../../kube/cluster-access.ts';
import { encodeExecCredential, parseExecInfo } from '../../kube/exec-credential.ts';
import { lateOutput } from '../../terminal/late-output.ts';
import { refusingPrompt } from '../../terminal/refusing-prompt.ts';
import { type ClusterOptions, clusterArgument, clusterOption, clusterRequest } from './cluster-options.ts';

/** What of a Context it takes. */
export type TokenContext = Pick<Context, 'host' | 'globals' | 'config'>;

export interface TokenOptions extends ClusterOptions {
  readonly environment?: string;
  readonly login?: boolean;
  readonly socket?: string;
}

interface TokenCommand extends CommandDefinition<TokenOptions> {
  run(context: TokenContext, input: CommandInput<TokenOptions>): Promise<void>;
}

const command: TokenCommand = {
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
and works for that cluster alone. What KUBERNETES_EXEC_INFO asks for, v1 or v1beta1, is answered. It asks nothing and reads
nothing; a failure is one line on stderr, for kubectl to show. With --login it opens the browser, or shows a code, where
stderr is a terminal, and goes on.`,
  run: (context, { args, options }) => giveToken(context, args[0], options),
};

export default command;

/** Works with less than a Context: what talks to people is loaded when there is something to say. */
async function giveToken(
  context: TokenContext,
  target: string | undefined,
  options: TokenOptions,
): Promise<void> {
  const { host, globals } = context;
  const apiVersion = parseExecInfo(host.env.KUBERNETES_EXEC_INFO);
  const output = lateOutput(host, globals);
  const show = ({ token, expiresAt }: SignedToken) =>
    output.raw(`${encodeExecCredential(apiVersion, token, expiresAt)}\n`);
  if (options.socket !== undefined) {
    const { fetchToken } = await import('../../kube/token-client.ts');
    return show(await fetchToken(host, options.socket));
  }
  const environment = wantedEnvironment(globals.env, options.environment);
  const config = await tokenConfig(context, target, options, environment);
  const request = clusterRequest(context, config, target, options, environment);
  const access = clusterAccess(request, {
    purpose: 'kube token',
    reason: options.reason,
    profile: globals.profile,
    momentary: true,
  });
  if (globals.plan) {
    const { planClusterToken } = await import('../../kube/plan-cluster.ts');
    const { createOutput } = await import('../../terminal/output.ts');
    return createOutput(host, { ...globals, format: undefined }).plan(
      planClusterToken(config, request, access),
    );
  }
  const parts = { ...observeAws(identityParts({ host, output, prompt: refusingPrompt, globals })), config };
  const get = () => withAccess(parts, access, (granted) => signClusterToken(parts, granted, request));
  try {
    await show(await get().catch((error: unknown) => signInAndRetry(error, context, config, options, get)));
  } finally {
    await output.said();
  }
}

/** By flags alone it must work, and fast, where forge.yaml does not, as aws eks get-token: in a container, in a script. */
async function tokenConfig(
  context: TokenContext,
  target: string | undefined,
  { cluster }: TokenOptions,
  environment: string | undefined,
): Promise<Config> {
  if (target !== undefined || cluster === undefined || environment !== undefined) return context.config();
  const { emptyConfig } = await import('../../config/build-config.ts');
  return emptyConfig;
}

/** The kubeconfig's word and the global option are one thing; two that differ are nobody's wish. */
function wantedEnvironment(global: string | undefined, own: string | undefined): string | undefined {
  if (global === undefined || own === undefined || global === own) return global ?? own;
  throw new ForgeError('usage', `--env says ${global}, but --environment says ${own}.`, {
    code: 'ENVIRONMENT_CONFLICT',
    hint: 'Leave one of them out.',
  });
}

/**
 * With --login nothing is asked and nothing read, so that it does not matter whose stdin is: a browser is opened, or
 * a code shown, on the terminal that is there to see it.
 */
async function signInAndRetry(
  error: unknown,
  { host, globals }: TokenContext,
  config: Config,
  { login }: TokenOptions,
  retry: () => Promise<SignedToken>,
): Promise<SignedToken> {
  const ended = error instanceof ForgeError && error.code === 'SIGNED_OUT';
  const wanted = login === true && globals.profile === undefined && globals.input;
  if (!ended || !wanted || config.signIn === undefined || host.stderr.isTTY !== true) throw error;
  const { createOutput } = await import('../../terminal/output.ts');
  const { signInOnce } = await import('../../identity/sign-in-once.ts');
  const output = createOutput(host, { ...globals, format: undefined });
  const parts = identityParts({ host, output, prompt: refusingPrompt, globals });
  const prompt = { possible: true };
  await signInOnce({ host, output, prompt, aws: await parts.aws() }, config.signIn);
  return retry();
}
