import { grantFirst } from '../../access/grant-first.ts';
import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { chooseFormat, type FormatName, formatNames } from '../../db/choose-format.ts';
import { requestDatabase } from '../../db/database-request.ts';
import { parseTimeout } from '../../db/parse-timeout.ts';
import { readSql } from '../../db/query-input.ts';
import { gatherParameter, refuseParametersOfScript } from '../../db/query-parameters.ts';
import { refusePsqlCommand } from '../../db/refuse-psql-command.ts';
import { showNotices } from '../../db/server-notices.ts';
import { confirmWrite } from '../../db/write-guard.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import {
  type DatabaseOptions,
  databaseFlags,
  maxRowsOption,
  sessionOptions,
  targetArgument,
  writeRails,
} from './database-options.ts';

interface QueryOptions extends Omit<DatabaseOptions, 'statementTimeout'> {
  readonly file?: string;
  readonly param?: readonly string[];
  readonly output?: FormatName;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly header: boolean;
  readonly null?: string;
}

export default defineCommand<QueryOptions>({
  description: 'Runs SQL on a database and writes the rows to stdout as they arrive.',
  arguments: [targetArgument, { name: '[sql]', description: 'what to run; without it and -f, stdin' }],
  options: [
    { flags: '-f, --file <path>', description: 'read the SQL from a file; - is stdin' },
    {
      flags: '--param <value>',
      description: 'value of $1, then $2, …; makes SQL of one statement safe to fill in',
      parse: gatherParameter,
    },
    { flags: '--output <format>', description: 'how rows are written', choices: formatNames },
    { flags: '--no-header', description: 'no column names (table, csv), no row count' },
    { flags: '--null <text>', description: 'what stands for NULL (table, csv); by default nothing' },
    {
      flags: '--timeout <time>',
      description: 'cancel after this: 500ms, 30s, 5m',
      parse: (text) => parseTimeout(text),
    },
    ...sessionOptions.filter(({ flags }) => !flags.startsWith('--statement-timeout')),
    maxRowsOption,
  ],
  examples: [
    ['forge db query dev "select * from orders limit 5"', 'a table, aligned as psql aligns it'],
    ['forge db query dev -f report.sql --output csv > report.csv', 'any number of rows, in constant memory'],
    [
      `forge db query dev 'select * from orders where id = $1' --param 42 --output json`,
      'values are never SQL',
    ],
    ['echo "select now()" | forge db query dev --output ndjson', 'SQL from stdin, one object a line'],
    [
      `forge db query prod-wealth --write --confirm prod-wealth --reason INC-7 "update …"`,
      'production is read-only without --write',
    ],
  ],
  details: `A script of several statements is one transaction unless it says BEGIN and COMMIT itself. table and ndjson print
each result after the other; csv and json hold one, and refuse a second. Statements that return no rows say what they
did on stderr. With --param the SQL must be one statement. SQL that is empty or only comments is fine and does nothing.

csv is what psql --csv writes. json is one array of objects, ndjson one object a line: numbers keep all their digits,
NaN and infinities are strings, json columns are embedded, a column name that comes twice gets _2. A failure after rows
have gone out leaves the array open, says so and ends with another exit code than 0. COPY … TO STDOUT goes out as the
server sends it; COPY … FROM STDIN is refused. On a terminal, control characters in values are shown escaped.

Exit codes: 1 the server refused the SQL (code SQLSTATE_…), 5 it lacks a privilege (42501), 6 the connection is lost,
7 the time is up, 130 cancelled with Ctrl-C: the statement is then cancelled on the server, too.
In production the server ends a statement after 30 s (with --write 5 min) unless --timeout allows more.

With --write in production what changes rows is one transaction of forge's: it is committed when no statement has changed more
than --max-rows, and nothing is kept otherwise. UPDATE and DELETE without WHERE, DROP, TRUNCATE, ALTER and the like are
asked about; without a terminal the refusal says which --confirm lets this text pass once.`,
  run: runDatabaseQuery,
});

async function runDatabaseQuery(context: Context, input: CommandInput<QueryOptions>): Promise<void> {
  const { host, output, prompt, globals } = context;
  const { options } = input;
  const { target, sql } = readArguments(input);
  const config = await context.config();
  const flags = { ...databaseFlags(context, options), ...serverLimit(options.timeout) };
  const request = requestDatabase(config, target, flags, { env: globals.env, variables: host.env });
  const values = options.param ?? [];
  if (!globals.plan)
    grantFirst(host, globals.grant, { config, environment: request.environment, purpose: 'db query' });
  const source = await readSql(host, { sql, file: options.file });
  refusePsqlCommand(source, request.words);
  refuseParametersOfScript(source.sql, values);
  const rails = writeRails(options);
  const purpose = { purpose: 'db query', reason: options.reason, profile: globals.profile, rails };
  const formatName = options.output ?? 'table';
  if (globals.plan) {
    const { planQuery } = await import('../../db/plan-query.ts');
    return output.plan(planQuery(config, request, purpose, { source, values, format: formatName }));
  }
  const said = { ...rails, confirm: options.confirm };
  const confirmed =
    request.production && request.write
      ? await (await import('./confirm-query.ts')).confirmQuery(context, request.name, source.sql, said)
      : undefined;
  const parts = { ...identityParts(context), config };
  const look = { header: options.header, nullText: options.null ?? '' };
  const { format, filter } = chooseFormat(formatName, look, host.stdout.isTTY === true);
  // pg is loaded only when something is really run: not for --help, --plan or a usage error.
  const { withDatabase } = await import('../../db/with-database.ts');
  const { runQuery } = await import('../../db/run-query.ts');
  const watched = { ...purpose, rails: { ...rails, said: confirmed?.said } };
  await withDatabase(parts, request, watched, async (session) => {
    await confirmWrite({ prompt, output }, session, confirmed?.confirm, confirmed?.risks);
    using _notices = showNotices(session.client, output);
    await runQuery(session, {
      source,
      values,
      format,
      filter,
      sink: output.raw,
      signal: host.signal,
      timeoutMilliseconds: options.timeout,
      transaction: confirmed?.transaction,
      facts: {
        target: request.words,
        writeHint: request.readOnly
          ? `To write: --write${request.production ? ` --confirm ${request.name}` : ''}`
          : undefined,
        timeoutHint: 'Allow more, e.g.: --timeout 10m',
      },
      onTag: (tag) => output.note(tag),
    });
  });
}

/** With --host the database is named by flags, and a single word is the SQL. */
function readArguments({ args, options }: CommandInput<QueryOptions>): {
  readonly target: string | undefined;
  readonly sql: string | undefined;
} {
  const [first, second] = args;
  return options.host !== undefined && second === undefined
    ? { target: undefined, sql: first }
    : { target: first, sql: second };
}

/** The server stops by itself, a little later, what forge could not cancel because it was killed. */
function serverLimit(timeout: number | undefined): { readonly statementTimeout?: number } {
  return timeout === undefined ? {} : { statementTimeout: Math.ceil(timeout / 1000) + 5 };
}
