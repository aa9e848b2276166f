import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { type ConnectOptions, maximumMs, shellOptions, transportOf } from './session-options.ts';

interface SshProxyOptions extends ConnectOptions {
  readonly port?: number;
}

export default defineCommand<SshProxyOptions>({
  description:
    "Carries an SSH connection to an instance through Session Manager, for ssh_config's ProxyCommand: stdin and stdout are the connection.",
  arguments: [
    {
      name: '<instance>',
      description: 'as forge ssm takes it, or web-1.dev.forge as in what forge ssm config prints',
    },
  ],
  options: [
    {
      flags: '--port <number>',
      description: 'port of the SSH server on the instance (22)',
      parse: parsePort,
    },
    ...shellOptions.slice(0, 3),
  ],
  examples: [
    ["ssh -o ProxyCommand='forge ssm ssh-proxy %h --port %p' ec2-user@i-0123456789abcdef0", 'ssh by itself'],
    ['forge ssm config >> ~/.ssh/config', 'the same for ssh, scp, rsync, git and editors, for good'],
  ],
  details:
    'Nothing but the connection goes to stdout; it is silent on stderr unless something is wrong.\nThe SSH server on the instance still asks for its own key or password. A lost connection to AWS comes back by itself.\nExit codes: 0 either side has ended it, 6 the session was lost, 7 its time is up.\nWith --transport plugin the plugin says a line before the server does, which ssh passes over.\nBreak-glass for instances has no SSH: AWS keeps no transcript of it. There: forge ssm, ssm run and ssm cp.',
  textOnly: true,
  async run(context, { args, options }) {
    const { globals, host } = context;
    const port = options.port ?? 22;
    const config = await context.config();
    const { instanceWord } = await import('../../ssm/ssh-host.ts');
    const { resolveInstance } = await import('../../targets/resolve-instance.ts');
    const word = instanceWord(args[0] ?? '', [...config.environments.keys()]);
    const target = resolveInstance(config, word, { ...globals, variables: host.env });
    const purpose = { purpose: 'ssm ssh-proxy', reason: options.reason, profile: globals.profile };
    const transport = transportOf(options, host.env);
    const { refuseUnlogged } = await import('../../ssm/logged-documents.ts');
    const { carrySsh, openSshChannel, sshRequest } = await import('../../ssm/ssh-stream.ts');
    if (globals.plan) {
      const { instanceWords, planInstance, startSessionStep } = await import('../../ssm/plan-session.ts');
      const { documentName } = sshRequest('', port);
      return context.output.plan(
        planInstance(config, target, purpose, {
          summary: `Carry an SSH connection to port ${port} of ${target.name}.`,
          steps: [
            startSessionStep(target, documentName),
            {
              kind: 'local',
              what:
                transport === 'plugin'
                  ? 'run session-manager-plugin on it, with stdin and stdout'
                  : 'join stdin and stdout to the data channel',
            },
          ],
          equivalents: [
            `aws ssm start-session --target ${instanceWords(target)} --region ${target.region} --document-name ${documentName} --parameters portNumber=${port}`,
          ],
        }),
      );
    }
    // stdin is the connection: nobody can be asked.
    if (target.locator.kind === 'any') {
      const { nothingSaid } = await import('../../ssm/locate-instance.ts');
      throw nothingSaid(target);
    }
    const { identityParts } = await import('../../identity/identity-parts.ts');
    const { withInstance } = await import('../../ssm/with-instance.ts');
    const parts = {
      ...identityParts({ ...context, output: silent(context), prompt: unasked(context) }),
      config,
    };
    const { findPlugin } = await import('../../ssm/plugin-program.ts');
    const program = transport === 'plugin' ? await findPlugin(host) : undefined;
    return withInstance(parts, target, purpose, undefined, async (access, instance) => {
      refuseUnlogged(config, access, `An SSH connection to ${instance.label}`);
      const limit = maximumMs(options, target.environment);
      if (program !== undefined) {
        const { runPluginInForeground } = await import('../../ssm/plugin-foreground.ts');
        const document = sshRequest(instance.instanceId, port);
        const order = { program, instance, document, maximumMs: limit, hangUpEnds: true };
        return await runPluginInForeground(parts, access, order);
      }
      await using channel = await openSshChannel(parts, access, instance.instanceId, port);
      return await carrySsh(context, channel, {
        label: instance.label,
        maximumMs: limit,
      });
    });
  },
});

/** ssh's own terminal is where stderr goes: no progress in it, and no news of what goes well. */
function silent({ output }: Context): Context['output'] {
  const progress = { update() {}, [Symbol.dispose]() {} };
  return { ...output, note() {}, progress: () => progress };
}

/** Also where stdin is a terminal, what is typed belongs to the server. */
function unasked({ prompt }: Context): Context['prompt'] {
  return { ...prompt, possible: false };
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text);
  throw new ForgeError('usage', `--port takes a port from 1 to 65535, not ${JSON.stringify(text)}.`, {
    code: 'USAGE',
  });
}
