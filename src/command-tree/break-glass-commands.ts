import type { CommandGroup } from './command-group.ts';

export const breakGlassCommands: CommandGroup = {
  title: 'Break-glass',
  entries: [
    {
      path: 'breakglass',
      summary: 'ask for access to production, for a while',
      load: () => import('../commands/breakglass/request.ts'),
    },
    {
      path: 'breakglass approve',
      summary: 'look at a request, and let somebody in',
      load: () => import('../commands/breakglass/approve.ts'),
    },
    {
      path: 'breakglass deny',
      summary: 'refuse a request',
      load: () => import('../commands/breakglass/deny.ts'),
    },
    {
      path: 'breakglass resume',
      summary: 'go on with a request of yours, or go back in',
      load: () => import('../commands/breakglass/resume.ts'),
    },
    {
      path: 'breakglass extend',
      summary: 'ask for more time',
      load: () => import('../commands/breakglass/extend.ts'),
    },
    {
      path: 'breakglass end',
      summary: 'give access back before its time',
      load: () => import('../commands/breakglass/end.ts'),
    },
    {
      path: 'breakglass ticket',
      summary: 'name the ticket that was to follow',
      load: () => import('../commands/breakglass/ticket.ts'),
    },
    {
      path: 'breakglass kill',
      summary: "end somebody else's access, now",
      load: () => import('../commands/breakglass/kill.ts'),
    },
    {
      path: 'breakglass list',
      summary: 'who asks, and who has access',
      load: () => import('../commands/breakglass/list.ts'),
    },
    {
      path: 'breakglass show',
      summary: 'one request, and what became of it',
      load: () => import('../commands/breakglass/show.ts'),
    },
    {
      path: 'breakglass rotate',
      summary: 'replace the key of tier 3',
      load: () => import('../commands/breakglass/rotate.ts'),
    },
    {
      path: 'breakglass history',
      summary: 'sessions of the past',
      load: () => import('../commands/breakglass/history.ts'),
    },
    {
      path: 'breakglass report',
      summary: 'the post-incident record of a session',
      load: () => import('../commands/breakglass/report.ts'),
    },
    {
      path: 'breakglass status',
      summary: 'what you asked for, and what is open here',
      load: () => import('../commands/breakglass/status.ts'),
    },
    {
      path: 'breakglass doctor',
      summary: 'is the server side there, do its policies hold',
      load: () => import('../commands/breakglass/doctor.ts'),
    },
    {
      path: 'breakglass webhook',
      summary: 'keep the address of Slack in the keychain',
      load: () => import('../commands/breakglass/webhook.ts'),
    },
  ],
};
