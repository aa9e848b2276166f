import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import { openRunFolder } from '../files/run-folder.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { restoreTerminal } from '../terminal/restore-terminal.ts';
import type { DatabaseGate } from './gate/open-gate.ts';
import type { DatabaseSession } from './open-database.ts';
import { findOwnPsqlRc } from './own-psql-rc.ts';
import type { PsqlArguments } from './psql-arguments.ts';
import { psqlEnvironment } from './psql-environment.ts';
import { psqlRc } from './psql-rc.ts';
import { ownPsqlWay, psqlWayThrough } from './psql-way.ts';
import { readRdsName } from './rds-name.ts';
import { sessionSettings, setStatements } from './session-settings.ts';
import type { Handover } from './with-database.ts';

export interface PsqlRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly read: PsqlArguments;
}

const killAfterMs = 3_000;

/**
 * Runs psql on the database of a session that has just been checked; that one is closed first. Ctrl-C is psql's.
 * Answers psql's exit code, 128 + n when a signal ended it.
 */
export async function runPsql(
  parts: Pick<IdentityParts, 'host' | 'output'>,
  session: DatabaseSession,
  handover: Handover,
  { program, args, read }: PsqlRun,
): Promise<number> {
  const { host } = parts;
  const { connection } = session;
  const { request } = connection;
  const settings = sessionSettings(request);
  const proxy = readRdsName(connection.host)?.proxy === true;
  const { gate } = handover;
  if (gate === undefined && proxy && request.readOnly && read.skipsRc) {
    throw new ForgeError(
      'usage',
      'Behind an RDS Proxy, read-only is switched on by the file that -X skips.',
      {
        code: 'PSQL_ARGUMENT',
        hint: 'Leave out -X (--no-psqlrc).',
      },
    );
  }
  await session[Symbol.asyncDispose]();
  const interactive = read.asksForInput && host.stdin.isTTY === true;
  await using folder = await openRunFolder(host, 'psql');
  const rc = join(folder.path, 'psqlrc');
  const rcText = psqlRc({
    name: request.name,
    production: request.production,
    readOnly: request.readOnly,
    ownFile: await findOwnPsqlRc(host, program),
    coloured: !host.env.NO_COLOR && host.env.TERM !== 'dumb',
    interactive,
    statements: proxy && gate === undefined ? setStatements(settings) : '',
  });
  await writeFile(rc, rcText, { mode: 0o600, flag: 'wx' });
  await using way = await (gate === undefined
    ? ownPsqlWay(parts, session, handover, folder)
    : psqlWayThrough(gate, session));
  const env = psqlEnvironment(host.env, { ...way, applicationName: handover.applicationName, rc });
  host.signal.throwIfAborted();
  using _held = host.holdInterrupts();
  const child = host.spawn(program, args, { env, stdio: 'inherit' });
  const code = await finished(host, child, interactive, gate);
  if (code !== 0 && handover.tunnel?.timeUp !== undefined) throw handover.tunnel.timeUp;
  return code;
}

async function finished(
  host: Host,
  child: ChildProcess,
  interactive: boolean,
  gate: DatabaseGate | undefined,
): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    const { reason } = host.signal;
    timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    // First the sentence: what runs ends with it, and psql shows it.
    const told = reason instanceof ForgeError ? gate?.end(reason.message) : undefined;
    void Promise.resolve(told).then(() => child.kill('SIGTERM'));
  };
  host.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...outcome) => resolve(outcome));
    });
    if (signal === null) return code ?? 1;
    // A psql that was killed leaves the terminal without echo.
    if (interactive) await restoreTerminal(host);
    return 128 + constants.signals[signal];
  } catch (error) {
    throw new ForgeError(
      'failed',
      `Failed to start psql: ${error instanceof Error ? error.message : error}.`,
      {
        code: 'PSQL_FAILED',
        hint: 'Use the built-in shell: --client builtin',
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
    host.signal.removeEventListener('abort', onAbort);
  }
}
