import { runEmergencySession } from '../../breakglass/emergency-session.ts';
import { ensureFreshSignIn } from '../../breakglass/fresh-sign-in.ts';
import { openEmergency } from '../../breakglass/open-emergency.ts';
import { planEmergency } from '../../breakglass/plan-emergency.ts';
import type { RequestWish } from '../../breakglass/plan-request.ts';
import { emergencySteps } from '../../breakglass/plan-steps.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';
import { sayEnd } from './say-end.ts';

/** Tier 0: nobody is asked, everybody is told. */
export async function runEmergency(
  context: Context,
  { parts, place }: BreakGlassParts,
  tier: Tier,
  wish: RequestWish,
  command: readonly string[],
): Promise<number> {
  const { output, prompt, globals } = context;
  const plan = planEmergency(tier, wish);
  if (globals.plan) {
    output.plan(emergencySteps(place, plan, command));
    return 0;
  }
  if (command.length === 0 && !prompt.possible) {
    throw new ForgeError('usage', 'There is no terminal for a shell.', {
      code: 'BREAKGLASS_NO_TERMINAL',
      hint: 'Name what to run: forge breakglass --tier 0 … -- <command>',
    });
  }
  if (tier.mfa) await ensureFreshSignIn(parts, place, tier.mfaWithinSeconds);
  const emergency = await openEmergency(parts, place, plan);
  output.instruct(
    `The glass is broken: ${plan.environment.name} for ${durationText(plan.seconds * 1_000)}, and it is recorded.`,
  );
  const end = await runEmergencySession(parts, place, emergency, command.length === 0 ? undefined : command);
  sayEnd(context, end);
  return sessionExit({ id: emergency.id, environment: plan.environment.name }, end);
}
