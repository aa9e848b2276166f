import type { CommandGroup } from './command-group.ts';

export const signInCommands: CommandGroup = {
  title: 'Sign in',
  entries: [
    {
      path: 'login',
      summary: 'sign in through IAM Identity Center',
      load: () => import('../commands/login.ts'),
    },
    {
      path: 'logout',
      summary: 'sign out and remove what forge stored',
      load: () => import('../commands/logout.ts'),
    },
    {
      path: 'whoami',
      summary: 'who you are, where you can go, and for how long',
      load: () => import('../commands/whoami.ts'),
    },
  ],
};
