import { type BreakGlassPlace, breakGlassPlace } from '../../breakglass/break-glass-place.ts';
import type { SessionParts } from '../../breakglass/grant-session.ts';
import type { Context } from '../../context.ts';
import { identityParts } from '../../identity/identity-parts.ts';

export interface BreakGlassParts {
  readonly parts: SessionParts;
  readonly place: BreakGlassPlace;
}

/** --profile means nothing here: who asks, approves or ends is who has signed in. */
export async function breakGlassParts(context: Context): Promise<BreakGlassParts> {
  const place = breakGlassPlace(await context.config());
  return { parts: { ...identityParts(context), output: context.output }, place };
}
