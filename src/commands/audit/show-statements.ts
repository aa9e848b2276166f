import { statSync } from 'node:fs';
import { findRecords } from '../../audit/find-records.ts';
import { type LoggedStatement, readStatementLog } from '../../audit/logged-statements.ts';
import { readWholeLines } from '../../audit/read-whole-lines.ts';
import { statementStreams, statementsName } from '../../audit/statement-stream.ts';
import { chainProblem } from '../../audit/verify-statements.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { Style } from '../../terminal/style.ts';
import { deliveredTwice } from './delivered-twice.ts';
import { archivePlan, journalPlan } from './plan-audit.ts';
import { statementText } from './statement-text.ts';

/** The statements of one access. */
interface AccessStatements {
  readonly id: string;
  readonly breakGlass: string | undefined;
  readonly target: string | undefined;
  readonly person: string | undefined;
  /** A file, or the archive's bucket. */
  readonly path: string;
  readonly lines: Iterable<string>;
  /** What is not there of it. */
  readonly missing: string | undefined;
}

/** What ran on databases in one access, or in all of a break-glass session, as a query log. */
export async function showStatements(context: Context, typed: string, archive: boolean): Promise<void> {
  const { output } = context;
  if (context.globals.plan) {
    if (!archive) return output.plan(journalPlan(`Show the statements of ${typed}.`));
    const { archivePlace } = await import('../../breakglass/archive/archive-place.ts');
    const place = archivePlace(await context.config());
    return output.plan(archivePlan(place, `Show the statements of ${typed}.`, 'sessions/', false));
  }
  const found = archive ? await inArchive(context, typed) : await onThisMachine(context, typed);
  if (found.length === 0) throw noStatements(typed, archive);
  const logs = found.map((access) => ({ ...access, ...readStatementLog(access.lines) }));
  output.result({
    data: logs.map(({ id, breakGlass, target, person, path, missing, statements }) => ({
      id,
      breakglass: breakGlass ?? null,
      target: target ?? null,
      person: person ?? null,
      path,
      whole: missing === undefined,
      statements: statements.map(jsonOf),
    })),
    text: (style) => logs.map((log) => textOf(log, style)).join('\n\n'),
  });
  for (const { path, unreadable, missing } of logs) {
    if (missing !== undefined) output.warn(`${path}: ${missing}`);
    if (unreadable > 0)
      output.warn(`${path}: ${unreadable} of its lines are no records of forge's. Which: forge audit verify`);
  }
}

async function onThisMachine({ host }: Context, typed: string): Promise<readonly AccessStatements[]> {
  const { records } = await findRecords(host, typed);
  const openings = new Map(
    records.flatMap(({ event }) => (event.type === 'access.opened' ? [[event.id, event] as const] : [])),
  );
  return statementStreams(host, records).map(({ id, breakGlass, path }) => {
    const opening = openings.get(id);
    const there = statSync(path, { throwIfNoEntry: false }) !== undefined;
    return {
      id,
      breakGlass,
      target: textIn(opening?.target),
      person: textIn(opening?.person),
      path,
      lines: there ? linesIn(path) : [],
      missing: there ? undefined : 'the statements that the journal tells of are not there any more.',
    };
  });
}

async function inArchive(context: Context, typed: string): Promise<readonly AccessStatements[]> {
  const [{ archivePlace, auditorAccount }, { archivedStreams }, { identityParts }] = await Promise.all([
    import('../../breakglass/archive/archive-place.ts'),
    import('../../breakglass/archive/archived-streams.ts'),
    import('../../identity/identity-parts.ts'),
  ]);
  const place = archivePlace(await context.config());
  const bucket = place.archiveBucket;
  using _progress = context.output.progress(`reading ${bucket}`);
  const account = auditorAccount(identityParts(context), place);
  const { session, streams, events } = await archivedStreams(account, bucket, typed);
  return streams.flatMap(({ name, bytes, whole, another }) => {
    const id = /^statements-(.+)\.jsonl$/.exec(name)?.[1];
    if (id === undefined || statementsName(id) !== name) return [];
    const opening = events.find((event) => event.type === 'access.opened' && event.id === id);
    const lines = bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    // Of two words about its end the one that was archived first is to count, and the last one that is read does.
    const own = events.toReversed().filter((event) => event.id === id);
    const [stream] = statementStreams(
      context.host,
      own.map((event) => ({ event })),
    );
    const problem = chainProblem(lines, stream?.closed);
    return {
      id,
      breakGlass: session,
      target: textIn(opening?.target),
      person: textIn(opening?.person),
      path: `${bucket}/sessions/${session}`,
      lines,
      missing: another
        ? deliveredTwice
        : whole
          ? problem && `line ${problem.line}: ${problem.reason}.`
          : 'pieces between others were not delivered.',
    };
  });
}

function* linesIn(path: string): Generator<string> {
  let end = 0;
  for (let lines = readWholeLines(path, 0); lines.length > 0; lines = readWholeLines(path, end)) {
    end = lines.at(-1)?.end ?? end;
    for (const { text } of lines) yield text;
  }
}

function textOf(
  { id, target, person, statements }: AccessStatements & { readonly statements: readonly LoggedStatement[] },
  style: Style,
): string {
  const where = [target, person].filter((word) => word !== undefined).join('  ');
  const head = `${style.dim(id)}  ${style.bold(where)}`;
  if (statements.length === 0) return `${head}\n${style.plain('No statement was run.')}`;
  return [head, ...statements.map((statement) => statementText(statement, style))].join('\n');
}

function jsonOf({ length, values, outcome, connection, application, transaction, ...rest }: LoggedStatement) {
  return {
    ...rest,
    length: length ?? null,
    values,
    connection: connection ?? null,
    application: application ?? null,
    transaction: transaction ?? null,
    outcome:
      outcome === undefined
        ? null
        : { ...outcome, tags: outcome.tags ?? null, sqlState: outcome.sqlState ?? null },
  };
}

function noStatements(typed: string, archive: boolean): ForgeError {
  const where = archive ? 'in the archive' : 'on this machine';
  return new ForgeError('usage', `No statements of ${JSON.stringify(typed)} are ${where}.`, {
    code: 'NO_STATEMENTS',
    hint: 'They are recorded in production, in break-glass, and through forge db proxy. All of an access: forge audit show <id>',
  });
}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
