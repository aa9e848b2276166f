import { ForgeError } from '../../errors.ts';
import { cleanLine, lineProblem, summaryLength } from '../protocol/document-parts.ts';

/** What an editor is opened with; what is written above stays, as in a commit of git. */
export function summaryTemplate(facts: readonly string[]): string {
  const lines = [
    'What was done, what was found, what is left to do? It is kept with the record for years.',
    'Lines that begin with # are left out; with no others there is no summary now.',
    '',
    ...facts,
  ];
  return `\n\n${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n`;
}

/** What was written into the template. */
export const withoutFacts = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');

/** What somebody wrote, as a document can have it; nothing of it is lost but what can't be seen. Undefined: nothing. */
export function summaryOf(text: string): { readonly summary: string; readonly cut: boolean } | undefined {
  const kept = text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  // Line feeds and tabs are the two that a summary may have.
  const clean = kept
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : (cleanLine(part, part.length) ?? part)))
    .join('');
  const summary = clean
    .slice(0, summaryLength)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd();
  return summary === '' ? undefined : { summary, cut: clean.length > summary.length };
}

/** One that was typed as an option: it is refused before anything happens. Throws usage INVALID_SUMMARY. */
export function checkedSummary(summary: string): string {
  const problem = lineProblem(summary.replace(/[\n\t]/g, ' '), summaryLength);
  if (problem === undefined) return summary;
  throw new ForgeError('usage', `The summary ${problem}.`, {
    code: 'INVALID_SUMMARY',
    hint: 'For example: --summary "restarted the payment worker"',
  });
}
