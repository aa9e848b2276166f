import { sha256 } from '../breakglass/protocol/document.ts';
import type { EmergencyUse } from '../breakglass/protocol/emergency-use.ts';
import { judgeEmergency } from '../breakglass/protocol/judge-emergency.ts';
import type { Membership } from '../breakglass/protocol/membership.ts';
import { findEmergencyRole, findGrant } from '../breakglass/protocol/policy.ts';
import { refusedGrantText } from '../breakglass/protocol/refused-text.ts';
import { emergencyText } from '../breakglass/protocol/slack-text.ts';
import type { Ports } from './ports.ts';
import { tellOnce } from './tell.ts';

/**
 * So long the tries of one person are one message: `forge breakglass doctor` makes many, and who tries in a loop must not
 * hide in the noise what else is told. CloudTrail has each of them.
 */
const slotMs = 5 * 60_000;

/** Somebody tried to let themselves in. Nobody got in: worth an alert, not a record for years. */
export async function tellRefusedGrant(ports: Ports, { groupId, userId, made }: Membership): Promise<void> {
  if (made === undefined || made.by.userId !== userId) return;
  const text = refusedGrantText(made.by, findGrant(ports.policy, groupId));
  // By the event's time: what is delivered again, or late, is in the same slot.
  await tellOnce(ports, { about: `refused-${userId}-${Math.floor(made.at / slotMs)}`, text });
}

/** Somebody tried an emergency role, and was refused. */
export async function tellRefusedEmergency(ports: Ports, use: EmergencyUse): Promise<void> {
  const tries = sha256(new TextEncoder().encode(callerOf(use))).slice(0, 24);
  await tellOnce(ports, {
    about: `refused-${tries}-${Math.floor(use.at / slotMs)}`,
    channel: findEmergencyRole(ports.policy, use.roleArn)?.channel,
    text: emergencyText(judgeEmergency(use, ports.policy, ports.now()), use),
  });
}

/** Whoever came otherwise than through Identity Center names the role session as they like: it is the role that tries. */
const callerOf = ({ by }: EmergencyUse): string =>
  by.userId ??
  (by.permissionSet === undefined ? by.arn.replace(/(:assumed-role\/[^/]+)\/.*$/, '$1') : by.arn);
