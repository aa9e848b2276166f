import type { Context } from '../../context.ts';
import type { FoundInstance } from '../../ssm/find-instances.ts';
import type { RunSelection } from '../../ssm/run-selection.ts';
import { styleFor } from '../../terminal/style.ts';
import type { RunOptions } from './run.ts';
import type { RunJob } from './run-on-one.ts';

type Many = Extract<RunSelection, { kind: 'many' }>;

/** Through AWS's Run Command; answers 0 when it succeeded on each instance. */
export async function runOnMany(
  context: Context,
  selection: Many,
  job: RunJob,
  options: RunOptions,
): Promise<number> {
  const { host, output, globals } = context;
  const { parseShare } = await import('../../ssm/fan-out-waves.ts');
  const concurrency = (total: number) =>
    parseShare('--max-concurrency', options.maxConcurrency ?? '50', total, 1);
  const errors = (total: number) => parseShare('--max-errors', options.maxErrors ?? '100%', total, 0);
  // Wrong flags fail before AWS is asked.
  concurrency(1);
  errors(1);
  const [first] = selection.targets;
  if (first === undefined) throw new Error('there is always one');
  const place = first.environment?.name ?? first.region;
  if (globals.plan) {
    output.plan(await planMany(first, selection, job, place));
    return 0;
  }
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withAccess } = await import('../../access/with-access.ts');
  const { instanceAccess, recordInstances } = await import('../../ssm/with-instance.ts');
  const { refuseRunCommand } = await import('../../ssm/logged-documents.ts');
  const { fanOut } = await import('../../ssm/fan-out.ts');
  const { outcomeSummary, outcomeText } = await import('../../ssm/outcome-text.ts');
  const { powerShellScript } = await import('../../ssm/command-line.ts');
  const parts = { ...identityParts(context), config: job.config };
  const style = styleFor(host.stdout, host.env);
  const request = { ...instanceAccess(first, job.purpose), targetName: targetName(selection, place) };
  return withAccess(parts, request, async (access) => {
    refuseRunCommand(job.config, access);
    const { instances, skipped } = await select();
    await recordInstances(
      parts,
      access,
      instances.map(({ instanceId }) => instanceId),
    );
    if (skipped > 0)
      output.note(`${skipped} instance${skipped === 1 ? ' is' : 's are'} not online and left out.`);
    let done = 0;
    let failed = 0;
    const line = () =>
      `${done} of ${instances.length} done${failed === 0 ? '' : `, ${failed} failed`} in ${place}`;
    let progress = output.progress(line());
    try {
      const order = {
        script: (platform: 'posix' | 'windows') =>
          platform === 'windows' ? powerShellScript(job.words) : job.script,
        comment: job.purpose.reason ?? `forge ssm run, by ${access.person}`,
        maxConcurrency: concurrency(instances.length),
        maxErrors: errors(instances.length),
      };
      const outcomes = await fanOut(parts, access, instances, order, async (outcome) => {
        done++;
        if (!outcome.ok) failed++;
        if (output.format === 'json') return progress.update(line());
        // The progress line would stand in the middle of the output.
        progress[Symbol.dispose]();
        await output.raw(outcomeText(outcome, style));
        progress = output.progress(line());
      });
      progress[Symbol.dispose]();
      output.result({ data: { instances: outcomes, failed }, text: () => '' });
      output.note(outcomeSummary(outcomes));
      return outcomes.every(({ ok }) => ok) ? 0 : 1;
    } finally {
      progress[Symbol.dispose]();
    }

    async function select(): Promise<{ instances: FoundInstance[]; skipped: number }> {
      using _progress = output.progress(`looking for instances in ${place}`);
      const { isOnline, matchingInstances, unknownInstance } = await import('../../ssm/locate-instance.ts');
      const { explainOffline } = await import('../../ssm/explain-offline.ts');
      const byId = new Map<string, FoundInstance>();
      for (const target of selection.targets) {
        const found = await matchingInstances(parts, access, target.locator);
        if (found.length === 0 && !selection.all) {
          throw await unknownInstance(parts, access, target);
        }
        for (const instance of found) byId.set(instance.instanceId, instance);
      }
      const found = [...byId.values()];
      const online = found.filter(isOnline);
      if (online.length === 0) throw explainOffline(found);
      // Who was named must be reported on; of all there are, those that are off are nobody's concern.
      return selection.all
        ? {
            instances: online,
            skipped: found.filter((entry) => entry.managed !== undefined).length - online.length,
          }
        : { instances: found, skipped: 0 };
    }
  });
}

function targetName({ targets, all }: Many, place: string): string {
  return all ? `${place}: all` : `${place}: ${targets.map(({ words }) => words).join(' ')}`.slice(0, 200);
}

async function planMany(first: Many['targets'][number], selection: Many, job: RunJob, place: string) {
  const { planInstance } = await import('../../ssm/plan-session.ts');
  const { quotePosix } = await import('../../lib/quote-posix.ts');
  const parameters = quotePosix(JSON.stringify({ commands: [job.script] }));
  const look = selection.targets.some(({ locator }) => locator.kind === 'id')
    ? { ...first, locator: { kind: 'any' } as const }
    : first;
  return planInstance(job.config, look, job.purpose, {
    summary: `Run a command on ${selection.all ? 'all instances' : targetName(selection, place).replace(`${place}: `, '')} in ${place}.`,
    steps: [
      {
        kind: 'aws',
        call: 'ssm SendCommand',
        action: 'ssm:SendCommand',
        resource: 'the document AWS-RunShellScript and each instance',
        why: 'in waves of up to 50 instances; CancelCommand on Ctrl-C',
      },
      {
        kind: 'aws',
        call: 'ssm ListCommandInvocations',
        action: 'ssm:ListCommandInvocations',
        why: 'how far it is',
      },
      {
        kind: 'aws',
        call: 'ssm GetCommandInvocation',
        action: 'ssm:GetCommandInvocation',
        why: 'what it wrote',
      },
    ],
    equivalents: [
      `aws ssm send-command --region ${first.region} --document-name AWS-RunShellScript --instance-ids <ids> --parameters ${parameters}`,
    ],
  });
}
