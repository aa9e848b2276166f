import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../../../src/audit/journal-record.ts';
import { reportEvents, trailRuns } from '../../../src/breakglass/report/report-events.ts';
import { code, reportMarkdown } from '../../../src/breakglass/report/report-markdown.ts';
import type { SessionReport } from '../../../src/breakglass/report/session-report.ts';

const strange = fc.string({ unit: 'binary', maxLength: 60 });
const noon = Date.UTC(2026, 10, 21, 12);

describe('strangers’ text in a report', () => {
  it('never leaves its code span, whatever it is', () => {
    const tricky = fc
      .array(fc.constantFrom('`', '``', ' ', '\n', '|', '<b>', '@here', '](x)', '\\', '# '), { maxLength: 9 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(strange, tricky), (text) => {
        const span = code(text);
        expect(span).not.toMatch(/[\n\r\u0000-\u001f]/);
        const [fence = ''] = /^`+/.exec(span) ?? [];
        const inner = span.slice(fence.length, -fence.length);
        expect(span.endsWith(fence)).toBe(true);
        // CommonMark: a span ends at the first run of backticks as long as the one that began it.
        const runs = [...inner.matchAll(/`+/g)].map(([run]) => run.length);
        expect(runs).not.toContain(fence.length);
        expect(inner).not.toMatch(/^`|`$/);
      }),
    );
  });

  it('adds no line and no heading of its own', () => {
    fc.assert(
      fc.property(strange, strange, (said, summary) => {
        const report = (text: string): SessionReport => ({
          id: 'BG-01M7ZE1ZKMZ492KT1PDCJG7F3K',
          source: 'archive',
          facts: [['Reason', text]],
          approvers: [{ userName: text, note: text }],
          timeline: [{ at: noon, what: text, said: text, from: 'client' }],
          targets: [text],
          ran: [{ at: noon, what: text, text }],
          sources: undefined,
          files: [],
          missing: [text],
          findings: [{ code: 'gap', message: text }],
          summary: summary.replaceAll('\n', ' '),
        });
        const shape = (markdown: string) => markdown.split('\n').map((line) => line.slice(0, 2));
        expect(shape(reportMarkdown(report(said)))).toEqual(shape(reportMarkdown(report('x'))));
      }),
    );
  });
});

describe('what was run', () => {
  it('is read from journal and streams, and what is no line of either is passed by', () => {
    const line = (event: object) =>
      encodeRecord(noon, '0'.repeat(64), event as { readonly type: string }).line;
    const { ran, targets, timeline } = reportEvents([
      { of: 'journal', text: line({ type: 'access.opened', purpose: 'db connect', target: 'prod-wealth' }) },
      { of: 'journal', text: line({ type: 'breakglass.session.closed', why: 'finished' }) },
      { of: 'journal', text: line({ type: 'access.opened', target: 'x' }).replace('x', 'forged') },
      { of: 'statements-a.jsonl', text: '{"at":"2026-11-21T12:00:01Z","type":"statement","sql":"select 1"}' },
      { of: 'statements-a.jsonl', text: '{"at":"2026-11-21T12:00:01Z","type":"outcome","statement":"1"}' },
      { of: 'statements-b.jsonl', text: '{"at":"2026-11-21T12:00:01Z","type":"statement","sql":"/* x"}' },
      { of: 'journal', text: line({ type: 'access.opened', purpose: 'ssm' }) },
      { of: 'statements-b.jsonl', text: '{"at":"2026-11-21T12:00:01Z","type":"text","sql":" */ drop"}' },
      { of: 'statements-b.jsonl', text: '{"at":"2026-11-21T12:00:01Z","type":"text","sql":" table a"}' },
      { of: 'shell-a.cast', text: '[0.1,"o","secret"]' },
      { of: 'statements-a.jsonl', text: 'rubbish' },
    ]);
    expect(ran.map(({ text }) => text)).toEqual([
      'db connect prod-wealth',
      'select 1',
      '/* x */ drop table a',
      'ssm',
    ]);
    expect(targets).toEqual(['prod-wealth']);
    expect(timeline.map(({ what }) => what)).toEqual(['breakglass.session.closed']);
  });

  it('is counted by call where CloudTrail tells it', () => {
    const event = (eventName: string, errorCode?: string) =>
      JSON.stringify({ eventSource: 'ssm.amazonaws.com', eventName, errorCode });
    expect(
      trailRuns([event('StartSession'), event('StartSession'), event('StartSession', 'AccessDenied'), '']),
    ).toEqual([
      { at: undefined, what: 'CloudTrail', text: 'ssm:StartSession × 2' },
      { at: undefined, what: 'CloudTrail', text: 'ssm:StartSession (AccessDenied) × 1' },
    ]);
  });
});
