import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../errors.ts';
import { clearCredentialCache } from '../identity/clear-credential-cache.ts';
import { defaultSession, findSignIn } from '../identity/resolve-sign-in.ts';
import {
  type CachedSignIn,
  findCachedSignIn,
  listCachedSignIns,
  removeAwsCliRoleCredentials,
  type SignedOut,
  signOut,
} from '../identity/sign-out.ts';
import type { Style } from '../terminal/style.ts';

interface LogoutOptions {
  readonly all?: boolean;
  readonly session?: string;
}

export default defineCommand<LogoutOptions>({
  description:
    'Signs you out at the IAM Identity Center portal and removes the access token and all role credentials that forge keeps.',
  options: [
    {
      flags: '--all',
      description: "every sign-in in ~/.aws/sso/cache, and the AWS CLI's role credentials too",
    },
    { flags: '--session <name>', description: 'name of the [sso-session] in ~/.aws/config' },
  ],
  examples: [
    ['forge logout', 'at the end of the day, or before somebody else signs in'],
    ['forge logout --all', 'sign out everywhere, as aws sso logout does'],
  ],
  details: `Role credentials that were handed to programs before stay valid until their own end, and open connections
stay open: AWS has no way to call them back. Break-glass sessions on this machine end, with all that runs in them.`,
  run: runLogout,
});

async function runLogout(
  context: Context,
  { options }: { readonly options: LogoutOptions },
): Promise<number> {
  const { host, output, globals } = context;
  const all = options.all ?? false;
  const signIns = all ? await listCachedSignIns(host) : await findOne(context, options.session);
  if (globals.plan) {
    output.plan({
      summary: signIns.length === 0 ? 'Nobody is signed in.' : 'Sign out.',
      steps: [
        ...signIns.flatMap(({ startUrl, file }) => [
          {
            kind: 'aws' as const,
            call: 'sso Logout',
            action: undefined,
            why: `end the sign-in at ${startUrl}`,
          },
          { kind: 'local' as const, what: `remove ${file}` },
        ]),
        { kind: 'local', what: 'remove the role credentials that forge keeps' },
        { kind: 'local', what: 'end the break-glass sessions on this machine' },
        ...(all ? [{ kind: 'local' as const, what: "remove the AWS CLI's role credentials" }] : []),
      ],
      equivalents: ['aws sso logout'],
    });
    return 0;
  }
  const { identityParts } = await import('../identity/identity-parts.ts');
  const parts = identityParts(context);
  const results: SignedOut[] = [];
  try {
    for (const signIn of signIns) results.push(await signOut(parts, signIn));
  } finally {
    await clearCredentialCache(host);
    const { endOpenSessions } = await import('../breakglass/session/open-sessions.ts');
    const ended = await endOpenSessions(host, { why: 'signed-out' });
    for (const { id, environment } of ended)
      output.note(`Ends the break-glass session ${id} on ${environment}.`);
    if (all) await removeAwsCliRoleCredentials(host);
  }
  output.result({
    data: {
      signedOut: results.map(({ startUrl, problem }) => ({ startUrl, atPortal: problem === undefined })),
    },
    text: (style) => sentence(style, results),
  });
  const problems = results.map(({ problem }) => problem).filter((problem) => problem !== undefined);
  for (const problem of problems) {
    output.warn(
      `The portal was not told: ${problem.message}\nWhat was stored here is gone; the browser's sign-in and its renewals last until the portal ends them.`,
    );
  }
  return problems.length === 0 ? 0 : (problems[0]?.exitCode ?? exitCodes.unreachable);
}

/** Only the session's name is needed: its file says the rest, so that this works without any configuration. */
async function findOne(context: Context, session: string | undefined): Promise<readonly CachedSignIn[]> {
  const { host } = context;
  const found = await findCachedSignIn(host, session ?? (await currentSession(context)));
  return found === undefined ? [] : [found];
}

async function currentSession({ host, globals, config }: Context): Promise<string> {
  const flags = { startUrl: undefined, ssoRegion: undefined, session: undefined, profile: globals.profile };
  const place = await findSignIn(host, flags, (await config()).signIn);
  return place?.session ?? defaultSession;
}

function sentence(style: Style, results: readonly SignedOut[]): string {
  if (results.length === 0) return style.plain('Already signed out.');
  const places = [...new Set(results.map(({ startUrl }) => startUrl))].join(', ');
  return `${style.good('Signed out')} of ${style.plain(places)}.`;
}
