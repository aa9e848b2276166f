import { randomUUID } from 'node:crypto';
import { awsErrorName } from '../../aws/aws-error.ts';
import { createMembership } from '../../aws/identitystore.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import type { GrantGroup } from './doctor-groups.ts';
import { type Finding, look } from './finding.ts';
import type { RecordProbe } from './record-probe.ts';

/** Which tiers the caller may let people into: asked with somebody whom there is not, so that nobody is let in. */
export async function tryGranting(
  caller: DoctorCaller,
  place: BreakGlassPlace,
  groups: readonly GrantGroup[],
  record: RecordProbe,
): Promise<readonly Finding[]> {
  const { tiers, approvers } = place.breakGlass;
  const findings: Finding[] = [];
  for (const tier of new Set(groups.map((group) => group.tier))) {
    const group = groups.find((one) => one.tier === tier && one.id !== undefined);
    if (group?.id === undefined) continue;
    const { id: groupId, name } = group;
    const kind = tiers.get(tier)?.approvers;
    const may = kind !== undefined && approvers.get(kind)?.permissionSet === caller.permissionSet;
    const check = `let somebody into tier ${tier}`;
    const found = await look(`${check} (${caller.kind})`, async () => {
      await record(caller, check, name);
      const allowed = await mayLetIn(caller, groupId);
      if (allowed === may) return { verdict: 'ok', detail: `${allowed ? 'allowed' : 'denied'} by AWS` };
      return may
        ? { verdict: 'bad', detail: `DENIED BY AWS: you could not approve tier ${tier}.` }
        : { verdict: 'bad', detail: `ALLOWED BY AWS: ${caller.permissionSet} is not for tier ${tier}.` };
    });
    findings.push(...found);
  }
  return findings;
}

async function mayLetIn(caller: DoctorCaller, groupId: string): Promise<boolean> {
  try {
    await createMembership(caller, { groupId, userId: randomUUID() });
    return true;
  } catch (error) {
    const name = awsErrorName(error) ?? '';
    if (/^AccessDenied/.test(name)) return false;
    // Allowed, and there is no such person.
    if (name === 'ResourceNotFoundException') return true;
    throw error;
  }
}
