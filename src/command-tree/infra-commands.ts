import type { CommandGroup } from './command-group.ts';

export const infraCommands: CommandGroup = {
  title: 'Server side',
  entries: [
    {
      path: 'infra export',
      summary: 'the server side of break-glass as Terraform',
      load: () => import('../commands/infra/export.ts'),
    },
    {
      path: 'infra check',
      summary: 'judge a Terraform plan before it is applied',
      load: () => import('../commands/infra/check.ts'),
    },
  ],
};
