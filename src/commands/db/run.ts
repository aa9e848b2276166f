import { requesterAccount } from '../../breakglass/access-account.ts';
import { deliverSpool } from '../../breakglass/evidence/deliver-spool.ts';
import { runGrantSession } from '../../breakglass/grant/grant-session.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { type RequestId, shortId } from '../../breakglass/protocol/ids.ts';
import { findRun } from '../../breakglass/request/claim-run.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { type LoadedRequest, loadRequest } from '../../breakglass/request/load-request.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import { breakGlassSession } from '../../breakglass/session/session-client.ts';
import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { readChangeBytes } from '../../db/change/change-text.ts';
import { checkRun } from '../../db/change/check-run.ts';
import { findRunEnd, type RunEnd } from '../../db/change/run-end.ts';
import { ForgeError } from '../../errors.ts';
import { type BreakGlassParts, breakGlassParts } from '../breakglass/break-glass-parts.ts';
import { giveBack } from '../breakglass/enter-grant.ts';
import { sayEnd } from '../breakglass/say-end.ts';
import { sessionOptions } from './database-options.ts';
import { expectRowsOption } from './request.ts';
import { runPlan } from './run-plan.ts';
import { runWithin } from './run-within.ts';

export interface RunOptions {
  readonly dryRun?: boolean;
  readonly expectRows?: number;
  /** Seconds. */
  readonly statementTimeout?: number;
}

export default defineCommand<RunOptions>({
  description:
    'Runs a change to data that somebody else has approved: exactly that, once, in one transaction.',
  arguments: [
    { name: '<id>', description: 'of the change: BG-… or bg-7f3k' },
    { name: '[file]', description: 'compared with what was approved; run is what was approved' },
  ],
  options: [
    { flags: '--dry-run', description: 'run it and roll it back; shows how many rows it changes' },
    expectRowsOption,
    ...sessionOptions.filter(({ flags }) => flags.startsWith('--statement-timeout')),
  ],
  examples: [
    ['forge db run bg-7f3k --dry-run', 'what it would change; as often as you like'],
    ['forge db run bg-7f3k', 'runs it, and gives the access back'],
    [
      'forge db run bg-7f3k fix.sql --expect-rows 3',
      'only if the file is still the same, and 3 rows are changed',
    ],
  ],
  details: `Before anything reaches the database the run is taken, in the intake bucket, where it can be taken once: a second run is
refused, on whatever machine, also of a change that failed. What fails before COMMIT is rolled back. What the statements did and
returned is on the disk before COMMIT, and evidence of the session. When the connection is lost at COMMIT, forge asks the server
what became of it, and says so where nobody knows.
Exit codes: 1 rolled back (or the server refused it), 5 it may not be run (edited, run already, another's, denied), 6 unknown or
not reached, 7 too late, 8 not approved yet.`,
  run: runApproved,
});

async function runApproved(context: Context, { args, options }: CommandInput<RunOptions>): Promise<number> {
  const { host, globals, output } = context;
  const [typed = '', file] = args;
  const compared = file === undefined ? undefined : await readChangeBytes(host, file);
  const inside = await breakGlassSession(host);
  const found = await breakGlassParts(context);
  const { parts, place } = found;
  const account = requesterAccount(parts, place);
  const caller = await account();
  const person = await ownUser(host, caller);
  const listed = await findRequest(caller, typed, person);
  const loaded = await loadRequest(place, caller, listed);
  const run = await findRun(caller, listed.userId, listed.id);
  const question = { config: place.config, loaded, person, run, environment: globals.env, file: compared };
  const change = checkRun({ ...question, expectRows: options.expectRows });
  if (globals.plan) {
    output.plan(runPlan(place, loaded, change, options.dryRun === true));
    return 0;
  }
  if (inside?.id === loaded.id) {
    await runWithin(context, { parts, caller, person, loaded, change, options });
    return 0;
  }
  refuseNested(host);
  return runInGrant(context, found, person, loaded, options);
}

/** The same command once more, in a session of the grant, so that all that holds for sessions holds for it: its end above all. */
async function runInGrant(
  context: Context,
  found: BreakGlassParts,
  person: Person,
  loaded: LoadedRequest,
  options: RunOptions,
): Promise<number> {
  const { parts, place } = found;
  const { node, script } = context.host.program;
  const words = [node, script, 'db', 'run', loaded.id, ...optionWords(context, options)];
  const end = await runGrantSession(parts, place, loaded, words, { stands: true });
  if (end.ending.why !== 'finished') sayEnd(context, end);
  const account = requesterAccount(parts, place);
  const run = await account().then((caller) => findRun(caller, person.userId, loaded.id));
  const done = run && (await findRunEnd(context.host, run));
  // Of two that began at once the other one may still be at it, with the same access.
  if (done !== undefined && (done.outcome !== undefined || end.exitCode > 128))
    await giveBack(found, person, loaded, summaryOf(done));
  await deliverSpool(parts, place, deliverMs);
  if (end.ending.why === 'ended') throw endedMeanwhile(loaded.id);
  return sessionExit({ id: loaded.id, environment: loaded.request.environment }, end);
}

/** For a shell that is as wished; a change was cut short then, or another run of it was sooner. */
function endedMeanwhile(id: RequestId): ForgeError {
  return new ForgeError('time-up', `${shortId(id)} was ended while it was run.`, {
    code: 'REQUEST_ENDED',
    hint: `What became of the change: forge db changes ${shortId(id)}`,
  });
}

const summaryOf = ({ outcome, rows }: RunEnd): string =>
  `forge db run: ${outcome ?? 'killed before its end was known'}${rows === undefined ? '' : `, ${rows} rows`}.`;

const deliverMs = 6_000;

function optionWords(
  { globals }: Context,
  { dryRun, expectRows, statementTimeout }: RunOptions,
): readonly string[] {
  const { output, config, quiet, debug, region } = globals;
  return [
    ...(dryRun === true ? ['--dry-run'] : []),
    ...(expectRows === undefined ? [] : ['--expect-rows', String(expectRows)]),
    ...(statementTimeout === undefined
      ? []
      : ['--statement-timeout', statementTimeout === 0 ? '0' : `${statementTimeout}s`]),
    ...(output === undefined ? [] : ['--output', output]),
    ...(config === undefined ? [] : ['--config', config]),
    ...(region === undefined ? [] : ['--region', region]),
    ...(quiet ? ['--quiet'] : []),
    ...(debug ? ['--debug'] : []),
  ];
}
