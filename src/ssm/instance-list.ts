import type { FoundInstance } from './find-instances.ts';

/** A row of `forge ssm list`, as --output json has it. */
export interface ListedInstance {
  readonly id: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly zone: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  /** `Online`, `ConnectionLost`, …; null: not registered with Systems Manager. */
  readonly ping: string | null;
  readonly online: boolean;
  readonly platform: string | null;
  readonly platformName: string | null;
  /** Of EC2: `running`, … */
  readonly state: string | null;
  /** ISO-8601 UTC. */
  readonly lastPing: string | null;
  readonly launched: string | null;
}

/** By name, then by id: the same order each time. Pure. */
export function listInstances(found: readonly FoundInstance[]): ListedInstance[] {
  return found
    .map(({ instanceId, name, ec2, managed }) => ({
      id: instanceId,
      name: name ?? null,
      type: ec2?.type || null,
      zone: ec2?.availabilityZone || null,
      address: ec2?.privateAddress ?? managed?.address ?? null,
      agent: managed?.agentVersion || null,
      ping: managed?.ping || null,
      online: managed?.online ?? false,
      platform: managed?.platform || null,
      platformName: managed?.platformName || null,
      state: ec2?.state || null,
      lastPing: isoTime(managed?.lastPing),
      launched: isoTime(ec2?.launched),
    }))
    .sort(
      (one, other) =>
        order.compare(one.name ?? '\uffff', other.name ?? '\uffff') || (one.id < other.id ? -1 : 1),
    );
}

const order = new Intl.Collator('en', { numeric: true });

function isoTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}
