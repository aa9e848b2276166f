import { sha256 } from '../breakglass/protocol/document.ts';
import { type OfflineUse, offlineUseText } from '../breakglass/protocol/offline-use.ts';
import type { Ports } from './ports.ts';
import { tellOnce } from './tell.ts';

/** So long one call, made again and again, is one message; CloudTrail has each of them. */
const slotMs = 5 * 60_000;

/** Tier 3's user was used. Whatever it did, somebody should know, and at once: its key lies in a vault for years. */
export async function tellOfflineUse(ports: Ports, use: OfflineUse): Promise<void> {
  const role = ports.policy.emergencyRoles.find(({ tier }) => tier === 3);
  if (role === undefined) return;
  const what = JSON.stringify([use.userName, use.call, use.address, use.failed]);
  const id = sha256(new TextEncoder().encode(what)).slice(0, 24);
  await tellOnce(ports, {
    about: `offline-${id}-${Math.floor(use.at / slotMs)}`,
    channel: role.channel,
    text: offlineUseText(use),
  });
}
