import type { Tier } from '../../config/break-glass.ts';
import type { Environment } from '../../config/config.ts';
import { parseDuration } from '../../config/duration.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { findGrantRule, type GrantRule } from '../grant/grant-rule.ts';
import { lineProblem, reasonLength } from '../protocol/document-parts.ts';
import { checkTicket } from './check-ticket.ts';

/** What was typed. */
export interface RequestWish {
  readonly tier: string;
  readonly scenario: string | undefined;
  readonly environment: Environment;
  /** `2h`. */
  readonly duration: string | undefined;
  readonly ticket: string | undefined;
  readonly reason: string | undefined;
}

/** What will be asked for; nothing has been looked up yet. */
export interface RequestPlan {
  readonly tier: number;
  readonly rule: GrantRule;
  readonly scenario: string | undefined;
  readonly environment: Environment;
  readonly minutes: number;
  readonly ticket: string | undefined;
  readonly reason: string;
}

/** Pure. Throws usage for all that the organisation's rules refuse before anybody is asked, and names the way out. */
export function planRequest(place: BreakGlassPlace, wish: RequestWish): RequestPlan {
  const tier = tierNamed(place, wish.tier);
  checkEnvironment(tier, wish.environment);
  checkScenario(tier, wish.scenario);
  const { scenario, environment } = wish;
  const rule = findGrantRule(place.breakGlass, {
    tier: tier.name,
    scenario,
    environment: environment.name,
  });
  if (rule === undefined) {
    throw usage('TIER_UNCONFIGURED', `forge.yaml does not say which group grants tier ${tier.name}.`, {
      hint: 'It needs "group" and "permission_set", of the tier or of its scenario: docs/configuration.md',
    });
  }
  return {
    tier: Number(tier.name),
    rule,
    scenario,
    environment,
    minutes: minutesOf(wish.duration, rule),
    ticket: ticketOf(tier, wish.ticket),
    reason: reasonOf(wish.reason),
  };
}

/** Throws UNKNOWN_TIER. */
export function tierNamed({ breakGlass }: Pick<BreakGlassPlace, 'breakGlass'>, name: string): Tier {
  const tier = breakGlass.tiers.get(name);
  if (tier !== undefined) return tier;
  const known = [...breakGlass.tiers.values()].map(
    (one) => `${one.name} (${one.when ?? one.description ?? ''})`,
  );
  throw usage('UNKNOWN_TIER', `There is no tier ${JSON.stringify(name)}.`, {
    hint: `Tiers: ${known.join(', ') || 'none'}`,
  });
}

/** Throws NOT_PRODUCTION, TIER_NOT_HERE. */
export function checkEnvironment(tier: Tier, environment: Environment): void {
  if (!environment.production) {
    throw usage('NOT_PRODUCTION', `${environment.name} is not production: nobody has to be asked.`, {
      hint: `What you hold there: forge whoami --env ${environment.name}`,
    });
  }
  if (tier.environments.length === 0 || tier.environments.includes(environment.name)) return;
  throw usage('TIER_NOT_HERE', `Tier ${tier.name} is not for ${environment.name}.`, {
    hint: `It is for: ${tier.environments.join(', ')}`,
  });
}

/** A reason as it is asked for everywhere; throws REASON_NEEDED, INVALID_REASON. */
export function reasonOf(reason: string | undefined): string {
  if (reason === undefined) {
    throw usage('REASON_NEEDED', 'Why is this access needed?', {
      hint: 'Say it to those who decide: --reason "orders stuck in payment since 14:10"',
    });
  }
  const problem = lineProblem(reason, reasonLength);
  if (problem === undefined) return reason.trim();
  throw usage('INVALID_REASON', `The reason ${problem}.`, {
    hint: `One line of up to ${reasonLength} characters: --reason "orders stuck in payment"`,
  });
}

export function ticketOf(tier: Tier, ticket: string | undefined): string | undefined {
  if (ticket === undefined) {
    if (tier.ticket.when !== 'before') return undefined;
    throw usage('TICKET_NEEDED', `Tier ${tier.name} needs a ticket.`, { hint: 'Name it: --ticket INC-123' });
  }
  return checkTicket(ticket, tier);
}

function checkScenario(tier: Tier, scenario: string | undefined): void {
  if (scenario === undefined ? tier.scenarios.length === 0 : tier.scenarios.includes(scenario)) return;
  if (tier.scenarios.length === 0) {
    throw usage('NO_SCENARIOS', `Tier ${tier.name} has no scenarios.`, { hint: 'Leave out --scenario.' });
  }
  const what =
    scenario === undefined
      ? `What is it for? Tier ${tier.name} is granted for one scenario.`
      : `Tier ${tier.name} has no scenario ${JSON.stringify(scenario)}.`;
  throw usage('UNKNOWN_SCENARIO', what, { hint: `--scenario ${tier.scenarios.join(' | ')}` });
}

/** Whole minutes; without a wish the shortest that can be asked for, or an hour. */
export function minutesOf(duration: string | undefined, rule: GrantRule): number {
  if (duration === undefined) return Math.min(rule.longest, Math.max(rule.shortest, 60));
  const seconds = parseDuration(duration);
  if (seconds === undefined) {
    throw usage('INVALID_DURATION', `${JSON.stringify(duration)} is not a duration.`, {
      hint: 'Like this: --duration 2h, 90m, 1h30m',
    });
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes >= rule.shortest && minutes <= rule.longest) return minutes;
  const [least, most] = [rule.shortest, rule.longest].map((limit) => durationText(limit * 60_000));
  throw usage('DURATION_NOT_ALLOWED', `${duration} is not possible here.`, {
    hint:
      least === most ? `It is ${most}: --duration ${most?.replace(' ', '')}` : `From ${least} to ${most}.`,
  });
}

function usage(code: string, message: string, { hint }: { readonly hint: string }): ForgeError {
  return new ForgeError('usage', message, { code, hint });
}
