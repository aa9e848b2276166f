import type { Aws } from '../aws/clients.ts';
import { defineCommand } from '../command.ts';
import type { Config, SignIn } from '../config/config.ts';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import { chooseFlow, type FlowWish, flowFacts } from '../identity/choose-flow.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { planSignIn } from '../identity/plan-sign-in.ts';
import { resolveSignIn } from '../identity/resolve-sign-in.ts';
import { tokenFile } from '../identity/sso-cache-file.ts';
import type { SsoToken } from '../identity/sso-token.ts';
import { durationText, untilText } from '../lib/duration-text.ts';
import type { Style } from '../terminal/style.ts';

interface LoginOptions {
  readonly deviceCode?: boolean;
  readonly browser?: boolean;
  readonly fresh?: boolean;
  readonly startUrl?: string;
  readonly ssoRegion?: string;
  readonly session?: string;
}

export default defineCommand<LoginOptions>({
  description: 'Signs you in through IAM Identity Center, for forge, the AWS CLI and the SDKs alike.',
  options: [
    { flags: '--device-code', description: 'confirm a code on any device, instead of using a browser here' },
    { flags: '--browser', description: 'use the browser even where forge would choose a device code' },
    { flags: '--no-browser', description: 'print the address instead of opening it' },
    {
      flags: '--fresh',
      description: 'end the sign-in at the portal first: password and MFA are asked again',
    },
    { flags: '--start-url <url>', description: 'start URL of the IAM Identity Center portal' },
    { flags: '--sso-region <region>', description: 'region of IAM Identity Center itself' },
    { flags: '--session <name>', description: 'name of the [sso-session] in ~/.aws/config' },
  ],
  examples: [
    ['forge login', 'in the browser; with a device code over SSH, in containers, without a terminal'],
    ['forge login --device-code', 'confirm on your phone or another computer'],
    ['forge login --fresh', 'for another person, or a full new session with MFA'],
    [
      'forge login --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1',
      'without any configuration',
    ],
  ],
  details: `Without flags and forge.yaml, AWS_PROFILE or the only [sso-session] of ~/.aws/config says where to sign in.
BROWSER names another browser. The token is kept in ~/.aws/sso/cache, where 'aws' finds it too.
Signing in again continues the portal's session and its end; --fresh starts a new one.`,
  run: runLogin,
});

async function runLogin(context: Context, { options }: { readonly options: LoginOptions }): Promise<void> {
  const { host, output, prompt, globals } = context;
  const wish = flowWish(options);
  const fresh = options.fresh ?? false;
  const config = await context.config();
  const place = await resolveSignIn(
    host,
    {
      startUrl: options.startUrl,
      ssoRegion: options.ssoRegion,
      session: options.session,
      profile: globals.profile,
    },
    config.signIn,
  );
  if (globals.plan) {
    const facts = flowFacts(host, prompt.possible);
    const { readSsoToken } = await import('../identity/sso-token.ts');
    const kept = await readSsoToken(host, place);
    const signedIn =
      kept !== undefined && (kept.refreshable || kept.expiresAt > host.now())
        ? untilText(kept.expiresAt, host.now())
        : undefined;
    const chosen = chooseFlow(wish, facts);
    output.plan(planSignIn({ place, chosen, fresh, tokenFile: tokenFile(host, place), signedIn }));
    return;
  }
  const aws = await identityParts(context).aws();
  const current = fresh ? undefined : await findCurrentToken(context, aws, place);
  if (current !== undefined) return report(context, aws, place, config, current, 'already');
  const { signIn } = await import('../identity/sign-in.ts');
  const token = await signIn({ host, output, prompt, aws }, place, { ...wish, fresh });
  await report(context, aws, place, config, token, 'now');
}

function flowWish(options: LoginOptions): FlowWish {
  const browser = options.browser === undefined ? undefined : options.browser ? 'open' : 'print';
  if (options.deviceCode === true && browser === 'open') {
    throw new ForgeError('usage', '--device-code and --browser exclude each other.', {
      code: 'USAGE',
      hint: 'Choose one.',
    });
  }
  return { deviceCode: options.deviceCode ?? false, browser };
}

/**
 * The sign-in that still counts, renewed if it must be. The cache alone does not know that somebody signed out
 * elsewhere, so the portal is asked; a person who types `forge login` because access was refused gets a new one.
 */
async function findCurrentToken(context: Context, aws: Aws, place: SignIn): Promise<SsoToken | undefined> {
  const { getSsoToken, refreshSsoToken, tokenPlace } = await import('../identity/sso-token.ts');
  const { isAccessTokenAccepted } = await import('../aws/sso.ts');
  const parts = { host: context.host, aws: async () => aws };
  try {
    const token = await getSsoToken(parts, place);
    if (await isAccessTokenAccepted(aws, token.region, token.accessToken)) return token;
    const rejected = token.accessToken.reveal();
    const renewed = await refreshSsoToken(
      parts,
      tokenPlace(context.host, place),
      (found) => found.accessToken.reveal() === rejected,
    );
    return (await isAccessTokenAccepted(aws, renewed.region, renewed.accessToken)) ? renewed : undefined;
  } catch (error) {
    if (error instanceof ForgeError && error.kind === 'signed-out') return undefined;
    throw error;
  }
}

async function report(
  context: Context,
  aws: Aws,
  place: SignIn,
  config: Config,
  token: SsoToken,
  when: 'now' | 'already',
): Promise<void> {
  const { host, output } = context;
  const skew = aws.clockSkew();
  if (Math.abs(skew) > 4 * 60_000) {
    const direction = skew > 0 ? 'slow' : 'fast';
    output.warn(
      `The clock of this machine is ${durationText(Math.abs(skew))} ${direction}: AWS may refuse what it signs.`,
    );
  }
  const { findSignedInPerson } = await import('../identity/signed-in-person.ts');
  const person = await findSignedInPerson({ host, aws }, token, config);
  output.result({
    data: {
      signedIn: when,
      person: person ?? null,
      startUrl: place.startUrl,
      region: token.region,
      session: place.session,
      expiresAt: new Date(token.expiresAt + skew).toISOString(),
      renewable: token.refreshable,
      tokenFile: token.file,
    },
    text: (style) => sentence(style, place, token, person, when, host.now()),
  });
}

function sentence(
  style: Style,
  place: SignIn,
  token: SsoToken,
  person: string | undefined,
  when: 'now' | 'already',
  now: number,
): string {
  const who = person === undefined ? '' : ` as ${style.bold(person)}`;
  const head = when === 'now' ? style.good('Signed in') : style.plain('Already signed in');
  const renewal = token.refreshable
    ? style.plain(', then renewed without asking while the portal allows it')
    : '';
  return `${head} to ${style.plain(place.startUrl)}${who}, ${untilText(token.expiresAt, now)}${renewal}.`;
}
