import type { ContextEntries } from '../../iam/request-context.ts';
import { checkGroups } from '../../infra/check.ts';
import type { CheckResult } from '../../infra/judge-deployment.ts';
import { wrapWords } from '../../lib/wrap-words.ts';
import type { Style } from '../../terminal/style.ts';

/** Grouped; without `all` only what is not as it must be. Each with what was asked, and what to change. */
export function renderChecks(results: readonly CheckResult[], all: boolean, style: Style): string {
  return checkGroups
    .flatMap((group) => {
      const shown = results.filter((result) => result.group === group && (all || result.verdict !== 'pass'));
      if (shown.length === 0) return [];
      return [style.bold(group), ...shown.map((result) => renderOne(result, style)), ''];
    })
    .join('\n')
    .trimEnd();
}

const marks = { pass: 'pass   ', fail: 'FAIL   ', unknown: 'unknown' } as const;

function renderOne(result: CheckResult, style: Style): string {
  const { verdict, id, title, asked, wrong } = result;
  const tone = { pass: style.good, fail: style.danger, unknown: style.bold }[verdict];
  const times = asked > 1 ? ` (${wrong > 0 ? `${wrong} of ${asked}` : `asked ${asked} times`})` : '';
  const [first = '', ...others] = wrapped(`${title}  ${id}${times}`, style).map((line) => {
    const [before = '', after] = line.split(id);
    return after === undefined ? style.plain(line) : style.plain(before) + style.dim(id) + style.plain(after);
  });
  const head = [`  ${tone(marks[verdict])}  ${first}`, ...others.map(indented)];
  if (verdict === 'pass') return head.join('\n');
  const lines = [
    // Of a check that found nothing to ask there is nothing to say here.
    ...(result.action === '-' && result.resource === '-'
      ? []
      : [`${result.who === '-' ? '' : `${result.who}: `}${result.action} on ${result.resource}`]),
    ...contextLine(result.context),
    `expected ${result.expected}, found ${result.found}`,
  ];
  const rest = verdict === 'fail' ? [`Why it matters: ${result.why}`, `To do: ${result.fix}`] : [];
  const below = [...lines, ...rest].flatMap((line) => wrapped(line, style)).map((line) => style.plain(line));
  return [...head, ...below.map(indented)].join('\n');
}

/** As wide as the mark before it. */
const indent = 11;
const indented = (line: string): string => `${' '.repeat(indent)}${line}`;

/** For a person; what reads a pipe gets each thing on one line. */
function wrapped(line: string, { width }: Style): readonly string[] {
  if (width === undefined) return [line];
  const room = Math.max(20, width - indent);
  return wrapWords(line, room, room);
}

function contextLine(context: ContextEntries | undefined): readonly string[] {
  const entries = Object.entries(context ?? {}).map(
    ([key, value]) =>
      `${key}=${value === undefined ? '(absent)' : Array.isArray(value) ? value.join(',') : value}`,
  );
  return entries.length === 0 ? [] : [`with ${entries.join(' ')}`];
}

export function checkSummary(results: readonly CheckResult[], kind: 'plan' | 'state'): string {
  const count = (verdict: CheckResult['verdict']) =>
    results.filter((result) => result.verdict === verdict).length;
  const asked = results.reduce((sum, result) => sum + result.asked, 0);
  const parts = [
    `${count('pass')} pass`,
    `${count('fail')} fail`,
    ...(count('unknown') > 0 ? [`${count('unknown')} unknown`] : []),
  ];
  const later =
    kind === 'plan' && count('unknown') > 0 ? ' After apply: terraform show -json | forge infra check -' : '';
  return `${results.length} checks of this ${kind}, ${asked} questions: ${parts.join(', ')}.${later}`;
}
