import { escapeForTerminal } from '../lib/escape-for-terminal.ts';
import type { Style } from '../terminal/style.ts';
import type { Outcome } from './fan-out.ts';

/** One instance's part of the output: a head, then what it wrote, escaped. Ends with a line feed. */
export function outcomeText(outcome: Outcome, style: Style): string {
  const { instanceId, name, ok, status, exitCode, stdout, stderr } = outcome;
  const who = name === null ? instanceId : `${name} (${instanceId})`;
  const how = ok ? 'ok' : exitCode === null || exitCode === 0 ? words(status) : `exit ${exitCode}`;
  const lines = [`${style.bold(`── ${who}`)} ${ok ? style.good(how) : style.danger(how)}`];
  for (const text of [stdout, stderr]) {
    const shown = escapeForTerminal(text.replaceAll('\r\n', '\n')).replace(/\n+$/, '');
    if (shown !== '') lines.push(shown);
  }
  if (outcome.truncated) {
    lines.push(style.dim('(AWS keeps 24 000 characters of stdout and 8 000 of stderr)'));
  }
  return `${lines.join('\n')}\n`;
}

/** `19 of 20 instances ok; failed: web-3`. */
export function outcomeSummary(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ ok }) => !ok);
  const total = `${outcomes.length - failed.length} of ${outcomes.length} instance${outcomes.length === 1 ? '' : 's'} ok`;
  if (failed.length === 0) return `${total}.`;
  const names = failed.slice(0, 10).map(({ name, instanceId }) => name ?? instanceId);
  return `${total}; failed: ${names.join(', ')}${failed.length > 10 ? ` and ${failed.length - 10} more` : ''}.`;
}

/** `DeliveryTimedOut` → `delivery timed out`. */
function words(status: string): string {
  return status === 'NotRun' ? 'not run' : status.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
