import type { RoleStep } from '../config/config.ts';

/** STS refuses more than an hour when the caller is a role itself ("role chaining"). Seconds. */
const longestChained = 3_600;

/** What an AssumeRole may ask for. `chained`: with keys of a role, as those of every permission set are. */
export function chainedDuration(
  { chained }: { readonly chained: boolean },
  step: Pick<RoleStep, 'durationSeconds'>,
): number {
  return chained ? Math.min(step.durationSeconds, longestChained) : step.durationSeconds;
}
