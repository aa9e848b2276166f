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
  ],
};
