import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { firstPrevious, parseRecord } from './journal-record.ts';
import { readWholeLines } from './read-whole-lines.ts';
import type { FoundStream } from './statement-stream.ts';

export interface StreamProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Ends a sentence. */
  readonly reason: string;
}

/** Whether a stream is what the journal says of it, each line the successor of the one before. Undefined: it is. */
export function verifyStatements({ path, closed }: FoundStream): StreamProblem | undefined {
  const problem = (line: number, reason: string): StreamProblem => ({ file: path, line, reason });
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    return problem(1, 'the statements that the journal tells of are not there any more');
  const hash = createHash('sha256');
  let previous = firstPrevious;
  let line = 0;
  let end = 0;
  for (let lines = readWholeLines(path, 0); lines.length > 0; lines = readWholeLines(path, end)) {
    for (const { text, end: after } of lines) {
      line++;
      end = after;
      const record = parseRecord(text);
      if (record === undefined) return problem(line, 'this line was changed: it does not have its own hash');
      if (record.previous !== previous)
        return problem(line, 'lines before this one were taken away or changed');
      if (closed !== undefined && line > closed.lines)
        return problem(line, 'this line was added after the stream was closed');
      previous = record.hash;
      hash.update(`${text}\n`);
    }
  }
  if (closed === undefined) return undefined;
  if (line < closed.lines)
    return problem(line + 1, `the end was cut off: the journal knows of ${closed.lines} lines`);
  // With the right head nothing before it can be another; bytes behind the last line can.
  const size = statSync(path).size;
  if (previous !== closed.head || size !== closed.bytes || hash.digest('hex') !== closed.sha256)
    return problem(line, 'it is not what the journal says was written');
  return undefined;
}
