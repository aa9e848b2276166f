import type { IdentityParts } from '../../identity/identity-parts.ts';
import { recordStep } from '../record-step.ts';
import type { DoctorCaller } from './doctor-callers.ts';

/** Before each probe: what a trail of AWS shows of it can be told from an attack. */
export type RecordProbe = (caller: DoctorCaller, probe: string, resource: string) => Promise<void>;

export function recordProbeWith(parts: Pick<IdentityParts, 'host' | 'output'>): RecordProbe {
  return ({ userName, permissionSet }, probe, resource) =>
    recordStep(parts, { type: 'breakglass.probe', person: userName, permissionSet, probe, resource });
}
