import { defineCommand } from '../../command.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { onInstance } from './on-instance.ts';
import { type ConnectOptions, maximumMs, shellOptions, transportOf } from './session-options.ts';

export default defineCommand<ConnectOptions>({
  description:
    'Opens a shell on an instance through AWS Session Manager: no open port, no key, no plugin. Without an instance, one is picked from those that are online.',
  arguments: [
    {
      name: '[instance]',
      description:
        'dev/bastion, dev, i-…, mi-…, a Name tag, a private IP or DNS name, tag:key=value, asg:name, ecs:cluster_task_runtime',
    },
  ],
  options: shellOptions,
  examples: [
    ['forge ssm dev/bastion', 'an instance of forge.yaml'],
    ['forge ssm dev', 'pick one of an environment'],
    ['forge ssm i-0123456789abcdef0 --region us-east-1', 'without forge.yaml, with your own AWS keys'],
    ['forge ssm dev/bastion --record', 'played again by forge audit replay'],
    ['echo uptime | forge ssm dev/web-1', 'commands from a pipe'],
  ],
  details:
    "Ctrl-C, Ctrl-Z, Ctrl-Y and Ctrl-\\ go to the instance. At the start of a line, ~. leaves a session that hangs, ~? helps.\nA session lasts max_session of forge.yaml at most. Others of this kind: forge ssm list, run, forward.\nIn production what the shell shows is recorded, never what is typed. What can't be recorded is not opened.\nExit codes: 0 the shell has ended, 6 the session was lost, 7 its time is up, 130 left by ~.\nWith --transport plugin the keys, the terminal, reconnecting and the exit code are the plugin's own: no ~., and 0 also\nfor a session that was lost. Its keys don't renew.\nCopies, commands on several instances and the tunnels of forge db are always forge's own.",
  async run(context, { args, options }) {
    const { globals, host, output } = context;
    const config = await context.config();
    refuseCommandWord(config, args[0]);
    const { resolveInstance } = await import('../../targets/resolve-instance.ts');
    const target = resolveInstance(config, args[0], { ...globals, variables: host.env });
    const purpose = { purpose: 'ssm', reason: options.reason, profile: globals.profile };
    const { documentsOf, plannedDocuments } = await import('../../ssm/logged-documents.ts');
    const document =
      options.document ?? plannedDocuments(config, target.environment)?.connect ?? target.document;
    const transport = transportOf(options, host.env);
    const { instanceWords, planInstance, startSessionStep } = await import('../../ssm/plan-session.ts');
    if (globals.plan) {
      const named = document === undefined ? '' : ` --document-name ${document}`;
      return output.plan(
        planInstance(config, target, purpose, {
          summary: `Open a shell on ${target.name}.`,
          steps: [
            startSessionStep(target, document),
            {
              kind: 'local',
              what:
                transport === 'plugin'
                  ? 'run session-manager-plugin on it, with this terminal'
                  : 'open the data channel (WebSocket over TLS) and hand it the terminal',
            },
          ],
          equivalents: [
            `aws ssm start-session --target ${instanceWords(target)} --region ${target.region}${named}`,
          ],
        }),
      );
    }
    const { recordShell, refuseUnrecorded } = await import('../../ssm/record-shell.ts');
    const asked = options.record === true;
    if (transport === 'plugin') refuseUnrecorded(target.environment, asked);
    const program = transport === 'plugin' ? await pluginPath(host) : undefined;
    return onInstance(context, { config, target, purpose }, async (parts, access, instance) => {
      const limit = maximumMs(options, target.environment);
      // What the grant demands, before what forge.yaml says of the instance for everybody.
      const named = options.document ?? documentsOf(config, access)?.connect ?? target.document;
      if (program !== undefined) {
        const { rememberUse } = await import('../../ssm/instance-memory.ts');
        const { runPluginInForeground } = await import('../../ssm/plugin-foreground.ts');
        await rememberUse(parts, target.region, instance.instanceId);
        const order = { program, instance, document: { documentName: named }, maximumMs: limit };
        return await runPluginInForeground(parts, access, order);
      }
      const { runShell, terminalSize } = await import('../../ssm/shell.ts');
      const size = terminalSize(host.stdout);
      await using recording = await recordShell(host, access, { purpose: 'ssm', size, asked });
      const { openTerminalSession } = await import('../../ssm/terminal-session.ts');
      await using channel = await openTerminalSession(parts, access, instance, named);
      const { rememberUse } = await import('../../ssm/instance-memory.ts');
      await rememberUse(parts, target.region, instance.instanceId);
      return await runShell(context, channel, {
        label: instance.label,
        maximumMs: limit,
        recording,
      });
    });
  },
});

/** Words that other tools have for what is called otherwise here; an instance of that name is `dev/ls`. */
const meant: ReadonlyMap<string, string | undefined> = new Map([
  ...['ls', 'ps', 'show', 'instances', 'describe'].map((word) => [word, 'list'] as const),
  ...['scp', 'copy', 'mv', 'sync', 'sftp'].map((word) => [word, 'cp <source> <destination>'] as const),
  ...['exec', 'command', 'send-command'].map((word) => [word, 'run <instance> -- <command>'] as const),
  ...['tunnel', 'proxy', 'port-forward', 'socks'].map((word) => [word, 'forward <instance> <port>'] as const),
  ...['start', 'start-session', 'shell', 'connect', 'ssh', 'login'].map(
    (word) => [word, '<instance>'] as const,
  ),
  ...['rm', 'stop', 'terminate', 'delete'].map((word) => [word, undefined] as const),
]);

/** Throws usage UNKNOWN_COMMAND, before anybody is asked to sign in for an instance called `ls`. */
function refuseCommandWord(config: Config, word: string | undefined): void {
  if (word === undefined || !meant.has(word) || config.environments.has(word)) return;
  if ([...config.environments.values()].some(({ instances }) => instances.has(word))) return;
  const command = meant.get(word);
  const named = `For an instance of that name: forge ssm <environment>/${word}, or tag:Name=${word}`;
  throw new ForgeError('usage', `There is no command "forge ssm ${word}".`, {
    code: 'UNKNOWN_COMMAND',
    hint:
      command === undefined
        ? `See forge ssm --help.\n${named}`
        : `Did you mean: forge ssm ${command}\n${named}`,
  });
}

async function pluginPath(host: Context['host']): Promise<string> {
  const { findPlugin } = await import('../../ssm/plugin-program.ts');
  return findPlugin(host);
}
