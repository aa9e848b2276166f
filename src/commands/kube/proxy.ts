import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { quotePosix } from '../../lib/quote-posix.ts';
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

interface ProxyOptions extends ClusterOptions, RouteFlags {
  readonly namespace?: string;
}

export default defineCommand<ProxyOptions>({
  description: 'Keeps a way to one cluster open until Ctrl-C, and prints the KUBECONFIG that leads there.',
  arguments: [clusterArgument],
  options: [
    clusterOption,
    { flags: '--namespace <name>', description: 'namespace that commands without one mean' },
    { flags: '--port <number>', description: 'local port of a tunnel (any that is free)', parse: parsePort },
    ...routeOptions,
    reasonOption,
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  examples: [
    ['forge kube proxy prod-wealth --reason "INC-123"', 'then, in another terminal, the line that it prints'],
    [
      'forge kube proxy dev --via tunnel --output json',
      'kubeconfig, context and server as JSON, for a script',
    ],
  ],
  details: `Whoever reads that file while this runs acts as you in the cluster: it is in a private folder, and useless once
this has ended. For one program there is forge kube exec.`,
  run: runProxy,
});

async function runProxy(context: Context, input: CommandInput<ProxyOptions>): Promise<void> {
  const { host, globals, output } = context;
  const { options } = input;
  const config = await context.config();
  const request = clusterRequest(context, config, input.args[0], options);
  const { reason, mfaCode } = options;
  const purpose = { purpose: 'kube proxy', reason, mfaCode, profile: globals.profile };
  if (globals.plan) {
    const { planClusterSession } = await import('../../kube/plan-cluster.ts');
    const line = 'print the KUBECONFIG and stay until Ctrl-C';
    return output.plan(planClusterSession(config, request, purpose, routeOf(options), line));
  }
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withCluster } = await import('../../kube/with-cluster.ts');
  const parts = { ...identityParts(context), config };
  await withCluster(parts, request, purpose, routeOf(options), async (session) => {
    const { kubeconfig, context: name, server, tunnel } = session;
    host.signal.throwIfAborted();
    if (tunnel !== undefined) output.note(`Connected through ${tunnel.through}.`);
    output.result({
      data: { kubeconfig, context: name, server, through: tunnel?.through ?? null },
      text: () => exportLine(host.platform, kubeconfig),
    });
    if (host.stderr.isTTY === true) output.note('Ctrl-C ends it.');
    await untilEnded(host.signal, tunnel?.over);
  });
}

function exportLine(platform: NodeJS.Platform, path: string): string {
  return platform === 'win32' ? `$env:KUBECONFIG = '${path}'` : `export KUBECONFIG=${quotePosix(path)}`;
}

/** Until Ctrl-C, which main reports, or until the tunnel's time is up, which this throws. */
async function untilEnded(signal: AbortSignal, over: Promise<ForgeError> | undefined): Promise<void> {
  // A listener alone keeps no process alive.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    const timeUp = await new Promise<ForgeError | undefined>((resolve) => {
      over?.then(resolve);
      if (signal.aborted) return resolve(undefined);
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    if (timeUp !== undefined) throw timeUp;
  } finally {
    clearInterval(alive);
  }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 65_535) return port;
  throw new ForgeError('usage', `--port takes a number from 0 to 65535, not ${JSON.stringify(text)}.`, {
    code: 'USAGE',
  });
}
