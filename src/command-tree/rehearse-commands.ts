import type { CommandGroup } from './command-group.ts';

export const rehearseCommands: CommandGroup = {
  title: 'Rehearse',
  entries: [
    {
      path: 'sandbox start',
      summary: 'start an AWS on loopback, with a real PostgreSQL',
      load: () => import('../commands/sandbox/start.ts'),
    },
    {
      path: 'sandbox run',
      summary: 'run one command in the sandbox',
      load: () => import('../commands/sandbox/run.ts'),
    },
    {
      path: 'sandbox shell',
      summary: 'open a shell in the sandbox',
      load: () => import('../commands/sandbox/shell.ts'),
    },
    {
      path: 'sandbox as',
      summary: 'open a shell as one of its people',
      load: () => import('../commands/sandbox/as.ts'),
    },
    {
      path: 'sandbox status',
      summary: 'what runs, and where',
      load: () => import('../commands/sandbox/status.ts'),
    },
    {
      path: 'sandbox vpn',
      summary: 'connect or end the VPN of the sandbox',
      load: () => import('../commands/sandbox/vpn.ts'),
    },
    {
      path: 'sandbox slack',
      summary: 'what the Slack of the sandbox was told',
      load: () => import('../commands/sandbox/slack.ts'),
    },
    {
      path: 'sandbox mfa',
      summary: 'the code of the MFA device in the sandbox',
      load: () => import('../commands/sandbox/mfa.ts'),
    },
    {
      path: 'sandbox offline',
      summary: 'the key and the code for tier 3 in the sandbox',
      load: () => import('../commands/sandbox/offline.ts'),
    },
    {
      path: 'sandbox stop',
      summary: 'stop the sandbox and remove all of it',
      load: () => import('../commands/sandbox/stop.ts'),
    },
  ],
};
