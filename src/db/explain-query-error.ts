import type { DatabaseError } from 'pg';
import { type ErrorKind, ForgeError } from '../errors.ts';
import { displayWidth } from '../terminal/display-width.ts';
import { WireFailure } from './wire/wire-failure.ts';

export interface QuerySource {
  readonly sql: string;
  /** The file it came from; undefined for the command line and stdin. */
  readonly file: string | undefined;
}

/** What the caller knows and the server does not say. */
export interface QueryFacts {
  /** The target as forge's commands take it. */
  readonly target: string;
  /** What to type to be allowed to write; undefined where this connection writes already. */
  readonly writeHint: string | undefined;
  /** What to type where statement_timeout is too short. */
  readonly timeoutHint: string;
}

/**
 * What the server refused, for a person: its sentence and SQLSTATE, the line with a caret, detail and context; the
 * last line is what to do. 42501 is denied (exit 5); a lost connection is unreachable (exit
 * 6); the server's own time limit is time-up (exit 7); all else failed.
 */
export function explainQueryError(error: unknown, source: QuerySource, facts: QueryFacts): ForgeError {
  if (error instanceof ForgeError) return error;
  if (error instanceof WireFailure && error.code === 'LENGTH') return rowTooLarge(error);
  if (!isDatabaseError(error)) return connectionLost(error, facts.target);
  const state = error.code ?? 'XX000';
  if (endsConnection(error)) return connectionLost(error, facts.target);
  const lines = [`${sentence(error.message)} (SQLSTATE ${state})`];
  const place = placeOf(error, source);
  if (place !== undefined) lines[0] += `, ${place.words}:`;
  if (place !== undefined) lines.push(`  ${place.line}`, `  ${place.caret}`);
  if (error.detail) lines.push(`Detail: ${error.detail}`);
  if (error.where) lines.push(`Context: ${error.where}`);
  return new ForgeError(kindOf(error), lines.join('\n'), {
    code: `SQLSTATE_${state}`,
    hint: hintFor(error, facts) ?? (error.hint || undefined),
    cause: error,
  });
}

export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}

/** FATAL and PANIC: the server, or the proxy before it, closes. https://www.postgresql.org/docs/current/errcodes-appendix.html (57P*, 08*). */
export function endsConnection(error: DatabaseError): boolean {
  return error.severity === 'FATAL' || error.severity === 'PANIC';
}

export function connectionLost(error: unknown, target: string): ForgeError {
  const said = isDatabaseError(error)
    ? `${sentence(error.message)} (SQLSTATE ${error.code})`
    : error instanceof Error && !/^Connection terminated/.test(error.message)
      ? sentence(error.message)
      : 'it gave no reason';
  return new ForgeError('unreachable', `The database closed the connection: ${said}.`, {
    code: 'CONNECTION_LOST',
    hint: `What was not committed is rolled back. Find out with: forge db check ${target}`,
    cause: error,
  });
}

function kindOf(error: DatabaseError): ErrorKind {
  if (error.code === '42501') return 'denied';
  return isStatementTimeout(error) ? 'time-up' : 'failed';
}

/** Where lc_messages is another language it counts as cancelled, by whomever. */
function isStatementTimeout({ code, message }: DatabaseError): boolean {
  return code === '57014' && /statement timeout/.test(message);
}

function rowTooLarge(error: WireFailure): ForgeError {
  return new ForgeError('failed', 'A single row is larger than 256 MiB, which forge does not take.', {
    code: 'ROW_TOO_LARGE',
    hint: 'Select a part of it, e.g. substring(column from 1 for 1000000), or use psql: forge db connect.',
    cause: error,
  });
}

function hintFor(error: DatabaseError, { writeHint, timeoutHint }: QueryFacts): string | undefined {
  const { code } = error;
  if (code === '25006')
    return writeHint === undefined ? undefined : `This connection is read-only. ${writeHint}`;
  if (code === '42501' && writeHint !== undefined) {
    return `If it is about writing: ${writeHint}`;
  }
  if (isStatementTimeout(error)) return timeoutHint;
  if (code === '57014') return 'Somebody else cancelled it on the server.';
  return undefined;
}

function sentence(message: string): string {
  return message.replace(/[.\s]+$/, '');
}

interface Place {
  readonly words: string;
  readonly line: string;
  readonly caret: string;
}

/** `position` counts characters (not UTF-16 units) from 1 in what was sent; `internalPosition` in a function's SQL. */
function placeOf(error: DatabaseError, source: QuerySource): Place | undefined {
  const inner = error.internalQuery !== undefined && error.internalPosition !== undefined;
  const sql = inner ? (error.internalQuery ?? '') : source.sql;
  const position = Number(inner ? error.internalPosition : error.position);
  const characters = [...sql];
  if (!Number.isInteger(position) || position < 1 || position > characters.length + 1) return undefined;
  const before = characters.slice(0, position - 1).join('');
  const lineStart = before.lastIndexOf('\n') + 1;
  const number = before.split('\n').length;
  const column = [...before.slice(lineStart)].length + 1;
  const end = sql.indexOf('\n', lineStart);
  const line = visible(sql.slice(lineStart, end < 0 ? undefined : end));
  const where = inner ? ' of the function' : source.file === undefined ? '' : ` of ${source.file}`;
  return { words: `line ${number}, column ${column}${where}`, ...excerpt(line, column - 1) };
}

/** At most 100 columns of a long line, with the place within. */
function excerpt(line: string, offset: number): { line: string; caret: string } {
  const characters = [...line];
  const start = characters.length <= 100 ? 0 : Math.max(0, Math.min(offset - 50, characters.length - 100));
  const left = start > 0 ? '…' : '';
  const right = start + 100 < characters.length ? '…' : '';
  const prefix = left + characters.slice(start, offset).join('');
  return {
    line: left + characters.slice(start, start + 100).join('') + right,
    caret: `${' '.repeat(displayWidth(prefix))}^`,
  };
}

/** One column for each character that is not printed, so that the caret stays under its place. */
function visible(line: string): string {
  return line.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
