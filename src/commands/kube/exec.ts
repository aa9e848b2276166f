import { dirname, join } from 'node:path';
import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import {
  type ClusterOptions,
  clusterArgument,
  clusterOption,
  clusterRequest,
  type RouteFlags,
  reasonOption,
  routeOf,
  routeOptions,
} from './cluster-options.ts';

interface ExecOptions extends ClusterOptions, RouteFlags {
  readonly namespace?: string;
}

export default defineCommand<ExecOptions>({
  description: 'Runs a program with a kubeconfig of its own for one cluster, and takes it away afterwards.',
  arguments: [clusterArgument],
  options: [
    clusterOption,
    { flags: '--namespace <name>', description: 'namespace that commands without one mean' },
    ...routeOptions,
    reasonOption,
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  rest: 'program and its arguments',
  examples: [
    ['forge kube exec dev -- kubectl get pods', 'nothing is written to ~/.kube/config'],
    [
      'forge kube exec prod-wealth --reason "INC-123: stuck orders" -- k9s --readonly',
      'production needs a reason',
    ],
    ['forge kube exec dev --via tunnel -- helm list', 'through the bastion, VPN or not'],
  ],
  details: `The program gets KUBECONFIG and FORGE_ENV; variables that would lead kubectl or helm elsewhere are removed. Tokens
come from this forge while it runs, over a private socket: neither they nor keys are in any file. A cluster whose
endpoint does not answer is reached through the environment's bastion, its certificate checked by its real name.
The exit code is the program's own; 126 and 127 as in a shell when it can't be run or found; 128 + n when signal n
ended it.`,
  run: runExec,
});

async function runExec(context: Context, input: CommandInput<ExecOptions>): Promise<number> {
  const { host, globals, output } = context;
  const [program, ...args] = input.rest;
  if (program === undefined || program === '') {
    throw new ForgeError('usage', 'There is no program to run.', {
      code: 'USAGE',
      hint: 'Put it after two dashes: forge kube exec dev -- kubectl get pods',
    });
  }
  const { options } = input;
  const { describeProgram } = await import('../../kube/describe-program.ts');
  const config = await context.config();
  const request = clusterRequest(context, config, input.args[0], options);
  const { reason, mfaCode } = options;
  const words = describeProgram(program, args);
  const purpose = { purpose: 'kube exec', program: words, reason, mfaCode, profile: globals.profile };
  if (globals.plan) {
    const { planClusterSession } = await import('../../kube/plan-cluster.ts');
    const line = `run ${[program, ...args].map((word) => JSON.stringify(word)).join(' ')} with KUBECONFIG naming it`;
    output.plan(planClusterSession(config, request, purpose, routeOf(options), line));
    return 0;
  }
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withCluster } = await import('../../kube/with-cluster.ts');
  const { kubeEnvironment } = await import('../../kube/kube-environment.ts');
  const { runChild } = await import('../../terminal/run-child.ts');
  const parts = { ...identityParts(context), config };
  return withCluster(parts, request, purpose, routeOf(options), async ({ kubeconfig, tunnel }) => {
    if (tunnel !== undefined) output.note(`Connected through ${tunnel.through}.`);
    const env = kubeEnvironment(host.env, {
      kubeconfig,
      environment: request.environment?.name,
      cache: tunnel && join(dirname(kubeconfig), 'cache'),
    });
    const code = await runChild(context, program, args, env, tunnel?.over);
    if (tunnel?.timeUp !== undefined) throw tunnel.timeUp;
    return code;
  });
}
