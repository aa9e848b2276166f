import { isOwnStartUrl } from '../aws/own-start-url.ts';
import type { SignIn } from '../config/config.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import type { ChosenFlow } from './choose-flow.ts';

export interface PlannedSignIn {
  readonly place: SignIn;
  readonly chosen: ChosenFlow;
  readonly fresh: boolean;
  readonly tokenFile: string;
  /** Whether a sign-in that has not ended is kept here; only the portal knows whether it still counts. */
  readonly signedIn: string | undefined;
}

/** What `forge login` would do; with a sign-in that still counts, only ask the portal about it. */
export function planSignIn({ place, chosen, fresh, tokenFile, signedIn }: PlannedSignIn): Plan {
  const call = (name: string, why: string): PlanStep => ({ kind: 'aws', call: name, action: undefined, why });
  const local = (what: string): PlanStep => ({ kind: 'local', what });
  const steps: PlanStep[] = [
    ...(signedIn === undefined || fresh
      ? []
      : [call('sso ListAccounts', 'does the portal still accept this sign-in? Then nothing else is done')]),
    ...(fresh
      ? [call('sso Logout', 'end the earlier sign-in at the portal, so that it is not used again')]
      : []),
    ...(isOwnStartUrl(place.startUrl)
      ? [local(`ask ${place.startUrl} which portal of AWS it redirects to`)]
      : []),
    call('sso-oidc RegisterClient', 'unless a registration of the last 90 days is cached'),
    ...(chosen.flow === 'browser' ? browserSteps(chosen, call) : deviceSteps(call)),
    local(`write the access token to ${tokenFile}, where the AWS CLI and the SDKs look for it`),
    call('sso GetRoleCredentials', 'and sts GetCallerIdentity: to say who signed in'),
  ];
  const because = chosen.because === undefined ? '' : `, because ${chosen.because}`;
  const way = chosen.flow === 'browser' ? 'in the browser' : `with a device code${because}`;
  const device = chosen.flow === 'browser' ? '' : ' --use-device-code';
  const kept =
    signedIn === undefined
      ? ''
      : ` You are signed in already, ${signedIn}; ${fresh ? '--fresh ends that first' : 'this is done only if the portal does not accept that any more'}.`;
  return {
    summary: `Sign in at ${place.startUrl} (${place.region}) ${way}.${kept}`,
    steps,
    equivalents:
      place.session === place.startUrl
        ? ['aws sso login --profile <profile>']
        : [`aws sso login --sso-session ${place.session}${device}`],
  };
}

type Call = (name: string, why: string) => PlanStep;

function browserSteps(chosen: ChosenFlow, call: Call): PlanStep[] {
  return [
    {
      kind: 'local',
      what: 'listen on 127.0.0.1, on any free port, for one answer of the browser (10 minutes)',
    },
    {
      kind: 'local',
      what: chosen.openBrowser
        ? 'open the sign-in page in the browser'
        : 'print the address of the sign-in page',
    },
    call('sso-oidc CreateToken', 'turn the code that the browser brings into an access token (PKCE)'),
  ];
}

function deviceSteps(call: Call): PlanStep[] {
  return [
    call('sso-oidc StartDeviceAuthorization', 'get a code, and print it with the address of its page'),
    call('sso-oidc CreateToken', 'ask every 5 seconds whether the page has been confirmed'),
  ];
}
