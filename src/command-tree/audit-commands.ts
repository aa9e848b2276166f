import type { CommandGroup } from './command-group.ts';

export const auditCommands: CommandGroup = {
  title: 'Audit',
  entries: [
    {
      path: 'audit list',
      summary: 'what you did with forge, and when',
      load: () => import('../commands/audit/list.ts'),
    },
    {
      path: 'audit show',
      summary: 'every record of one access, or of one break-glass session',
      load: () => import('../commands/audit/show.ts'),
    },
    {
      path: 'audit replay',
      summary: 'play what a shell in production showed',
      load: () => import('../commands/audit/replay.ts'),
    },
    {
      path: 'audit verify',
      summary: 'find what was changed or is missing in the record',
      load: () => import('../commands/audit/verify.ts'),
    },
  ],
};
