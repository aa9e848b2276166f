import { appendToJournal } from '../audit/journal.ts';
import { awsErrorName } from '../aws/aws-error.ts';
import type { Aws } from '../aws/clients.ts';
import { logoutPortal } from '../aws/sso.ts';
import type { CreatedToken, RegisteredClient } from '../aws/sso-oidc.ts';
import { findPortal, type Portal } from '../aws/start-url.ts';
import type { SignIn } from '../config/config.ts';
import type { Host } from '../host.ts';
import type { Output } from '../terminal/output.ts';
import type { Prompt } from '../terminal/prompt.ts';
import { chooseFlow, type FlowWish, flowFacts } from './choose-flow.ts';
import { clearCredentialCache } from './clear-credential-cache.ts';
import { getRegistration } from './client-registration.ts';
import { rememberSignIn } from './sign-in-time.ts';
import { signInWithBrowser } from './sign-in-with-browser.ts';
import { signInWithDeviceCode } from './sign-in-with-device-code.ts';
import { readSsoToken, removeSsoToken, type SsoToken, saveSsoToken } from './sso-token.ts';

export interface SignInParts {
  readonly host: Host;
  readonly output: Pick<Output, 'note' | 'debug' | 'warn' | 'instruct' | 'progress'>;
  readonly prompt: Pick<Prompt, 'possible'>;
  readonly aws: Aws;
}

export interface SignInOptions extends Partial<FlowWish> {
  /** Ends the portal's session first: else it, and with it the end of the sign-in, would be used again. */
  readonly fresh?: boolean;
}

/** The configured place, which the caches are named after, with where its start URL leads now. */
export type ResolvedSignIn = SignIn & Portal;

/** Signs a person in and puts the token where forge, the AWS CLI and the SDKs look for it. */
export async function signIn(parts: SignInParts, place: SignIn, options: SignInOptions): Promise<SsoToken> {
  const { host, output } = parts;
  const { deviceCode = false, browser, fresh = false } = options;
  const facts = flowFacts(host, parts.prompt.possible);
  const chosen = chooseFlow({ deviceCode, browser }, facts);
  const there: ResolvedSignIn = { ...place, ...(await findPortal(parts.aws, place.startUrl, place.region)) };
  if (there.region !== place.region) {
    output.note(`${place.startUrl} leads to ${there.region} now, not to ${place.region}: signing in there.`);
  }
  if (fresh) await endPortalSession(parts, place);
  if (chosen.because !== undefined) {
    output.note(
      `Signing in with a device code, because ${chosen.because} (forge login --browser overrides).`,
    );
  }
  const run = (client: RegisteredClient): Promise<CreatedToken> =>
    chosen.flow === 'browser'
      ? signInWithBrowser(parts, there, client, { openBrowser: chosen.openBrowser })
      : signInWithDeviceCode(parts, there, client);
  let client = await getRegistration(parts, there, chosen.flow, { fresh });
  let created: CreatedToken;
  try {
    created = await run(client);
  } catch (error) {
    // The cached client can have been revoked before its end.
    if (!clientRefusals.has(awsErrorName(error) ?? '')) throw error;
    output.debug(`the cached OAuth client was refused (${awsErrorName(error)}): registering anew`);
    client = await getRegistration(parts, there, chosen.flow, { fresh: true });
    created = await run(client);
  }
  const token = await saveSsoToken(host, there, created, client);
  // Another person may have signed in: nobody goes on with the keys of the one before.
  await clearCredentialCache(host);
  await recordSignIn(parts, place, chosen.flow, fresh);
  await rememberSignIn(host, place).catch((error: unknown) => {
    output.debug(`when this sign-in was is not kept: ${error instanceof Error ? error.message : error}`);
  });
  return token;
}

/** A finding aid: what AWS has of it counts. Nobody is kept out for want of it. */
async function recordSignIn(
  { host, output }: SignInParts,
  { startUrl }: SignIn,
  method: string,
  fresh: boolean,
): Promise<void> {
  try {
    await appendToJournal(host, { type: 'signin.completed', method, startUrl, fresh });
  } catch (error) {
    host.signal.throwIfAborted();
    output.debug(`not in the journal: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const clientRefusals = new Set(['InvalidClientException', 'UnauthorizedClientException']);

async function endPortalSession({ host, aws, output }: SignInParts, place: SignIn): Promise<void> {
  const token = await readSsoToken(host, place);
  if (token === undefined) {
    output.note(
      'No earlier sign-in is known here that could be ended at the portal: the browser may still hold one.',
    );
    return;
  }
  try {
    await logoutPortal(aws, token.region, token.accessToken);
  } catch (error) {
    if (awsErrorName(error) !== 'UnauthorizedException') throw error;
    output.debug('the earlier sign-in had already ended');
  }
  // It is of no use any more, should the new sign-in be broken off.
  await removeSsoToken(host, token.file);
}
