import type { CommandGroup } from './command-group.ts';

export const credentialsCommands: CommandGroup = {
  title: 'Credentials for other programs',
  entries: [
    {
      path: 'exec',
      summary: 'run a command with credentials of an environment',
      load: () => import('../commands/exec.ts'),
    },
    {
      path: 'env',
      summary: 'print shell lines that export credentials',
      load: () => import('../commands/env.ts'),
    },
    {
      path: 'credentials',
      summary: 'print credentials as a credential_process does',
      load: () => import('../commands/credentials.ts'),
    },
    {
      path: 'console',
      summary: "open an environment's AWS console in the browser",
      load: () => import('../commands/console.ts'),
    },
  ],
};
