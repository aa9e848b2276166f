import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { DatabaseRequest } from '../../db/database-request.ts';
import type { DatabaseGate } from '../../db/gate/open-gate.ts';
import { parseTimeout } from '../../db/parse-timeout.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import {
  type DatabaseOptions,
  databaseFlags,
  maxRowsOption,
  sessionOptions,
  writeRails,
} from './database-options.ts';
import { untilIdle } from './until-idle.ts';

interface ProxyOptions extends Omit<DatabaseOptions, 'port' | 'host' | 'user' | 'database' | 'address'> {
  readonly port?: number;
  readonly unix?: boolean;
  /** Milliseconds. */
  readonly idleTimeout?: number;
}

const own = /^--(?:host|port|user|database|address|role|ca)\b/;

export default defineCommand<ProxyOptions>({
  description:
    'Keeps databases open for other programs (DBeaver, DataGrip, pgAdmin, scripts) until Ctrl-C, and prints how to connect. Production is read-only, and every statement is recorded.',
  arguments: [
    { name: '<targets...>', description: 'databases in forge.yaml: <environment> or <environment>/<name>' },
  ],
  options: [
    {
      flags: '--port <number>',
      description: 'port on 127.0.0.1 (any that is free); of several targets the first one’s',
      parse: parsePort,
    },
    {
      flags: '--unix',
      description: 'a unix socket that is yours alone, without a password, in place of a port',
    },
    {
      flags: '--idle-timeout <time>',
      description: 'close by itself after so long without a connection: 90s, 30m, 2h (default: stay)',
      parse: parseIdleTimeout,
    },
    ...sessionOptions.filter(({ flags }) => !own.test(flags)),
    maxRowsOption,
  ],
  examples: [
    ['forge db proxy dev', 'prints address, JDBC URL and password, and stays'],
    ['forge db proxy prod-wealth qa --port 15432', 'two databases, at 15432 and 15433'],
    ['forge db proxy prod-wealth --grant bg-7f3k', 'as long as the grant lasts'],
    ['forge db proxy dev --idle-timeout 30m', 'closes half an hour after the last tool has disconnected'],
    ['forge db proxy dev --unix --output json', 'for a script: one JSON document, once it is open'],
  ],
  details: `The password is made for this run, shown once, and good for nothing afterwards. Tools reconnect as they like: each
connection signs in with a new token, for as long as your access lasts. Then what is open ends within a second, with SQLSTATE
57P01 and the reason; so it does on Ctrl-C, and after the environment's max_session. With --idle-timeout it closes by
itself when no tool was connected for that long (exit code 0); a connection that is open keeps it open, used or not.
Only the database and the user that are printed can be reached. TLS is not needed on this machine; from here on it is verified.
What ran: forge audit show <id> --sql. In dev and qa a record that can't be written stops nothing; in production nothing runs
without it. What forge sees and what it does not: docs/databases-under-watch.md.`,
  run: runProxy,
});

