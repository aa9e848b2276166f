import { join } from 'node:path';
import type { Host } from '../host.ts';
import type { JournalRecord } from './journal-record.ts';
import { isStreamName, streamsFolder } from './stream-file.ts';

/** The stream of statements that one access ran on a database: its name in streams/<session>/. */
export const statementsName = (access: string): string => `statements-${access}.jsonl`;

export const isStatementsName = (name: string): boolean => /^statements-[^/]+\.jsonl$/.test(name);

export interface FoundStream {
  /** Of the access. */
  readonly id: string;
  readonly breakGlass: string | undefined;
  readonly path: string;
  /** Undefined: it is still written to, or its forge was killed. */
  readonly closed: ClosedStream | undefined;
}

/** What the journal says of a stream at its end. */
export interface ClosedStream {
  readonly lines: number;
  readonly head: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Those that these records tell of, in the order in which they were opened. */
export function statementStreams(
  host: Pick<Host, 'directories'>,
  records: readonly Pick<JournalRecord, 'event'>[],
): readonly FoundStream[] {
  const found = new Map<string, FoundStream>();
  for (const { event } of records) {
    const { type, id, breakglass, file } = event;
    if (type !== 'statements.opened' && type !== 'statements.closed') continue;
    // Whoever can write the journal can put any name into it.
    const session = breakglass ?? id;
    if (![id, session, file].every((name) => typeof name === 'string' && isStreamName(name))) continue;
    const path = join(streamsFolder(host), String(session), String(file));
    const closed = type === 'statements.closed' ? closedStream(event) : found.get(path)?.closed;
    const breakGlass = typeof breakglass === 'string' ? breakglass : undefined;
    found.set(path, { id: String(id), breakGlass, path, closed });
  }
  return [...found.values()];
}

export function closedStream({ lines, head, bytes, sha256 }: JournalRecord['event']): ClosedStream {
  return { lines: Number(lines), head: String(head), bytes: Number(bytes), sha256: String(sha256) };
}
