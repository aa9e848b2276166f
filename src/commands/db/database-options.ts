import type { ArgumentDefinition, OptionDefinition } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { WriteRails } from '../../db/access-request.ts';
import type { DatabaseFlags, Via } from '../../db/database-request.ts';
import { parseTimeout } from '../../db/parse-timeout.ts';
import { ForgeError } from '../../errors.ts';

/** What can be said of a database on the command line, beside or in place of forge.yaml. */
export interface DatabaseOptions {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
  readonly address?: string;
  readonly ca?: string;
  readonly role?: string;
  readonly write?: boolean;
  readonly confirm?: string;
  readonly reason?: string;
  readonly statementTimeout?: number;
  readonly maxRows?: number;
  readonly via?: Via;
  readonly bastion?: string;
}

export const targetArgument: ArgumentDefinition = {
  name: '[target]',
  description:
    'database in forge.yaml: <environment> or <environment>/<name>; without one that of the current environment',
};

export const reasonText = 'why; it is recorded with your name';

export const endpointOptions: readonly OptionDefinition[] = [
  { flags: '--host <name>', description: 'endpoint, in place of a target of forge.yaml' },
  { flags: '--port <number>', description: 'its port (default: 5432, or what RDS says)', parse: parsePort },
  { flags: '--user <name>', description: 'role of the database to be' },
  { flags: '--role <arn>', description: 'IAM role to assume for this database' },
];

export const connectionOptions: readonly OptionDefinition[] = [
  ...endpointOptions.slice(0, 3),
  { flags: '--database <name>', description: 'database on the server (default with --host: postgres)' },
  {
    flags: '--address <ip>',
    description:
      'where to connect instead, e.g. a tunnel of yours; names stay the real ones, no bastion is tried',
  },
  {
    flags: '--via <way>',
    description: 'auto (the default): directly, and through a bastion when that fails',
    choices: ['direct', 'tunnel', 'auto'],
  },
  { flags: '--bastion <instance>', description: 'which instance a tunnel goes through (bastion)' },
  { flags: '--ca <file>', description: 'PEM file of the authorities to trust (default: those of RDS)' },
  ...endpointOptions.slice(3),
];

export const sessionOptions: readonly OptionDefinition[] = [
  ...connectionOptions,
  { flags: '--write', description: 'allow writing in production; asks for the name of the target' },
  {
    flags: '--confirm <target>',
    description: 'the name of the target, in place of being asked; of db query also the word of a refusal',
  },
  { flags: '--reason <text>', description: `${reasonText}, and shown in pg_stat_activity` },
  {
    flags: '--statement-timeout <time>',
    description:
      'the server ends a statement after this: 30s, 5m; 0: never (production: 30s, with --write 5m)',
    parse: parseStatementTimeout,
  },
];

/** For commands in which a person, or a tool, says many statements. */
export const maxRowsOption: OptionDefinition = {
  flags: '--max-rows <number>',
  description:
    'with --write in production: rows that one statement may change, inside a transaction (10000); 0: any number',
  parse: parseMaxRows,
};

export function writeRails({ maxRows = 10_000 }: Pick<DatabaseOptions, 'maxRows'>): WriteRails {
  return { maxRows: maxRows === 0 ? undefined : maxRows };
}

export function databaseFlags(context: Context, options: DatabaseOptions): DatabaseFlags {
  return { ...options, region: context.globals.region };
}

function parseMaxRows(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw invalid(`--max-rows takes a number, 0 for any, not ${JSON.stringify(text)}.`);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw invalid(`--port takes a number from 1 to 65535, not ${JSON.stringify(text)}.`);
}

/** Seconds out, as PostgreSQL's setting will say them. */
function parseStatementTimeout(text: string): number {
  return text === '0' ? 0 : Math.ceil(parseTimeout(text) / 1000);
}

function invalid(message: string): ForgeError {
  return new ForgeError('usage', message, { code: 'USAGE' });
}
