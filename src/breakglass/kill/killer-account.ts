import type { IdentityParts } from '../../identity/identity-parts.ts';
import { type AccessAccount, accessAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';

/**
 * For ending what is somebody else's: with the set that is there for that, else with what one approves with; of several,
 * that of `tier`, which alone may take its memberships away.
 */
export function killerAccount(parts: IdentityParts, place: BreakGlassPlace, tier?: number): AccessAccount {
  const { killPermissionSet, approvers, tiers } = place.breakGlass;
  const kind = tier === undefined ? undefined : tiers.get(String(tier))?.approvers;
  const own = kind === undefined ? undefined : approvers.get(kind)?.permissionSet;
  const all = [killPermissionSet, own, ...[...approvers.values()].map(({ permissionSet }) => permissionSet)];
  const [first, ...others] = new Set(all.filter((name) => name !== undefined));
  const hint = `Whoever approves may end it, or who holds ${killPermissionSet ?? 'break_glass.kill_permission_set'} in ${place.account}. Your own: forge breakglass end <id>`;
  return accessAccount(parts, place, [first ?? place.requestPermissionSet, ...others], hint);
}
