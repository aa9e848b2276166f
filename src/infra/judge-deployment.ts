import type { Check, CheckGroup, Finding, Judged } from './check.ts';

export interface CheckResult extends Finding {
  readonly id: string;
  readonly group: CheckGroup;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** How often the question was put, and how often the answer was wrong. */
  readonly asked: number;
  readonly wrong: number;
}

/** Every check, with the first answer that is wrong (else the first that is not known, else the first). Pure. */
export function judgeDeployment(checks: readonly Check[], judged: Judged): readonly CheckResult[] {
  const asked = checks.filter(({ applies }) => applies?.(judged.intent) !== false);
  return asked.map(({ find, applies: _, ...rule }) => {
    const findings = find(judged);
    const of = (verdict: Finding['verdict']) => findings.filter((finding) => finding.verdict === verdict);
    const shown = of('fail')[0] ?? of('unknown')[0] ?? findings[0] ?? nothingToAsk;
    return { ...rule, ...shown, asked: findings.length, wrong: of('fail').length };
  });
}

/** Who or what it asks about is not in the plan: that is no pass. */
const nothingToAsk: Finding = {
  verdict: 'unknown',
  who: '-',
  action: '-',
  resource: '-',
  expected: 'something to ask about',
  found: 'nothing of it in the plan',
};
