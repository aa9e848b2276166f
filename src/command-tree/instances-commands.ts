import type { CommandGroup } from './command-group.ts';

export const instancesCommands: CommandGroup = {
  title: 'Instances',
  entries: [
    {
      path: 'ssm',
      summary: 'open a shell on an instance through Session Manager',
      load: () => import('../commands/ssm/connect.ts'),
    },
    {
      path: 'ssm list',
      summary: 'instances that Session Manager knows',
      load: () => import('../commands/ssm/list.ts'),
    },
    {
      path: 'ssm run',
      summary: 'run a command on one instance or on many',
      load: () => import('../commands/ssm/run.ts'),
    },
    {
      path: 'ssm forward',
      summary: 'ports of this machine that lead to an instance, or through it',
      load: () => import('../commands/ssm/forward.ts'),
    },
    {
      path: 'ssm cp',
      summary: 'copy files to an instance or from one, without S3 or a key',
      load: () => import('../commands/ssm/cp.ts'),
    },
    {
      path: 'ssm ssh-proxy',
      summary: "ssh's way to an instance, for ProxyCommand",
      load: () => import('../commands/ssm/ssh-proxy.ts'),
    },
    {
      path: 'ssm config',
      summary: 'print the lines of ssh_config that make ssh go through it',
      load: () => import('../commands/ssm/config.ts'),
    },
  ],
};
