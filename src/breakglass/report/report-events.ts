import { parseRecord } from '../../audit/journal-record.ts';
import { parseJsonObject } from '../../lib/json-object.ts';
import type { Moment, Run, SessionReport } from './session-report.ts';

/** One line of a journal or stream: what somebody's own forge says. */
export interface ClientLine {
  /** `journal`, or the name of a stream file. */
  readonly of: string;
  readonly text: string;
}

/** Runs that are shown; a statement a second for a night is for programs. */
const mostRuns = 2_000;

/** What the person's own forge says was done. Pure; lines that are none are passed by. */
export function reportEvents(
  lines: readonly ClientLine[],
): Pick<SessionReport, 'timeline' | 'targets' | 'ran' | 'summary'> {
  const timeline: Moment[] = [];
  const ran: Run[] = [];
  const targets = new Set<string>();
  /** By stream: where its last statement is among `ran`, for a long text goes on in the lines behind it. */
  const latest = new Map<string, number>();
  let summary: string | undefined;
  for (const { of, text } of lines) {
    const event = of === 'journal' ? parseRecord(text)?.event : streamEvent(of, text);
    if (event === undefined) continue;
    const at = Date.parse(String(event.at));
    // Outcomes are told by the statements' own log; a report names what was run.
    if (Number.isNaN(at) || event.type === 'outcome' || event.type === 'seal') continue;
    if (event.type === 'text') {
      const place = latest.get(of) ?? -1;
      const run = ran[place];
      if (run !== undefined) ran[place] = { ...run, text: run.text + (textOf(event.sql) ?? '') };
      continue;
    }
    const target = textOf(event.target);
    if (target !== undefined) targets.add(target);
    if (textOf(event.summary) !== undefined) summary = textOf(event.summary);
    const what = textOf(event.type) ?? of;
    const said = ['purpose', 'program', 'target', 'path', 'sql', 'statement', 'command', 'why', 'outcome']
      .flatMap((name) => textOf(event[name]) ?? [])
      .join(' ');
    if (runTypes.test(what)) {
      latest.set(of, ran.length);
      if (ran.length < mostRuns) ran.push({ at, what, text: said });
    } else timeline.push({ at, what, said: said || undefined, from: 'client' });
  }
  return { timeline, targets: [...targets], ran, summary };
}

/** What was done, as against how the session went. */
const runTypes = /^(?:access\.(?:opened|copying)|statement|command|sql|db\.|kube\.|ssm\.)/;

/** A recorded shell is played, not read: forge audit replay. */
function streamEvent(of: string, text: string): Readonly<Record<string, unknown>> | undefined {
  return of.endsWith('.jsonl') ? parseJsonObject(text) : undefined;
}

/** What CloudTrail saw, counted by call: the server's own word for what was run. */
export function trailRuns(lines: readonly string[]): readonly Run[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const event = parseJsonObject(line);
    const [source, name] = [textOf(event?.eventSource), textOf(event?.eventName)];
    if (source === undefined || name === undefined) continue;
    const failed = textOf(event?.errorCode);
    const call = `${source.replace('.amazonaws.com', '')}:${name}${failed === undefined ? '' : ` (${failed})`}`;
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([call, count]) => ({ at: undefined, what: 'CloudTrail', text: `${call} × ${count}` }));
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
