import { refusal } from '../access/may-i.ts';
import { isSessionId, shortId } from '../breakglass/protocol/ids.ts';
import { type BreakGlassSession, breakGlassSession } from '../breakglass/session/session-client.ts';
import { type CommandInput, defineCommand } from '../command.ts';
import type { Config, Environment } from '../config/config.ts';
import type { Context } from '../context.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { planCredentials } from '../identity/plan-credentials.ts';
import { type WhoAmI, whoAmI } from '../identity/who-am-i.ts';
import { durationText, untilText } from '../lib/duration-text.ts';
import { findCurrentEnvironment, resolveEnvironment } from '../targets/resolve-environment.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';

interface WhoAmIOptions {
  readonly all?: boolean;
  readonly refresh?: boolean;
  readonly mfaCode?: string;
}

export default defineCommand<WhoAmIOptions>({
  description: 'Says who you are for AWS, where you can go, and for how long.',
  arguments: [
    { name: '[environment]', description: 'name in forge.yaml; without one the current environment' },
  ],
  options: [
    { flags: '--all', description: 'ask the portal for every account and permission set that you hold' },
    { flags: '--refresh', description: 'ask AWS now, not the caches of the last minutes' },
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  examples: [
    ['forge whoami', 'person, account, role, and how long sign-in and keys last'],
    ['forge whoami qa', 'the same for another environment; exit code 5 when you have no access'],
    ['forge whoami --all --output json', 'everything that you hold, for scripts'],
  ],
  details: `Keys outside production are kept while they live, so that this is fast: "checked" says when AWS last confirmed whose
they are. The list of --all is kept for ten minutes, and used without --all too. In a break-glass session it says which one, on
what and until when. Exit code 4: you are not signed in.`,
  run: runWhoAmI,
});

async function runWhoAmI(context: Context, input: CommandInput<WhoAmIOptions>): Promise<void> {
  const { host, globals, output } = context;
  const config = await context.config();
  const current = { flag: globals.env, variable: host.env.FORGE_ENV };
  const [name] = input.args;
  const named = name !== undefined || globals.env !== undefined;
  const meant =
    name === undefined ? findCurrentEnvironment(config, current) : resolveEnvironment(config, name, current);
  const { profile, region } = globals;
  const session = profile === undefined && !globals.plan ? await breakGlassSession(host) : undefined;
  const inside = session !== undefined && (!named || meant?.name === session.environment);
  const refused = inside
    ? undefined
    : refusal({ config, environment: meant, purpose: 'whoami', reason: undefined, granted: false });
  if (refused !== undefined && named) throw refused;
  const environment = inside
    ? config.environments.get(session.environment)
    : refused === undefined
      ? (meant ?? usualEnvironment(config))
      : undefined;
  const { all = false, refresh: fresh = false, mfaCode } = input.options;
  if (globals.plan) return planWhoAmI(context, config, environment, all);
  const me = await whoAmI(identityParts(context), {
    // Tier 3 is for when the portal can't be asked.
    config: inside && session.tier === 3 ? { ...config, signIn: undefined } : config,
    environment,
    named,
    profile,
    region,
    all,
    fresh,
    mfaCode,
    inHand: inside ? await session.credentials() : undefined,
  });
  const rows =
    me.catalog === undefined
      ? configuredRows(config)
      : heldRows(config, me.catalog).filter((row) => all || row.environment !== undefined);
  const missing = me.catalog?.accounts.filter((account) => account.permissionSets === undefined) ?? [];
  if (missing.length > 0) {
    output.warn(
      `${missing.length} of ${me.catalog?.accounts.length} accounts did not answer; the list is not complete.`,
    );
  }
  output.result({
    data: { ...asData(me, environment, rows, missing.length === 0), breakglass: sessionData(session) },
    text: (style) => asText(me, environment, rows, style, host.now(), session),
  });
}

const sessionData = (session: BreakGlassSession | undefined) =>
  session === undefined
    ? null
    : {
        id: session.id,
        tier: session.tier,
        environment: session.environment,
        endsAt: new Date(session.endsAt).toISOString(),
      };

/** Where nothing says which is meant, any will do to ask AWS for the person's name: not production, if only to ask. */
function usualEnvironment(config: Config): Environment | undefined {
  return [...config.environments.values()].find(
    ({ production, permissionSet }) => !production && permissionSet !== undefined,
  );
}

function planWhoAmI(
  { output, globals }: Context,
  config: Config,
  environment: Environment | undefined,
  all: boolean,
): void {
  const { profile } = globals;
  const keys =
    environment === undefined && config.signIn !== undefined && profile === undefined
      ? { steps: [], equivalents: [] }
      : planCredentials({ config, environment, profile, roles: [] });
  const listing = {
    kind: 'aws' as const,
    call: 'sso ListAccounts, sso ListAccountRoles',
    action: undefined,
    why: 'one call an account, at most 18 a second',
  };
  output.plan({
    summary: 'Say who you are for AWS; nothing is changed.',
    steps: [...keys.steps, ...(all ? [listing] : [])],
    equivalents: [...keys.equivalents, 'aws sts get-caller-identity'],
  });
}

/** One permission set in one account. */
interface Row {
  readonly environment: string | undefined;
  readonly account: string;
  readonly accountName: string | undefined;
  readonly production: boolean;
  /** Undefined: none without break-glass. */
  readonly permissionSet: string | undefined;
  /** forge.yaml gives nobody standing access to it, whoever holds it at the portal. */
  readonly breakGlassOnly: boolean;
  /** The portal says that the person holds it; undefined: it was not asked. */
  readonly held: boolean | undefined;
}

/** What forge.yaml says, which AWS was not asked about. */
function configuredRows(config: Config): readonly Row[] {
  return [...config.environments.values()].map(({ name, account, production, permissionSet }) => ({
    environment: name,
    account,
    accountName: undefined,
    production,
    permissionSet,
    breakGlassOnly: production && permissionSet === undefined,
    held: undefined,
  }));
}

/** All that the portal says, the environments of forge.yaml first, also those where the person holds nothing. */
function heldRows(config: Config, catalog: NonNullable<WhoAmI['catalog']>): readonly Row[] {
  const environments = [...config.environments.values()];
  const known = new Map(catalog.accounts.map((account) => [account.id, account]));
  const rowsOf = (id: string, environment: Environment | undefined): Row[] => {
    const account = known.get(id);
    const base = {
      environment: environment?.name,
      account: id,
      accountName: account?.name,
      production: environment?.production ?? false,
      breakGlassOnly: environment?.production === true && environment.permissionSet === undefined,
    };
    const held = (account?.permissionSets ?? []).map((permissionSet) => ({
      ...base,
      permissionSet,
      held: true,
    }));
    if (held.length > 0 || environment === undefined) return held;
    const open = account !== undefined && account.permissionSets === undefined;
    return [{ ...base, permissionSet: environment.permissionSet, held: open ? undefined : false }];
  };
  const named = new Set(environments.map(({ account }) => account));
  return [
    ...environments.flatMap((environment) => rowsOf(environment.account, environment)),
    ...catalog.accounts.filter(({ id }) => !named.has(id)).flatMap(({ id }) => rowsOf(id, undefined)),
  ];
}

function asData(me: WhoAmI, environment: Environment | undefined, rows: readonly Row[], complete: boolean) {
  const time = (epoch: number | undefined) => (epoch === undefined ? null : new Date(epoch).toISOString());
  const { signIn, caller } = me;
  return {
    person: me.person,
    signIn:
      signIn === undefined
        ? null
        : {
            startUrl: signIn.place.startUrl,
            region: signIn.token.region,
            session: signIn.place.session,
            expiresAt: time(signIn.token.expiresAt),
            renewable: signIn.token.refreshable,
          },
    environment: environment?.name ?? null,
    caller:
      caller === undefined
        ? null
        : {
            arn: caller.arn,
            account: caller.account,
            role: caller.role,
            source: caller.source,
            expiresAt: time(caller.expiration),
            checkedAt: time(caller.checkedAt),
          },
    storage: me.storage.kind,
    storageDescription: me.storage.description,
    environments: rows.map((row) => ({
      environment: row.environment ?? null,
      account: row.account,
      accountName: row.accountName ?? null,
      production: row.production,
      permissionSet: row.permissionSet ?? null,
      held: row.held ?? null,
    })),
    complete,
    askedAt: time(me.catalog?.askedAt),
  };
}

function asText(
  me: WhoAmI,
  environment: Environment | undefined,
  rows: readonly Row[],
  style: Style,
  now: number,
  session: BreakGlassSession | undefined,
): string {
  const { signIn, caller, catalog, storage } = me;
  const lines = [style.bold(me.person)];
  const say = (label: string, text: string) =>
    lines.push(`${style.dim(label.padEnd(10))}${style.plain(text)}`);
  if (session !== undefined) {
    const { tier, environment: where, endsAt, id } = session;
    const short = isSessionId(id) ? shortId(id) : id;
    lines.push(style.danger(`BREAK-GLASS ${short}: tier ${tier} on ${where}, ${untilText(endsAt, now)}`));
  }
  if (signIn !== undefined) {
    const renewal = signIn.token.refreshable ? ', renewed without asking while the portal allows it' : '';
    say('signed in', `${signIn.place.startUrl} ${untilText(signIn.token.expiresAt, now)}${renewal}`);
  }
  if (caller !== undefined) {
    const where = environment === undefined ? caller.account : `${environment.name} (${caller.account})`;
    say('in', `${where} as ${caller.role}`);
    say('', caller.arn);
    const ends = caller.expiration === undefined ? 'without an end' : untilText(caller.expiration, now);
    const age = now - caller.checkedAt;
    const checked = age < 2_000 ? 'checked now' : `checked ${durationText(age)} ago`;
    say('keys', `${ends}, from ${caller.source}, ${checked}`);
  }
  say('kept', storage.description);
  const table = renderTable<Row>(
    [
      { title: 'ENVIRONMENT', value: (row) => row.environment ?? '-' },
      { title: 'ACCOUNT', value: (row) => row.account },
      ...(catalog === undefined ? [] : [{ title: 'NAME', value: (row: Row) => row.accountName }]),
      { title: 'PERMISSION SET', value: (row) => row.permissionSet ?? '-' },
      {
        title: catalog === undefined ? 'NOTE' : 'ACCESS',
        value: accessText,
        tone: (row) => (row.held === false ? 'dim' : undefined),
      },
    ],
    rows,
    style,
  );
  if (table === '') return lines.join('\n');
  const asOf =
    catalog === undefined
      ? 'What forge.yaml names; whether you hold it is not asked here: --all asks the portal.'
      : `As the portal said ${durationText(now - catalog.askedAt)} ago; --refresh asks again.`;
  return [...lines, '', table, style.dim(asOf)].join('\n');
}

function accessText(row: Row): string {
  const production = row.production ? ', production' : '';
  if (row.breakGlassOnly && row.held === true) return `at the portal; here break-glass only${production}`;
  if (row.permissionSet === undefined) return `break-glass only${production}`;
  if (row.held === true) return `yes${production}`;
  if (row.held === false) return `not yours${production}`;
  return row.production ? 'production' : '';
}
