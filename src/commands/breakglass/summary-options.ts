import { checkedSummary, summaryOf } from '../../breakglass/evidence/summary-text.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { readSmallFile } from '../../files/read-small-file.ts';

export interface SummaryOptions {
  readonly summary?: string;
  readonly summaryFile?: string;
}

export const summaryOptions = [
  { flags: '--summary <text>', description: 'what was done, for the record, when it ends' },
  { flags: '--summary-file <file>', description: 'the same, from a file that is read when it ends' },
];

/** Before anything is done. Throws usage for a summary that no record can have. */
export function checkSummary({ summary, summaryFile }: SummaryOptions): void {
  if (summary !== undefined) checkedSummary(summary);
  if (summary === undefined || summaryFile === undefined) return;
  throw new ForgeError('usage', 'The summary is given twice.', {
    code: 'USAGE',
    hint: 'Leave out --summary or --summary-file.',
  });
}

/** What was given, read now; undefined: nothing was. Throws what keeps the file from being read, and INVALID_SUMMARY. */
export function givenSummary({ summary, summaryFile }: SummaryOptions): string | undefined {
  if (summaryFile === undefined) return summary;
  const text = readSmallFile(summaryFile);
  const found = text === undefined ? undefined : summaryOf(text);
  if (found !== undefined && !found.cut) return found.summary;
  const why = text === undefined ? 'There is no file' : 'There is no summary of 1 to 8000 characters in';
  throw new ForgeError('usage', `${why} ${summaryFile}.`, {
    code: 'INVALID_SUMMARY',
    hint: 'Write down what was done, or say it in a line: --summary "restarted the payment worker"',
  });
}

/** A file that can't be read at the end must not keep the access standing: the question is asked in its place. */
export function readSummary(
  { output }: Pick<Context, 'output'>,
  options: SummaryOptions,
): string | undefined {
  try {
    return givenSummary(options);
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    output.warn(error.message);
    return undefined;
  }
}
