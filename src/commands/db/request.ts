import { requesterAccount } from '../../breakglass/access-account.ts';
import type { BreakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { requestPlan } from '../../breakglass/plan-steps.ts';
import { type Change, mostExpectedRows } from '../../breakglass/protocol/change.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { findWish } from '../../breakglass/request/ask-line.ts';
import { planRequest, type RequestPlan } from '../../breakglass/request/plan-request.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { changeFacts, changeText } from '../../db/change/change-lines.ts';
import { changeTarget } from '../../db/change/change-target.ts';
import { readChange } from '../../db/change/change-text.ts';
import { type DatabaseRequest, requestDatabase } from '../../db/database-request.ts';
import { exitCodes, ForgeError } from '../../errors.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import { breakGlassParts } from '../breakglass/break-glass-parts.ts';
import { placeRequest } from '../breakglass/request.ts';

interface ChangeRequestOptions {
  readonly ticket?: string;
  readonly reason?: string;
  readonly duration?: string;
  readonly expectRows?: number;
  readonly explain: boolean;
}

export const expectRowsOption = {
  flags: '--expect-rows <number>',
  description: 'how many rows all statements change together; with another number it is rolled back',
  parse: parseRows,
};

export default defineCommand<ChangeRequestOptions>({
  description:
    'Asks for one change to data of production: somebody else reads the SQL, and approves exactly that.',
  arguments: [
    { name: '<target>', description: 'database in forge.yaml: <environment> or <environment>/<name>' },
    { name: '<file>', description: 'SQL to run, up to 64 KiB' },
  ],
  options: [
    { flags: '--ticket <id>', description: 'of the incident' },
    { flags: '--reason <text>', description: 'why, for those who decide; recorded for years' },
    { flags: '--duration <time>', description: 'how long, from the approval on, e.g. 2h' },
    expectRowsOption,
    { flags: '--no-explain', description: 'do not ask the database what it makes of the SQL' },
  ],
  examples: [
    [
      'forge db request prod-wealth fix.sql --ticket INC-123 --reason "orders stuck in payment" --expect-rows 3',
      'prints the id; an approver types: forge db approve <id>',
    ],
    ['forge db run bg-7f3k --dry-run', 'once it is approved: what it would change'],
    ['forge db run bg-7f3k', 'runs it, once'],
  ],
  details: `The file is read once: what was in it then is asked for, approved by its SHA-256, and run. It is one transaction, which
forge begins and ends, so BEGIN and COMMIT don't belong in it, nor what can't run in a transaction (VACUUM, CREATE INDEX
CONCURRENTLY), commands of psql (\\copy) and COPY from or to the client. Where you may read the database, forge asks it to
EXPLAIN the statements, without running them, and shows that to whoever decides.
Nobody approves their own change. The exit code is 8: nothing has been run yet.`,
  run: runRequest,
});

async function runRequest(
  context: Context,
  { args, options }: CommandInput<ChangeRequestOptions>,
): Promise<number> {
  const { host, output, globals } = context;
  const config = await context.config();
  const [target, file = ''] = args;
  const said = { env: globals.env, variables: host.env };
  const request = requestDatabase(config, target, { write: true, change: true }, said);
  const named = changeTarget(config, request);
  if (named === undefined) throw notConfigured(request);
  const { text, sha256 } = await readChange(host, file);
  const found = await breakGlassParts(context);
  const { parts, place } = found;
  const plan = planChange(place, request, options);
  if (globals.plan) {
    output.plan(requestPlan(place, plan, []));
    return 0;
  }
  refuseNested(host);
  const explained = options.explain ? await explain(context, request, target, text) : undefined;
  const change: Change = {
    sha256,
    ...named,
    text,
    ...(options.expectRows === undefined ? {} : { expectRows: options.expectRows }),
    ...(explained === undefined ? {} : { plan: explained }),
  };
  const caller = await requesterAccount(parts, place)();
  const person = await ownUser(host, caller);
  const facts = changeFacts(change);
  const width = Math.max(...facts.map(([title]) => title.length));
  output.note(
    [...facts.map(([title, value]) => `${title.padEnd(width)}  ${value}`), '', changeText(change)].join('\n'),
  );
  const { id } = await placeRequest(found, caller, person, { ...plan, change }, (written) =>
    output.instruct(`Asked, as ${shortId(written.id)}. An approver types:\n  forge db approve ${written.id}`),
  );
  output.instruct(`Once it is approved, type:\n  forge db run ${shortId(id)}`);
  output.result({
    data: { id, shortId: shortId(id), status: 'waiting', change, approve: `forge db approve ${id}` },
    text: (style) => style.plain(id),
  });
  return exitCodes['awaiting-approval'];
}

/** What a change is asked for with: the same tier and scenario as any access to a database. */
function planChange(
  place: BreakGlassPlace,
  { environment }: DatabaseRequest,
  { ticket, reason, duration }: ChangeRequestOptions,
): RequestPlan {
  const wish = environment && findWish(place.breakGlass, environment, 'db run');
  if (environment === undefined || wish === undefined) {
    throw new ForgeError(
      'usage',
      `forge.yaml has no tier that somebody approves for ${environment?.name ?? 'this'}.`,
      {
        code: 'TIER_UNCONFIGURED',
        hint: 'It needs break_glass.tiers with approval: approver. See docs/configuration.md',
      },
    );
  }
  const { tier, scenario } = wish;
  return planRequest(place, { tier: tier.name, scenario, environment, duration, ticket, reason });
}

/** By the requester's standing access, as any query of theirs; without one the request stands without it. */
async function explain(
  context: Context,
  { production, name }: DatabaseRequest,
  target: string | undefined,
  text: string,
): Promise<Change['plan']> {
  if (!production) return undefined;
  const { host, output, globals } = context;
  const config = await context.config();
  const [{ withDatabase }, { explainChange, whyNotExplained }] = await Promise.all([
    import('../../db/with-database.ts'),
    import('../../db/change/explain-change.ts'),
  ]);
  const reading = requestDatabase(config, target, {}, { env: globals.env, variables: host.env });
  const purpose = {
    purpose: 'db request',
    reason: `EXPLAIN of a change to ${name}`,
    profile: globals.profile,
  };
  try {
    return await withDatabase({ ...identityParts(context), config }, reading, purpose, (session) =>
      explainChange(session, text),
    );
  } catch (error) {
    host.signal.throwIfAborted();
    output.note(whyNotExplained(error));
    return undefined;
  }
}

function notConfigured({ name }: DatabaseRequest): ForgeError {
  return new ForgeError('usage', `A change is for a database of forge.yaml, and ${name} is none.`, {
    code: 'UNKNOWN_TARGET',
    hint: 'Which there are: forge db list',
  });
}

function parseRows(typed: string): number {
  const rows = /^\d{1,10}$/.test(typed) ? Number(typed) : -1;
  if (rows >= 0 && rows <= mostExpectedRows) return rows;
  throw new ForgeError('usage', `--expect-rows takes a whole number, not ${JSON.stringify(typed)}.`, {
    code: 'USAGE',
  });
}
