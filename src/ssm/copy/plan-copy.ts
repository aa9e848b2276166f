import type { Config } from '../../config/config.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import type { Plan } from '../../terminal/plan.ts';
import { instanceWords, planInstance, startSessionStep } from '../plan-session.ts';
import type { InstancePurpose } from '../with-instance.ts';
import type { CopyWords } from './copy-words.ts';
import { copyDocument } from './session-stream.ts';

/** Pure. Throws what withInstance would refuse. */
export function planCopy(
  config: Config,
  target: InstanceTarget,
  purpose: InstancePurpose,
  { direction, sources, destination }: CopyWords,
): Plan {
  const what = sources.length === 1 ? (sources[0] ?? '') : `${sources.length} sources`;
  const [from, to] = direction === 'upload' ? ['here', target.name] : [target.name, 'here'];
  return planInstance(config, target, purpose, {
    summary: `Copy ${what} from ${from} to ${destination === '' ? 'the home folder' : destination} ${to === 'here' ? 'here' : `on ${to}`}.`,
    steps: [
      startSessionStep(target, copyDocument.name),
      { kind: 'local', what: 'start a POSIX shell program there that reads and writes files as base64' },
      ...sources.map((source) => ({
        kind: 'local' as const,
        what: `${direction} ${source}, compare SHA-256, rename it to its place, record it in the journal`,
      })),
    ],
    equivalents: [
      `aws ssm start-session --target ${instanceWords(target)} --region ${target.region} --document-name ${copyDocument.name} --parameters command=sh`,
    ],
  });
}
