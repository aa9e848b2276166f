import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from './identity-parts.ts';
import { getSsoToken, type SsoToken } from './sso-token.ts';

/**
 * The access token; when the sign-in has ended and a person is there, signing in on the spot is offered, so that
 * work goes on where it was. Without one the failure names the command.
 */
export async function ssoTokenOrSignIn(parts: IdentityParts, signIn: SignIn): Promise<SsoToken> {
  try {
    return await getSsoToken(parts, signIn);
  } catch (error) {
    const ended = error instanceof ForgeError && error.kind === 'signed-out';
    if (!ended || !parts.prompt.possible) throw error;
    const question = { message: `${error.message} Sign in now?`, flag: 'forge login', default: 'yes' };
    if (!(await parts.prompt.confirm(question))) throw error;
    const { signIn: signInNow } = await import('./sign-in.ts');
    return signInNow({ ...parts, aws: await parts.aws() }, signIn, {});
  }
}
