import { escapeLine } from '../../lib/escape-for-terminal.ts';
import { utc } from './report-records.ts';
import type { SessionReport } from './session-report.ts';

/**
 * A post-incident record in Markdown (CommonMark), times in UTC. Strangers' text stands in code spans, where nothing of it
 * is a link, a mention, an image or a heading. Pure.
 */
export function reportMarkdown(report: SessionReport): string {
  const { id, facts, approvers, timeline, targets, ran, files, missing, findings, summary } = report;
  const section = (title: string, lines: readonly string[], none: string) => [
    '',
    `## ${title}`,
    '',
    ...(lines.length === 0 ? [none] : lines),
  ];
  const moments = [...timeline].sort((a, b) => a.at - b.at);
  return [
    `# Break-glass session ${id}`,
    '',
    origins[report.source],
    '',
    ...facts.map(([title, value]) => `- ${title}: ${code(value)}`),
    ...section('Summary', summary === undefined ? [] : summary.split('\n').map(quoted), 'None was written.'),
    ...section(
      'Approved by',
      approvers.map(
        ({ userName, note }) => `- ${code(userName)}${note === undefined ? '' : `: ${code(note)}`}`,
      ),
      'Nobody was asked.',
    ),
    ...section(
      'Timeline',
      moments.map(({ at, what, said, from }) => {
        const who = from === 'client' ? ' (their own forge)' : '';
        const words = said === undefined ? '' : `: ${code(said)}`;
        return `- ${utc(at)}  ${from === 'client' ? code(what) : what}${words}${who}`;
      }),
      'Nothing is on record.',
    ),
    ...section(
      'Targets',
      targets.map((target) => `- ${code(target)}`),
      'None is named.',
    ),
    ...section(
      'What was run',
      ran.map(
        ({ at, what, text }) => `- ${at === undefined ? '' : `${utc(at)}  `}${code(what)} ${code(text)}`,
      ),
      'Nothing was delivered that says so.',
    ),
    ...section('Evidence', evidenceLines(report), 'None is there.'),
    ...(files.length === 0
      ? []
      : [
          '',
          ...files.map(({ name, bytes, sha256 }) => `- ${code(name)}: ${bytes} bytes, SHA-256 ${sha256}`),
        ]),
    ...(missing.length === 0 ? [] : ['', ...missing.map((text) => `- Missing: ${code(text)}`)]),
    ...section(
      'Verification',
      findings === undefined
        ? ['Was not verified: that needs the right to read the archive.']
        : findings.map(({ code: name, message }) => `- ${name}: ${code(message)}`),
      'The archive of this session has no finding.',
    ),
    '',
  ].join('\n');
}

const origins = {
  archive: 'From the archive: records and files as AWS’s own events and the person’s forge left them.',
  records: 'From the records alone: the files beside them are for auditors.',
  journal: 'From the journal of one machine, by its own owner: what was not sealed yet proves nothing.',
} as const;

function evidenceLines({ sources }: SessionReport): readonly string[] {
  if (sources === undefined) return ['- not collected yet'];
  const names = {
    cloudtrail: 'CloudTrail',
    ssm: 'SSM transcripts',
    eksAudit: 'EKS audit log',
    pgaudit: 'database log',
  };
  return Object.entries(names).map(
    ([name, title]) => `- ${title}: ${sources[name as keyof typeof names] ?? 'absent'}`,
  );
}

const quoted = (line: string): string => (line === '' ? '>' : `> ${code(line)}`);

/**
 * One line of strangers' text as a code span: its fence is longer than any run of backticks in it, so nothing ends it early.
 * https://spec.commonmark.org/0.31.2/#code-spans
 */
export function code(text: string): string {
  const line = escapeLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // Blanks at both ends are taken away again by whoever reads it.
  const padded = /^[` ]|[` ]$/.test(line) || line === '' ? ` ${line} ` : line;
  return `${fence}${padded}${fence}`;
}
