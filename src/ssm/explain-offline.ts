import { ForgeError } from '../errors.ts';
import type { FoundInstance } from './find-instances.ts';

const checks = [
  'Check that it is in this account and region and running, that the SSM agent runs on it,',
  'that its instance profile allows AmazonSSMManagedInstanceCore,',
  'and that it reaches ssm, ssmmessages and ec2messages over HTTPS (443), by the internet or by VPC endpoints.',
].join('\n');

/** Instances that exist and to which no session can be opened now. Exit code 6. */
export function explainOffline(
  found: readonly Pick<FoundInstance, 'instanceId' | 'name' | 'ec2' | 'managed'>[],
) {
  const [only, ...others] = found;
  const sentence =
    only !== undefined && others.length === 0
      ? `${only.name ?? only.instanceId}${only.name === undefined ? '' : ` (${only.instanceId})`} ${whyOffline(only)}.`
      : `None of the ${found.length} instances is online in Session Manager.`;
  const stopped = others.length === 0 && only?.ec2 !== undefined && only.ec2.state !== 'running';
  return new ForgeError('unreachable', sentence, {
    code: 'INSTANCE_OFFLINE',
    hint: stopped ? 'Start it, or name another: forge ssm list --all' : checks,
  });
}

/** For StartSession's TargetNotConnected, where nothing more is known of the instance. */
export function offlineById(label: string, cause: unknown): ForgeError {
  return new ForgeError('unreachable', `${label} is not connected to Session Manager.`, {
    code: 'INSTANCE_OFFLINE',
    hint: checks,
    cause,
  });
}

/** A few words: `is stopped`, `lost its connection to Session Manager`. */
function whyOffline({ ec2, managed }: Pick<FoundInstance, 'ec2' | 'managed'>): string {
  if (ec2 !== undefined && ec2.state !== 'running') return `is ${ec2.state}`;
  if (managed === undefined) return 'has not registered with Session Manager';
  return 'has lost its connection to Session Manager';
}
