import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { type AccessCaller, accessAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import type { Finding } from './finding.ts';

/** What a permission set of the access account is for. */
export type CallerKind = 'request' | 'approve' | 'audit';

export interface DoctorCaller extends AccessCaller {
  readonly kind: CallerKind;
}

/** Keys of every permission set of break-glass that the person holds, and a line about each that forge.yaml names. */
export async function doctorCallers(
  parts: IdentityParts,
  place: BreakGlassPlace,
): Promise<{ readonly callers: readonly DoctorCaller[]; readonly findings: readonly Finding[] }> {
  const callers: DoctorCaller[] = [];
  const findings: Finding[] = [];
  for (const [permissionSet, kind] of namedSets(place)) {
    const check = `permission set ${permissionSet}`;
    try {
      callers.push({ ...(await accessAccount(parts, place, [permissionSet])()), kind });
      findings.push({ check, verdict: 'ok', detail: `you can ${kind} with it` });
    } catch (error) {
      if (!(error instanceof ForgeError) || ['interrupted', 'terminated', 'signed-out'].includes(error.kind))
        throw error;
      const notHeld = error.code === 'ACCESS_DENIED';
      findings.push(
        notHeld
          ? { check, verdict: 'other', detail: `not yours: who holds it can ${kind}` }
          : { check, verdict: 'unseen', detail: error.message, hint: error.hint },
      );
    }
  }
  return { callers, findings };
}

function namedSets({ requestPermissionSet, breakGlass }: BreakGlassPlace): ReadonlyMap<string, CallerKind> {
  const sets = new Map<string, CallerKind>([[requestPermissionSet, 'request']]);
  for (const { permissionSet } of breakGlass.approvers.values())
    if (permissionSet !== undefined) sets.set(permissionSet, 'approve');
  if (breakGlass.auditPermissionSet !== undefined) sets.set(breakGlass.auditPermissionSet, 'audit');
  return sets;
}