async function runProxy(context: Context, { args, options }: CommandInput<ProxyOptions>): Promise<void> {
  const { host, globals, prompt, output } = context;
  const { requestDatabase } = await import('../../db/database-request.ts');
  const config = await context.config();
  const { port, unix, idleTimeout, ...flags } = options;
  if (port !== undefined && unix === true)
    throw usage('--port and --unix exclude each other.', 'Choose one.');
  if (options.write === true && args.length > 1)
    throw usage(
      '--write goes with one target.',
      'Open each in a terminal of its own: what is written where stays clear.',
    );
  const said = { env: globals.env, variables: host.env };
  const requests = args.map((name) => requestDatabase(config, name, databaseFlags(context, flags), said));
  const twice = requests.find(
    ({ name }, index) => requests.findIndex((other) => other.name === name) < index,
  );
  if (twice !== undefined)
    throw usage(`${twice.name} is named twice.`, 'Once is enough: it takes many connections.');
  const purpose = {
    purpose: 'db proxy',
    reason: options.reason,
    profile: globals.profile,
    rails: writeRails(options),
  };
  if (globals.plan) {
    const { planConnect } = await import('../../db/plan-connect.ts');
    const plans = requests.map((request) =>
      planConnect(config, request, purpose, 'listen on this machine, and stay until Ctrl-C'),
    );
    return output.plan({
      summary: plans.map(({ summary }) => summary).join(' '),
      steps: plans.flatMap(({ steps }) => steps),
      equivalents: plans.flatMap(({ equivalents }) => equivalents),
    });
  }
  const { assertMayConfirm, confirmWrite } = await import('../../db/write-guard.ts');
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withDatabase } = await import('../../db/with-database.ts');
  for (const request of requests) assertMayConfirm(prompt, request, options.confirm);
  const parts = { ...identityParts(context), config };
  // One after the other, each within the one before: only one asks at a time, and all close with the first.
  const open = async (opened: readonly OpenDatabase[]): Promise<void> => {
    const request = requests[opened.length];
    if (request === undefined) return stay(context, opened, idleTimeout);
    const at = { kind: 'tcp', port: port === undefined ? undefined : port + opened.length } as const;
    await withDatabase(
      parts,
      request,
      purpose,
      async (session, { gate, tunnel }) => {
        await confirmWrite(context, session, options.confirm);
        await session[Symbol.asyncDispose]();
        if (gate !== undefined) await open([...opened, { request, gate, over: tunnel?.over }]);
      },
      unix === true ? { kind: 'unix' } : at,
    );
  };
  await open([]);
}

interface OpenDatabase {
  readonly request: DatabaseRequest;
  readonly gate: DatabaseGate;
  /** Of the tunnel that it goes through. */
  readonly over: Promise<ForgeError> | undefined;
}

async function stay(
  context: Context,
  opened: readonly OpenDatabase[],
  idleMs: number | undefined,
): Promise<void> {
  const { host, output } = context;
  host.signal.throwIfAborted();
  const { untilEnded } = await import('../until-ended.ts');
  const { sayOpenGates } = await import('./say-open-gates.ts');
  const limits = opened.flatMap(({ request }) => request.environment?.maxSessionSeconds ?? []);
  const tunnels = opened.flatMap(({ over }) => over ?? []);
  const gates = opened.map(({ gate }) => gate);
  using watch = idleMs === undefined ? undefined : untilIdle(host, gates, idleMs);
  const unused = watch?.idle.then(() => {
    output.note(`Nobody was connected for ${durationText(idleMs ?? 0)}: closed.`);
  });
  let sentence = 'forge db proxy was ended, and its connections with it.';
  try {
    await untilEnded(context, {
      what: 'connections',
      say: () => {
        sayOpenGates(output, opened);
        if (host.stderr.isTTY === true) output.note('Ctrl-C ends it.');
      },
      maximumMs: limits.length === 0 ? undefined : Math.min(...limits) * 1000,
      broken: tunnels.length === 0 ? undefined : Promise.race(tunnels).then((error) => Promise.reject(error)),
      unused,
    });
  } catch (error) {
    if (error instanceof ForgeError) sentence = error.message;
    throw error;
  } finally {
    await Promise.all(opened.map(({ gate }) => gate.end(sentence)));
  }
}

/** A tool that connects takes a moment between two connections. */
function parseIdleTimeout(text: string): number {
  const milliseconds = parseTimeout(text, '90s, 30m or 2h');
  if (milliseconds >= 1_000) return milliseconds;
  throw usage(`--idle-timeout takes a second or more, not ${JSON.stringify(text)}.`);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usage(`--port takes a number from 1 to 65535, not ${JSON.stringify(text)}.`);
}

function usage(message: string, hint?: string): ForgeError {
  return new ForgeError('usage', message, { code: 'USAGE', hint });
}
