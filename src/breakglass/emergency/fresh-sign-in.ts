import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { findSignInTime } from '../../identity/sign-in-time.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';

/**
 * Password and MFA anew, unless that was just now. Without ending the portal's session first AWS would go on with the
 * old one and ask nobody. Throws signed-out FRESH_SIGN_IN_NEEDED where nobody is there to do it.
 */
export async function ensureFreshSignIn(
  parts: IdentityParts,
  { signIn }: Pick<BreakGlassPlace, 'signIn'>,
  withinSeconds: number,
): Promise<void> {
  const { host, output, prompt } = parts;
  const at = await findSignInTime(host, signIn);
  const age = at === undefined ? Number.POSITIVE_INFINITY : host.now() - at;
  // From the future: the clock was set back, and nothing is known.
  if (age >= -60_000 && age <= withinSeconds * 1_000) return;
  const limit = durationText(withinSeconds * 1_000);
  if (!prompt.possible) {
    throw new ForgeError('signed-out', `This needs a sign-in that is not older than ${limit}.`, {
      code: 'FRESH_SIGN_IN_NEEDED',
      hint: 'forge login --fresh',
    });
  }
  output.instruct(`Sign in anew, with MFA: the last sign-in is older than ${limit}.`);
  const { signIn: signInNow } = await import('../../identity/sign-in.ts');
  await signInNow({ ...parts, aws: await parts.aws() }, signIn, { fresh: true });
}
