import type { Client } from 'pg';
import { ForgeError, interruption } from '../errors.ts';
import { escapeForTerminal } from '../lib/escape-for-terminal.ts';
import { commitCounted } from './commit-counted.ts';
import {
  endsConnection,
  explainQueryError,
  isDatabaseError,
  type QueryFacts,
  type QuerySource,
} from './explain-query-error.ts';
import type { ResultFormat } from './result-format.ts';
import { createRowWriter, type Sink } from './row-writer.ts';
import { type QueryEvents, StreamedQuery } from './streamed-query.ts';

/** The part of a DatabaseSession that running a query takes. */
export interface QuerySession {
  readonly client: Client;
  /** Asks the server, over a connection of its own, to stop what this one runs. */
  cancel(): Promise<void>;
}

export interface QueryRun {
  readonly source: QuerySource;
  /** For $1, $2 …; with any, the text must be one statement. */
  readonly values: readonly string[];
  readonly format: ResultFormat;
  /** Given when the sink is a terminal: escapes what must not reach one. */
  readonly filter?: ((text: string) => string) | undefined;
  readonly sink: Sink;
  /** Its reason is a signal's name. */
  readonly signal: AbortSignal;
  readonly timeoutMilliseconds?: number | undefined;
  /** In a transaction of its own, which is committed when all that it printed is out. */
  readonly transaction?: boolean | undefined;
  readonly facts: QueryFacts;
  /** A statement that printed no rows, or changed some, is done: `UPDATE 3`. */
  readonly onTag: (tag: string) => void;
}

export interface QueryCounts {
  readonly results: number;
  readonly rows: number;
}

/**
 * Runs SQL and writes rows as they arrive, with the socket standing still while the reader does. On a signal, the
 * time limit, or a reader that went away it is cancelled on the server before this rejects.
 * @throws ForgeError as explainQueryError says; interrupted, terminated; QUERY_TIMED_OUT, MANY_RESULTS, COPY_FROM_STDIN
 */
export async function runQuery(session: QuerySession, run: QueryRun): Promise<QueryCounts> {
  const { client } = session;
  const stream = socketOf(client);
  const { format, signal, timeoutMilliseconds: limit } = run;
  const filter = run.filter ?? ((text: string) => text);
  let results = 0;
  let rows = 0;
  let inResult = false;
  let tag: string | undefined;
  let stopped: Stopped | undefined;
  let giveUp: NodeJS.Timeout | undefined;
  let fate = run.transaction === true ? 'had finished, and keeps nothing of it' : 'had already finished';
  const isStopped = () => stopped !== undefined;

  const writer = createRowWriter(stream, run.sink, (error) =>
    stop(
      signal.aborted
        ? forSignal(signal)
        : { kind: 'failed', words: writeFailed(error), code: 'OUTPUT_FAILED' },
    ),
  );
  const stop = (why: Stopped) => {
    if (stopped !== undefined) return;
    stopped = why;
    writer.drop();
    session.cancel().catch(() => {});
    // A server that does not answer must not keep the person: the connection is of no more use.
    giveUp = setTimeout(() => stream.destroy(), giveUpMilliseconds);
  };
  const guarded = (step: () => void) => {
    if (stopped !== undefined) return;
    try {
      step();
    } catch (error) {
      stop({ kind: 'failed', words: writeFailed(error), code: 'OUTPUT_FAILED' });
    }
  };
  const events: QueryEvents = {
    columns: (columns) =>
      guarded(() => {
        if (results > 0 && !format.manyResults) return stop(manyResults);
        results++;
        inResult = true;
        writer.writeText(filter(format.begin(columns)));
      }),
    row: (values) =>
      guarded(() => {
        rows++;
        writer.writeText(filter(format.row(values)));
      }),
    complete: (text) => {
      tag = text;
      guarded(() => {
        if (inResult) writer.writeText(filter(format.end()));
        // INSERT … RETURNING prints rows and has changed some.
        if (!inResult || /^(INSERT|UPDATE|DELETE|MERGE)\b/.test(text)) run.onTag(text);
        inResult = false;
      });
    },
    copyData: (chunk) =>
      guarded(() => {
        if (run.filter === undefined) writer.writeBytes(chunk);
        else writer.writeText(escapeForTerminal(Buffer.from(chunk).toString()));
      }),
  };

  const onAbort = () => stop(forSignal(signal));
  const query = new StreamedQuery(run.source.sql, run.values, events);
  const timer =
    limit === undefined
      ? undefined
      : setTimeout(
          () =>
            stop({
              kind: 'time-up',
              words: `The time limit of ${limit / 1000} s is over`,
              code: 'QUERY_TIMED_OUT',
            }),
          limit,
        );
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    if (run.transaction === true) await client.query('BEGIN');
    if (!isStopped()) {
      client.query(query);
      await query.finished;
    }
    guarded(() => writer.writeText(filter(format.close())));
    await writer.drain();
    if (run.transaction === true && !isStopped()) {
      await commitCounted(client, run.facts.target);
      fate = 'had already committed';
      run.onTag('COMMIT');
    }
    if (stopped === undefined) return { results, rows };
    throw stoppedError(stopped, writer.written, `the server ${fate} (${tag ?? 'nothing to do'})`);
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    if (signal.aborted && stopped === undefined) throw interruption(signal.reason);
    if (stopped !== undefined) throw stoppedError(stopped, writer.written, fateOf(error, run.transaction));
    if (query.copyInRefused) throw copyFromStdin();
    await writer.drain();
    throw incomplete(explainQueryError(error, run.source, run.facts), writer.written);
  } finally {
    clearTimeout(timer);
    clearTimeout(giveUp);
    signal.removeEventListener('abort', onAbort);
  }
}

