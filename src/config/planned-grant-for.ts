import type { Config, Environment, PlannedGrant } from './config.ts';

/** The break-glass that a plan for `environment` would use. */
export function plannedGrantFor(
  { plannedGrant }: Pick<Config, 'plannedGrant'>,
  environment: Pick<Environment, 'name' | 'production'> | undefined,
): PlannedGrant | undefined {
  if (environment?.production !== true || plannedGrant === undefined) return undefined;
  return (plannedGrant.environment ?? environment.name) === environment.name ? plannedGrant : undefined;
}
