import type { CommandGroup } from './command-group.ts';

export const databasesCommands: CommandGroup = {
  title: 'Databases',
  entries: [
    {
      path: 'db connect',
      summary: 'open psql, or a built-in shell, on a database',
      load: () => import('../commands/db/connect.ts'),
    },
    {
      path: 'db query',
      summary: 'run SQL from a script: table, json, csv, ndjson',
      load: () => import('../commands/db/query.ts'),
    },
    {
      path: 'db proxy',
      summary: 'keep databases open for DBeaver, DataGrip, pgAdmin',
      load: () => import('../commands/db/proxy.ts'),
    },
    { path: 'db list', summary: 'databases you can name', load: () => import('../commands/db/list.ts') },
    {
      path: 'db check',
      summary: 'test each step to a database, and say what to do',
      load: () => import('../commands/db/check.ts'),
    },
    {
      path: 'db token',
      summary: 'print an RDS IAM auth token',
      load: () => import('../commands/db/token.ts'),
    },
    {
      path: 'db request',
      summary: 'ask for a change to data of production: another reads it first',
      load: () => import('../commands/db/request.ts'),
    },
    {
      path: 'db approve',
      summary: 'read a change, and let it be run',
      load: () => import('../commands/db/approve.ts'),
    },
    {
      path: 'db deny',
      summary: 'refuse a change',
      load: () => import('../commands/db/deny.ts'),
    },
    {
      path: 'db run',
      summary: 'run a change that is approved: once, in one transaction',
      load: () => import('../commands/db/run.ts'),
    },
    {
      path: 'db changes',
      summary: 'changes that were asked for, and what became of them',
      load: () => import('../commands/db/changes.ts'),
    },
  ],
};
