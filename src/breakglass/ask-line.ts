import type { BreakGlass, Tier } from '../config/break-glass.ts';

/** What each family of commands is called where scenarios are named. */
const words: readonly (readonly [purpose: RegExp, scenario: RegExp])[] = [
  [/^db\b/, /database|sql|\bdb\b/i],
  [/^ssm\b/, /instance|ssm|shell|host/i],
  [/^kube\b/, /kube|eks|k8s/i],
  [/^console\b/, /console/i],
];

/**
 * The line that asks for what was refused, as far as it is known from what was typed; undefined: the organisation's
 * configuration grants nothing there. Pure.
 */
export function askLine(
  breakGlass: BreakGlass | undefined,
  environment: { readonly name: string },
  purpose: string,
): string | undefined {
  const tiers = [...(breakGlass?.tiers.values() ?? [])].filter(
    ({ approval, environments }) =>
      approval === 'approver' && (environments.length === 0 || environments.includes(environment.name)),
  );
  const fitting = tiers.find((tier) => scenarioFor(tier, purpose) !== undefined);
  const tier = fitting ?? tiers[0];
  if (tier === undefined) return undefined;
  const scenario = scenarioFor(tier, purpose) ?? tier.scenarios.join('|');
  return [
    'forge breakglass',
    `--tier ${tier.name}`,
    ...(scenario === '' ? [] : [`--scenario ${scenario}`]),
    `--env ${environment.name}`,
    ...(tier.ticket.when === 'before' ? ['--ticket …'] : []),
    '--reason "…"',
  ].join(' ');
}

function scenarioFor(tier: Tier, purpose: string): string | undefined {
  const pattern = words.find(([family]) => family.test(purpose))?.[1];
  return pattern && tier.scenarios.find((name) => pattern.test(name));
}
