import { resolve } from 'node:path';
import { archivePlace } from '../../breakglass/archive/archive-place.ts';
import { readReport } from '../../breakglass/report/read-report.ts';
import { reportMarkdown } from '../../breakglass/report/report-markdown.ts';
import { utc } from '../../breakglass/report/report-records.ts';
import { defineCommand } from '../../command.ts';
import { replaceFile } from '../../files/replace-file.ts';
import { archivePlan } from '../audit/plan-audit.ts';
import { breakGlassParts } from './break-glass-parts.ts';

export default defineCommand<{ readonly file?: string }>({
  description: 'Writes the post-incident record of a break-glass session, as Markdown.',
  arguments: [{ name: '<id>', description: 'of the session: bg-7f3k, ev-1c3d or un-0f2e' }],
  options: [{ flags: '--file <path>', description: 'where to write (default: stdout)' }],
  examples: [
    ['forge breakglass report bg-7f3k', 'to read, or to paste into the incident'],
    ['forge breakglass report ev-1c3d --file incident.md', 'into a file'],
    ['forge breakglass report bg-7f3k --output json', 'the same facts for a script'],
  ],
  details: `Who asked and approved, what was opened, run and copied, how it ended, which evidence is there and what verifying finds. Auditors
get all of it from the archive; approvers what the records say; others what the journal of this machine has, and the report says
so. Times are UTC. What strangers wrote stands in code spans, where it is no link and no mention.`,
  async run(context, { args, options }) {
    const { host, output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    const typed = args[0] ?? '';
    if (globals.plan)
      return output.plan(archivePlan(archivePlace(place.config), `Report ${typed}.`, 'sessions/', false));
    using progress = output.progress(`Reading what there is of ${typed}`);
    const report = await readReport(parts, place, typed);
    progress[Symbol.dispose]();
    const markdown = reportMarkdown(report);
    const path = options.file === undefined ? undefined : resolve(host.directories.working, options.file);
    if (path !== undefined) await replaceFile(path, markdown);
    output.result({
      data: {
        ...report,
        facts: Object.fromEntries(report.facts),
        timeline: report.timeline.map((moment) => ({ ...moment, at: utc(moment.at) })),
        ran: report.ran.map((run) => ({ ...run, at: run.at === undefined ? null : utc(run.at) })),
        sources: report.sources ?? null,
        findings: report.findings?.map(({ code, message }) => ({ code, message })) ?? null,
        summary: report.summary ?? null,
        file: path ?? null,
      },
      text: () => (path === undefined ? markdown.trimEnd() : ''),
    });
    if (path !== undefined) output.note(`Written to ${path}.`);
  },
});
