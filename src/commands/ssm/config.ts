import { defineCommand } from '../../command.ts';

interface ConfigOptions {
  readonly user?: string;
  readonly identity?: string;
}

export default defineCommand<ConfigOptions>({
  description:
    'Prints the lines of ssh_config with which ssh, scp, rsync, git and editors reach instances through Session Manager.',
  options: [
    { flags: '--user <name>', description: 'user on the instances, e.g. ec2-user' },
    { flags: '--identity <file>', description: 'private key to sign in with' },
  ],
  examples: [
    ['forge ssm config --user ec2-user > ~/.ssh/forge.config', 'a file of its own, to be included'],
    ['ssh web-1.dev.forge', "an instance by its name, in forge.yaml's environment dev"],
    ['scp i-0123456789abcdef0:/var/log/messages .', 'by id, in the current environment'],
    ['forge ssm config --env dev', 'that environment alone, and for ids too'],
  ],
  details: `The first line of ~/.ssh/config then is:
  Include forge.config
Nothing is written but stdout. Run it again when forge, Node or forge.yaml has moved, or an environment was added.
Ids lead to the current environment (FORGE_ENV, or forge.yaml's default), unless --env, --profile or --region is
given here. The SSH server on the instance still wants a key of yours.`,
  plannable: false,
  async run(context, { options }) {
    const { globals, host, output } = context;
    const config = await context.config();
    const { resolveEnvironment } = await import('../../targets/resolve-environment.ts');
    const { planSshConfig, renderSshConfig } = await import('../../ssm/ssh-config.ts');
    const { env, profile, region } = globals;
    const environments =
      env === undefined
        ? [...config.environments.keys()]
        : [resolveEnvironment(config, env, { flag: undefined, variable: undefined }).name];
    const settings = Object.entries({ '--env': env, '--profile': profile, '--region': region });
    const hosts = planSshConfig(host, {
      environments,
      configPath: config.files[0],
      settings: settings.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
      user: options.user,
      identityFile: options.identity,
    });
    output.result({
      data: hosts.map(({ patterns, proxyCommand, user, identityFile }) => ({
        patterns,
        proxyCommand,
        user: user ?? null,
        identityFile: identityFile ?? null,
      })),
      text: () => renderSshConfig(hosts, host.platform),
    });
  },
});
