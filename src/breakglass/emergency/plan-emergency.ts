import type { Tier } from '../../config/break-glass.ts';
import type { Environment } from '../../config/config.ts';
import { ForgeError } from '../../errors.ts';
import { partitionOf } from '../../lib/partition.ts';
import { emergencyTags, ticketToFollow } from '../protocol/judge-emergency.ts';
import { checkEnvironment, reasonOf, ticketOf } from '../request/plan-request.ts';

export interface EmergencyPlan {
  readonly tier: Tier;
  readonly environment: Environment;
  readonly roleArn: string;
  /** What the role is assumed with, in the environment's own account. */
  readonly permissionSet: string;
  readonly seconds: number;
  readonly reason: string;
  readonly ticket: string | undefined;
  /** Session tags that the role's trust policy demands. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Role chaining allows no more. */
const longestSeconds = 3_600;

/** Pure. Throws usage for what the organisation's rules refuse. */
export function planEmergency(
  tier: Tier,
  wish: {
    readonly environment: Environment;
    readonly ticket: string | undefined;
    readonly reason: string | undefined;
    readonly scenario: string | undefined;
    readonly duration: string | undefined;
  },
): EmergencyPlan {
  const { environment } = wish;
  checkEnvironment(tier, environment);
  const { permissionSet, role } = tier;
  if (permissionSet === undefined || role === undefined) {
    throw new ForgeError('usage', `forge.yaml does not say what tier ${tier.name} is opened with.`, {
      code: 'TIER_UNCONFIGURED',
      hint: 'It needs "permission_set" and "role": docs/configuration.md',
    });
  }
  if (wish.scenario !== undefined || wish.duration !== undefined) {
    throw new ForgeError('usage', `Tier ${tier.name} has no scenarios, and one duration.`, {
      code: 'USAGE',
      hint: 'Leave out --scenario and --duration.',
    });
  }
  const reason = reasonOf(wish.reason);
  const ticket = ticketOf(tier, wish.ticket);
  return {
    tier,
    environment,
    roleArn: role.startsWith('arn:')
      ? role
      : `arn:${partitionOf(environment.region)}:iam::${environment.account}:role/${role}`,
    permissionSet,
    seconds: Math.min(longestSeconds, tier.maximumSeconds ?? longestSeconds),
    reason,
    ticket,
    tags: {
      [emergencyTags.tier]: tier.name,
      [emergencyTags.incident]: tagValue(ticket ?? ticketToFollow),
      [emergencyTags.reason]: tagValue(reason),
    },
  };
}

/** What IAM takes in a tag; the words themselves are in the evidence. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html */
export function tagValue(text: string): string {
  const legal = text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '-').trim();
  return Array.from(legal).slice(0, 256).join('').trim() || '-';
}
