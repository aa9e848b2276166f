import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { PsqlRun } from '../../db/psql.ts';
import { ForgeError } from '../../errors.ts';
import {
  type DatabaseOptions,
  databaseFlags,
  maxRowsOption,
  sessionOptions,
  targetArgument,
  writeRails,
} from './database-options.ts';

interface ConnectOptions extends DatabaseOptions {
  readonly client?: 'psql' | 'builtin';
}

export default defineCommand<ConnectOptions>({
  description:
    'Opens psql, or a built-in shell where psql is not installed, on a database: IAM sign-in, TLS checked against the real endpoint. Production opens read-only.',
  arguments: [targetArgument],
  options: [
    ...sessionOptions,
    maxRowsOption,
    {
      flags: '--client <client>',
      description: 'which shell: psql if it is installed, else the built-in one',
      choices: ['psql', 'builtin'],
    },
  ],
  rest: 'psql arguments',
  examples: [
    ['forge db connect dev', 'the database of the environment dev'],
    ['forge db connect dev -- -c "select now()"', 'what follows -- goes to psql'],
    ['forge db connect prod-wealth --write --reason INC-123', 'production, for writing: asks for its name'],
    [
      'forge db connect --host shop.c9abc.us-east-1.rds.amazonaws.com --user app --database shop',
      'without forge.yaml',
    ],
  ],
  details:
    "Your own ~/.psqlrc still applies; the prompt is forge's. psql gets the token by PGPASSWORD, in its environment only.\nIn production a statement may take 30 s (with --write 5 min), waiting for a lock 2 s: --statement-timeout.\nWith --write in production, a write needs BEGIN, and what hits all rows (DELETE without WHERE, DROP, TRUNCATE, ALTER) is asked about:\nthe error says how to confirm it. docs/databases-under-watch.md\nThe exit code is psql's own once it has run.",
  async run(context, { args, options, rest }) {
    const { requestDatabase } = await import('../../db/database-request.ts');
    const config = await context.config();
    const said = { env: context.globals.env, variables: context.host.env };
    const request = requestDatabase(config, args[0], databaseFlags(context, options), said);
    const psql = await choosePsql(context, options.client, rest);
    const purpose = {
      purpose: 'db connect',
      reason: options.reason,
      profile: context.globals.profile,
      rails: writeRails(options),
    };
    if (context.globals.plan) {
      const { planConnect } = await import('../../db/plan-connect.ts');
      const client =
        psql === undefined ? 'run the built-in shell' : `run ${[psql.program, ...rest].join(' ')}`;
      return context.output.plan(planConnect(config, request, purpose, client));
    }
    const { assertMayConfirm, confirmWrite } = await import('../../db/write-guard.ts');
    const { identityParts } = await import('../../identity/identity-parts.ts');
    const { withDatabase } = await import('../../db/with-database.ts');
    assertMayConfirm(context.prompt, request, options.confirm);
    const parts = { ...identityParts(context), config };
    return withDatabase(parts, request, purpose, async (session, handover) => {
      await confirmWrite(context, session, options.confirm);
      if (psql !== undefined) {
        const { runPsql } = await import('../../db/psql.ts');
        const { describeSession } = await import('../../db/describe-session.ts');
        if (psql.read.asksForInput) context.output.note(describeSession(session));
        return runPsql(context, session, handover, psql);
      }
      const { runShell } = await import('../../db/shell/run-shell.ts');
      const { name, production, readOnly } = request;
      await runShell(context, session, { prompt: name, production, readOnly });
      return 0;
    });
  },
});

/** psql and what it is told, or undefined for the built-in shell. */
async function choosePsql(
  { host }: Context,
  client: ConnectOptions['client'],
  args: readonly string[],
): Promise<PsqlRun | undefined> {
  const { readPsqlArguments } = await import('../../db/psql-arguments.ts');
  const read = readPsqlArguments(args);
  const { findProgram } = await import('../../files/find-program.ts');
  const program = client === 'builtin' ? undefined : findProgram(host, 'psql');
  if (program !== undefined) return { program, args, read };
  if (client === 'psql') {
    throw new ForgeError('usage', 'psql is not installed, or not in PATH.', {
      code: 'PSQL_NOT_FOUND',
      hint: 'Install the PostgreSQL client, or use the built-in shell: --client builtin',
    });
  }
  if (args.length > 0) {
    throw new ForgeError('usage', 'What follows -- is for psql, and the built-in shell takes no arguments.', {
      code: 'PSQL_NOT_FOUND',
      hint: 'For a script: forge db query <target> "select …"',
    });
  }
  return undefined;
}
