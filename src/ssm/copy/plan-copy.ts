import type { Config } from '../../config/config.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import type { Plan } from '../../terminal/plan.ts';
import { plannedDocuments } from '../logged-documents.ts';
import { instanceWords, planInstance, startSessionStep } from '../plan-session.ts';
import { sshRequest } from '../ssh-stream.ts';
import type { InstancePurpose } from '../with-instance.ts';
import type { CopyWords } from './copy-words.ts';
import { copyDocument } from './session-stream.ts';

/** Pure. Throws what withInstance would refuse. */
export function planCopy(
  config: Config,
  target: InstanceTarget,
  purpose: InstancePurpose,
  { direction, sources, destination }: CopyWords,
  useSsh: boolean,
): Plan {
  const what = sources.length === 1 ? (sources[0] ?? '') : `${sources.length} sources`;
  const [from, to] = direction === 'upload' ? ['here', target.name] : [target.name, 'here'];
  const logged = plannedDocuments(config, target.environment)?.copy;
  const document = useSsh ? sshRequest('', 22).documentName : copyDocument(logged).name;
  return planInstance(config, target, purpose, {
    summary: `Copy ${what} from ${from} to ${destination === '' ? 'the home folder' : destination} ${to === 'here' ? 'here' : `on ${to}`}.`,
    steps: [
      startSessionStep(target, document),
      ...(useSsh
        ? [{ kind: 'local' as const, what: 'run ssh with forge ssm ssh-proxy as its ProxyCommand' }]
        : []),
      { kind: 'local', what: 'start a POSIX shell program there that reads and writes files as base64' },
      ...sources.map((source) => ({
        kind: 'local' as const,
        what: `${direction} ${source}, compare SHA-256, rename it to its place, record it in the journal`,
      })),
    ],
    equivalents: [
      `aws ssm start-session --target ${instanceWords(target)} --region ${target.region} --document-name ${document} --parameters ${useSsh ? 'portNumber=22' : 'command=sh'}`,
    ],
  });
}
