import type { Tier } from '../../config/break-glass.ts';
import type { Environment } from '../../config/config.ts';
import { parseDuration } from '../../config/duration.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import { partitionOf } from '../../lib/partition.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { type EmergencyPlan, tagValue } from '../emergency/plan-emergency.ts';
import { emergencyTags } from '../protocol/judge-emergency.ts';
import { checkEnvironment, type RequestWish, reasonOf, ticketOf } from '../request/plan-request.ts';

/** Tier 3: what is opened, by the key of which user. */
export interface OfflinePlan extends Omit<EmergencyPlan, 'permissionSet'> {
  readonly userArn: string;
}

/** What the issue of keys to an IAM user allows, and the rules. */
const longestSeconds = 4 * 3_600;
const usualSeconds = 3_600;

/** Pure. Throws usage for what the organisation's rules refuse. */
export function planOffline(place: BreakGlassPlace, tier: Tier, wish: RequestWish): OfflinePlan {
  const { environment } = wish;
  checkEnvironment(tier, environment);
  const { role } = tier;
  const userArn = offlineUserArn(place, tier);
  if (role === undefined) throw unconfigured(tier, 'role');
  if (wish.scenario !== undefined) {
    throw new ForgeError('usage', `Tier ${tier.name} has no scenarios.`, {
      code: 'USAGE',
      hint: 'Leave out --scenario.',
    });
  }
  const reason = reasonOf(wish.reason);
  const ticket = ticketOf(tier, wish.ticket);
  return {
    tier,
    environment,
    userArn,
    roleArn: arnIn(environment, environment.account, 'role', role),
    seconds: secondsOf(tier, wish.duration),
    reason,
    ticket,
    tags: {
      [emergencyTags.tier]: tier.name,
      [emergencyTags.incident]: tagValue(ticket ?? 'to-follow'),
      [emergencyTags.reason]: tagValue(reason),
    },
  };
}

/** Throws usage TIER_UNCONFIGURED. */
export function offlineUserArn(
  { account, region }: Pick<BreakGlassPlace, 'account' | 'region'>,
  tier: Tier,
): string {
  if (tier.user === undefined) throw unconfigured(tier, 'user');
  if (tier.mfaDevices.size === 0) throw unconfigured(tier, 'mfa_devices');
  return arnIn({ region }, account, 'user', tier.user);
}

const arnIn = ({ region }: Pick<Environment, 'region'>, account: string, kind: string, name: string) =>
  name.startsWith('arn:') ? name : `arn:${partitionOf(region)}:iam::${account}:${kind}/${name}`;

/** Without a wish an hour, which is what AWS gives every role unless told otherwise. */
function secondsOf({ maximumSeconds, minimumSeconds = 900 }: Tier, wished: string | undefined): number {
  const most = Math.min(longestSeconds, maximumSeconds ?? usualSeconds);
  if (wished === undefined) return Math.max(minimumSeconds, Math.min(usualSeconds, most));
  const seconds = parseDuration(wished);
  if (seconds !== undefined && seconds >= minimumSeconds && seconds <= most) return seconds;
  throw new ForgeError('usage', `${wished} can't be had here.`, {
    code: seconds === undefined ? 'INVALID_DURATION' : 'DURATION_NOT_ALLOWED',
    hint: `From ${durationText(minimumSeconds * 1_000)} to ${durationText(most * 1_000)}: --duration 1h`,
  });
}

function unconfigured({ name }: Tier, key: string): ForgeError {
  return new ForgeError('usage', `forge.yaml does not say "${key}" of tier ${name}.`, {
    code: 'TIER_UNCONFIGURED',
    hint: 'Two people need "role", "user" and "mfa_devices": docs/configuration.md',
  });
}
