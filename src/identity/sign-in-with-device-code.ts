import { setTimeout as sleep } from 'node:timers/promises';
import { awsErrorName } from '../aws/aws-error.ts';
import {
  type CreatedToken,
  createToken,
  type DeviceAuthorization,
  type RegisteredClient,
  startDeviceAuthorization,
} from '../aws/sso-oidc.ts';
import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { untilText } from '../lib/duration-text.ts';
import type { ResolvedSignIn, SignInParts } from './sign-in.ts';

/** RFC 8628, 3.5: what SlowDown adds to the interval. */
const slowDown = 5_000;

/** Device authorization (RFC 8628): the person opens a page on whatever device, and forge asks until it is done. */
export async function signInWithDeviceCode(
  parts: SignInParts,
  signIn: ResolvedSignIn,
  client: RegisteredClient,
): Promise<CreatedToken> {
  const { host, output, aws } = parts;
  const authorization = await startDeviceAuthorization(aws, signIn.region, {
    client,
    startUrl: signIn.issuerUrl,
  });
  const deadline = host.now() + authorization.lifetime;
  // Said in a line of its own: without a terminal there is no progress, and a pipe waits as long as a person.
  const wait = `forge waits for that ${untilText(deadline, host.now())}. Ctrl-C ends it.`;
  output.instruct(`${instructions(signIn, authorization)}\n${wait}`);
  using _ = output.progress('Waiting for the page to be confirmed');
  for (let interval = authorization.interval; ; ) {
    await sleep(interval, undefined, { signal: host.signal });
    if (host.now() > deadline) throw codeExpired();
    try {
      return await createToken(aws, signIn.region, client, {
        kind: 'device-code',
        deviceCode: authorization.deviceCode,
      });
    } catch (error) {
      interval = nextInterval(error, interval);
    }
  }
}

/** Throws when asking again is of no use. */
function nextInterval(error: unknown, interval: number): number {
  switch (awsErrorName(error)) {
    case 'AuthorizationPendingException':
      return interval;
    case 'SlowDownException':
      return interval + slowDown;
    case 'ExpiredTokenException':
      throw codeExpired(error);
    case 'AccessDeniedException':
      throw new ForgeError('denied', 'The sign-in was refused on its page.', {
        code: 'SIGN_IN_DENIED',
        hint: 'forge login --device-code starts again.',
        cause: error,
      });
  }
  // RFC 8628, 3.5: after a broken connection, ask less often. The code's own end ends this.
  if (error instanceof ForgeError && error.kind === 'unreachable') return Math.min(interval * 2, 60_000);
  throw error;
}

/** Attackers start a sign-in themselves and send the code to their victim, so the code comes with a warning. */
function instructions(signIn: SignIn, authorization: DeviceAuthorization): string {
  const minutes = Math.round(authorization.lifetime / 60_000);
  return `To sign in at ${signIn.startUrl}, open this page on any device within ${minutes} minutes:

  ${authorization.verificationUriComplete}

Its code must be ${authorization.userCode}. Confirm only what you began yourself: whoever confirms a code signs in
the terminal that shows it. forge never asks you to enter a code that somebody sent you.
`;
}

function codeExpired(cause?: unknown): ForgeError {
  return new ForgeError('signed-out', 'Nobody confirmed the code in time.', {
    code: 'SIGN_IN_TIMED_OUT',
    hint: 'forge login --device-code',
    cause,
  });
}
