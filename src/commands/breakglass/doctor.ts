import { doctorPlan } from '../../breakglass/doctor/doctor-plan.ts';
import { examineBreakGlass } from '../../breakglass/doctor/examine-break-glass.ts';
import { doctorExitCode } from '../../breakglass/doctor/finding.ts';
import { defineCommand } from '../../command.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import { lookAtDocuments } from '../../ssm/doctor-documents.ts';
import { findingsData, renderFindings } from '../render-findings.ts';
import { breakGlassParts } from './break-glass-parts.ts';

interface DoctorOptions {
  readonly all?: boolean;
}

export default defineCommand<DoctorOptions>({
  description:
    'Tries whether break-glass works for you, and whether its policies hold: may you approve yourself? You must not.',
  options: [
    { flags: '--all', description: 'approving yourself is tried in every group, not in one of each tier' },
  ],
  examples: [
    [
      'forge breakglass doctor',
      'every line, and what to do; before you go on call, and after each change of policies',
    ],
    ['forge breakglass doctor --all', 'every group; once after groups or policies were made'],
    ['forge breakglass doctor --output json', 'the same for a script'],
  ],
  details: `Each line is ok, BAD, "can't see" (it could not be looked at now) or "-" (not yours to see, or not used here). Exit
code 0: nothing is bad; 1: something is; 2: nothing that could be seen is, but not everything could be. What must be
denied is really tried with each permission set of break-glass that you hold, and leaves nothing behind: writes have a
wrong digest, which S3 never stores, and whoever AWS should let into a group is taken out at once. AWS's trail shows the
tries, your colleagues see in Slack that AWS refused you, and your journal says that it was the doctor.`,
  async run(context, { options: { all = false } }) {
    const { output, host, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    if (globals.plan) return output.plan(doctorPlan(place, all));
    output.note(
      'What must be denied is really tried: where alerts go, your colleagues will see that AWS refused you.',
    );
    // A host has getters: they must stay where they are.
    const signal = { value: new AbortController().signal };
    const steady = identityParts({ ...context, host: Object.create(host, { signal }) as typeof host });
    using progress = output.progress('looking at break-glass');
    const { person, findings: examined } = await examineBreakGlass(
      { parts, steady, place, all, tries: true },
      ({ check }) => progress.update(`looking at break-glass: ${check} is done`),
    );
    const findings = [...examined, ...(await lookAtDocuments({ ...parts, config: await context.config() }))];
    progress[Symbol.dispose]();
    const code = doctorExitCode(findings);
    output.result({
      data: {
        ok: code === 0,
        person: person ?? null,
        findings: findingsData(findings),
      },
      text: (style) => renderFindings(findings, style),
    });
    return code;
  },
});
