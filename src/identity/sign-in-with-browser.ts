import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type CreatedToken, createToken, type RegisteredClient } from '../aws/sso-oidc.ts';
import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { Secret } from '../lib/secret.ts';
import { type CallbackAnswer, startCallbackServer } from './callback-server.ts';
import { openBrowser } from './open-browser.ts';
import type { SignInParts } from './sign-in.ts';

const patience = 10 * 60_000;

/** Authorization code with PKCE (RFC 7636, S256): the browser brings the code to a port of this machine. */
export async function signInWithBrowser(
  parts: SignInParts,
  signIn: SignIn,
  client: RegisteredClient,
  options: { readonly openBrowser: boolean },
): Promise<CreatedToken> {
  const { host, output, aws } = parts;
  const state = randomUUID();
  // 64 characters of base64url, between the 43 and 128 that RFC 7636 asks for.
  const verifier = new Secret(randomBytes(48).toString('base64url'));
  await using server = await startCallbackServer(host, { state, timeoutMilliseconds: patience });
  const url = authorizeUrl(aws.endpointFor('sso_oidc', signIn.region), {
    clientId: client.clientId,
    redirectUri: server.redirectUri,
    state,
    scopes: signIn.scopes,
    challenge: codeChallenge(verifier.reveal()),
  });
  if (options.openBrowser) {
    output.instruct(
      `Opening the browser to sign in at ${signIn.startUrl}. If it stays closed, open:\n\n  ${url}\n`,
    );
    void openBrowser(host, url).opened.then((opened) => {
      if (!opened && !host.signal.aborted)
        output.note('The browser could not be opened: open the address above.');
    });
  } else {
    output.instruct(`To sign in at ${signIn.startUrl}, open in a browser on this machine:\n\n  ${url}\n`);
  }
  let answer: CallbackAnswer;
  {
    using _ = output.progress('Waiting for the browser (Ctrl-C gives up)');
    answer = await server.answer;
  }
  const { result } = answer;
  if (result.kind === 'refused') {
    await answer.show({
      status: 403,
      title: 'Not signed in',
      sentence: 'The request was refused. The terminal says more.',
    });
    throw refused(result.error, result.description);
  }
  try {
    const created = await createToken(aws, signIn.region, client, {
      kind: 'authorization-code',
      code: result.code,
      verifier,
      redirectUri: server.redirectUri,
    });
    await answer.show({
      status: 200,
      title: 'Signed in',
      sentence: 'You can close this tab and go back to the terminal.',
    });
    return created;
  } catch (error) {
    await answer.show({
      status: 502,
      title: 'Not signed in',
      sentence: 'Something went wrong after this page. The terminal says what.',
    });
    throw error;
  }
}

export interface AuthorizeParameters {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly scopes: readonly string[];
  readonly challenge: string;
}

/** Identity Center wants `scopes` where OAuth has `scope`. */
export function authorizeUrl(oidcEndpoint: string, parameters: AuthorizeParameters): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: parameters.clientId,
    redirect_uri: parameters.redirectUri,
    state: parameters.state,
    code_challenge_method: 'S256',
    scopes: parameters.scopes.join(' '),
    code_challenge: parameters.challenge,
  });
  return `${oidcEndpoint}/authorize?${query.toString().replaceAll('+', '%20')}`;
}

export function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

function refused(error: string, description: string): ForgeError {
  const detail = description === '' ? error : `${description} (${error})`;
  const said = detail === 'access_denied' ? '.' : `: ${detail}`;
  return new ForgeError('denied', `The sign-in was refused in the browser${said}`, {
    code: 'SIGN_IN_DENIED',
    hint: 'forge login starts again; --device-code signs in on another device.',
  });
}
