import type { CommandGroup } from './command-group.ts';

export const setUpCommands: CommandGroup = {
  title: 'Set up',
  entries: [
    { path: 'config init', summary: 'write a forge.yaml', load: () => import('../commands/config/init.ts') },
    {
      path: 'config show',
      summary: 'the configuration as forge reads it',
      load: () => import('../commands/config/show.ts'),
    },
    {
      path: 'config check',
      summary: 'find mistakes in the configuration',
      load: () => import('../commands/config/check.ts'),
    },
    {
      path: 'config import-terraform',
      summary: 'take over what Terraform deployed',
      load: () => import('../commands/config/import-terraform.ts'),
    },
    {
      path: 'config path',
      summary: 'which files the configuration comes from',
      load: () => import('../commands/config/path.ts'),
    },
    {
      path: 'config aws-profiles',
      summary: 'write ~/.aws/config profiles that ask forge for credentials',
      load: () => import('../commands/config/aws-profiles.ts'),
    },
    {
      path: 'doctor',
      summary: 'can forge work here, and is the server side well',
      load: () => import('../commands/doctor.ts'),
    },
    {
      path: 'completion',
      summary: 'completion for bash, zsh or fish',
      load: () => import('../commands/completion.ts'),
    },
  ],
};
