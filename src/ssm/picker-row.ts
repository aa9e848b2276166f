import { durationText } from '../lib/duration-text.ts';
import type { FoundInstance } from './find-instances.ts';

/** Cells of an instance in the picker: name, id, type, zone, agent, age. Pure. */
export function pickerRow({ name, instanceId, ec2, managed }: FoundInstance, now: number): readonly string[] {
  return [
    name ?? '',
    instanceId,
    ec2?.type ?? managed?.platformName ?? '',
    ec2?.availabilityZone ?? '',
    managed === undefined ? '' : `agent ${managed.agentVersion}`,
    ec2?.launched === undefined ? '' : durationText(now - ec2.launched),
  ];
}
