import type { BreakGlass, Tier } from '../../config/break-glass.ts';

/** What to ask for, as far as it is known from what was typed. */
export interface AccessWish {
  readonly tier: Tier;
  /** Undefined: the tier has none, or which of them is not known. */
  readonly scenario: string | undefined;
  readonly environment: string;
}

/** What each family of commands is called where scenarios are named. */
const words: readonly (readonly [purpose: RegExp, scenario: RegExp])[] = [
  [/^db\b/, /database|sql|\bdb\b/i],
  [/^ssm\b/, /instance|ssm|shell|host/i],
  [/^kube\b/, /kube|eks|k8s/i],
  [/^console\b/, /console/i],
];

/** Undefined: the organisation's configuration grants nothing there. Pure. */
export function findWish(
  breakGlass: BreakGlass | undefined,
  environment: { readonly name: string },
  purpose: string,
): AccessWish | undefined {
  const tiers = [...(breakGlass?.tiers.values() ?? [])].filter(
    ({ approval, environments }) =>
      approval === 'approver' && (environments.length === 0 || environments.includes(environment.name)),
  );
  const fitting = tiers.find((tier) => scenarioFor(tier, purpose) !== undefined);
  const tier = fitting ?? tiers[0];
  return tier && { tier, scenario: scenarioFor(tier, purpose), environment: environment.name };
}

/** The line to type. */
export function askLine({ tier, scenario, environment }: AccessWish): string {
  const scenarios = scenario ?? tier.scenarios.join('|');
  return [
    'forge breakglass',
    `--tier ${tier.name}`,
    ...(scenarios === '' ? [] : [`--scenario ${scenarios}`]),
    `--env ${environment}`,
    ...(tier.ticket.when === 'before' ? ['--ticket …'] : []),
    '--reason "…"',
  ].join(' ');
}

/** What a family of commands needs, of the scenarios that the tier has; undefined: that is not known. */
export function scenarioFor(tier: Tier, purpose: string): string | undefined {
  if (/^db run\b/.test(purpose)) {
    const own = tier.scenarios.find(isForChanges);
    if (own !== undefined) return own;
  }
  const pattern = words.find(([family]) => family.test(purpose))?.[1];
  return pattern && tier.scenarios.find((name) => pattern.test(name) && !isForChanges(name));
}

/** A scenario of their own can lead to a role of the database that has no more than changes need, and to nothing else. */
const isForChanges = (name: string): boolean => /change/i.test(name);
