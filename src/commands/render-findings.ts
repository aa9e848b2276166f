import type { Finding } from '../breakglass/doctor/finding.ts';
import type { Style } from '../terminal/style.ts';

/** What a doctor found, a line each and what to do below it. */
export function renderFindings(findings: readonly Finding[], style: Style): string {
  const width = Math.max(...findings.map(({ check }) => check.length)) + 2;
  const marks = {
    ok: style.good('ok       '),
    bad: style.danger('BAD      '),
    unseen: style.bold("can't see"),
    other: style.dim('-        '),
  };
  return findings
    .map(({ check, verdict, detail, hint }) => {
      const lines = [style.plain(detail), ...(hint === undefined ? [] : hint.split('\n').map(style.bold))];
      return `${style.plain(check.padEnd(width))}${marks[verdict]}  ${lines.join(`\n${' '.repeat(width + 11)}`)}`;
    })
    .join('\n');
}

/** The same for a script. */
export const findingsData = (findings: readonly Finding[]) =>
  findings.map((finding) => ({ ...finding, hint: finding.hint ?? null }));