const giveUpMilliseconds = 3_000;

/** Why a run was ended from this side. */
interface Stopped {
  readonly kind: 'interrupted' | 'terminated' | 'failed' | 'time-up' | 'usage';
  readonly words: string;
  readonly code: string;
  readonly hint?: string;
}

const manyResults: Stopped = {
  kind: 'usage',
  words: 'A second statement returned rows, and this format holds one result',
  code: 'MANY_RESULTS',
  hint: 'Use --output table or ndjson, or run the statements one by one.',
};

function forSignal(signal: AbortSignal): Stopped {
  const { kind, message, code } = interruption(signal.reason);
  return { kind: kind === 'terminated' ? kind : 'interrupted', words: message.replace(/\.$/, ''), code };
}

/** What became of the query on the server, from how it ended there. */
function fateOf(error: unknown, transaction: boolean | undefined): string {
  if (!isDatabaseError(error)) return 'the server did not answer the cancel, and may still be at it';
  if (endsConnection(error)) return 'the connection was lost, and the server may still be at it';
  const kept = transaction === true ? ', and nothing of it is kept' : '';
  return error.code === '57014'
    ? `the query was cancelled on the server${kept}`
    : `the query had failed on the server${kept}`;
}

function stoppedError(stopped: Stopped, written: boolean, fate: string): ForgeError {
  return incomplete(new ForgeError(stopped.kind, `${stopped.words}; ${fate}.`, stopped), written);
}

function incomplete(error: ForgeError, written: boolean): ForgeError {
  if (!written) return error;
  return new ForgeError(error.kind, `${error.message}\nThe output is incomplete.`, error);
}

function copyFromStdin(): ForgeError {
  return new ForgeError('usage', "Can't feed COPY … FROM STDIN: SQL and rows would share one stdin.", {
    code: 'COPY_FROM_STDIN',
    hint: String.raw`Load rows with psql's \copy: forge db connect <target> --write -- -c "\copy table from 'file.csv' csv header"`,
  });
}

function writeFailed(error: unknown): string {
  return `Failed to write the output (${error instanceof Error ? error.message : String(error)})`;
}

/** Not in @types/pg, which leaves the connection out. */
function socketOf(client: Client): Destroyable {
  return (client as unknown as { connection: { stream: Destroyable } }).connection.stream;
}

interface Destroyable {
  pause(): void;
  resume(): void;
  destroy(): void;
}
