import { type AccessCaller, requesterAccount } from '../../breakglass/access-account.ts';
import type { BreakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { reviewLines, reviewRequest } from '../../breakglass/decide/review-request.ts';
import { listGrants } from '../../breakglass/grant/list-grants.ts';
import { lookPlan } from '../../breakglass/plan-steps.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { type FoundRun, findRun } from '../../breakglass/request/claim-run.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { type LoadedRequest, loadRequest } from '../../breakglass/request/load-request.ts';
import { requestFacts, statusLines } from '../../breakglass/request/request-facts.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { changeText } from '../../db/change/change-lines.ts';
import { outcomeLine } from '../../db/change/run-change.ts';
import { findRunEnd, type RunEnd } from '../../db/change/run-end.ts';
import { ForgeError } from '../../errors.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import { renderTable } from '../../terminal/table.ts';
import { breakGlassParts } from '../breakglass/break-glass-parts.ts';
import { changeReview } from '../breakglass/review-change.ts';

export default defineCommand<{ readonly all?: boolean }>({
  description:
    'Lists changes to data that were asked for, or shows one of them whole, and what became of it.',
  arguments: [{ name: '[id]', description: 'of one: BG-… or bg-7f3k' }],
  options: [{ flags: '--all', description: 'also what was denied, lapsed, run or is over' }],
  examples: [
    ['forge db changes', 'what waits for an approval, and what can be run'],
    ['forge db changes bg-7f3k', 'one of them, with its text'],
  ],
  details: `Whether it was run is the bucket's word. How the run ended is in the journal of the machine that ran it, and in the evidence
of its session: forge breakglass report <id>.`,
  async run(context, { args, options }) {
    const { output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    const [typed] = args;
    if (globals.plan) return output.plan(lookPlan(place, `Show changes: ${typed ?? 'all'}.`));
    const caller = await requesterAccount(parts, place)();
    if (typed !== undefined) return showOne(context, place, caller, typed);
    const { found } = await listGrants(place, caller, { all: options.all === true });
    const changes = await Promise.all(
      found
        .filter(({ request }) => request.change !== undefined)
        .map(async (loaded) => ({ loaded, run: await runOf(caller, loaded) })),
    );
    output.result({
      data: changes.map(({ loaded, run }) => facts(loaded, run, undefined)),
      text: (style) =>
        renderTable(
          [
            { title: 'ID', value: ({ loaded }) => shortId(loaded.id) },
            { title: 'STATUS', value: ({ loaded, run }) => statusOf(loaded, run) },
            { title: 'TARGET', value: ({ loaded }) => loaded.request.change?.target ?? '' },
            { title: 'WHO', value: ({ loaded }) => loaded.request.requester.userName },
            { title: 'REASON', value: ({ loaded }) => loaded.request.reason, minor: true },
          ],
          changes,
          style,
        ),
    });
    if (changes.length === 0) output.note('There are no changes.');
  },
});

async function showOne(
  context: Context,
  place: BreakGlassPlace,
  caller: AccessCaller,
  typed: string,
): Promise<void> {
  const loaded = await loadRequest(place, caller, await findRequest(caller, typed));
  const { change } = loaded.request;
  if (change === undefined) {
    throw new ForgeError('usage', `${shortId(loaded.id)} asks for access, not for a change to data.`, {
      code: 'NOT_A_CHANGE',
      hint: `Look at it: forge breakglass show ${shortId(loaded.id)}`,
    });
  }
  const run = await runOf(caller, loaded);
  const end = run && (await findRunEnd(context.host, run));
  const review = await reviewRequest(place, caller, loaded);
  const now = caller.aws.now();
  const lines = [
    ...statusLines(loaded, now),
    ...(run === undefined ? [] : runLines(run, end, change.target)),
    ...reviewLines(review, now),
    ...changeReview(place.config, loaded),
  ];
  const width = Math.max(...lines.map(([title]) => title.length));
  context.output.result({
    data: facts(loaded, run, end),
    text: (style) =>
      [
        ...lines.map(([title, value]) => `${style.dim(title.padEnd(width))}  ${style.plain(value)}`),
        '',
        changeText(change),
      ].join('\n'),
  });
}

const runOf = (caller: AccessCaller, { request, id }: LoadedRequest) =>
  findRun(caller, request.requester.userId, id);

const statusOf = ({ state }: LoadedRequest, run: FoundRun | undefined): string =>
  run === undefined ? state.status : 'run';

function facts(loaded: LoadedRequest, run: FoundRun | undefined, end: RunEnd | undefined) {
  return {
    ...requestFacts(loaded),
    runAt: run === undefined ? null : isoSeconds(run.at),
    outcome: end?.outcome ?? null,
    transaction: end?.transaction ?? null,
    rows: end?.rows ?? null,
  };
}

function runLines(
  { at }: FoundRun,
  end: RunEnd | undefined,
  target: string,
): readonly (readonly [string, string])[] {
  const rows = end?.rows === undefined ? '' : `, ${end.rows} rows`;
  const outcome = end?.outcome ?? (end === undefined ? elsewhere : killedText(end));
  const asked =
    end?.transaction === undefined || (end.outcome !== undefined && end.outcome !== 'unknown')
      ? []
      : [['Find out', outcomeLine(target, end.transaction)] as const];
  return [['Run', `at ${isoSeconds(at)}: ${outcome}${rows}`], ...asked];
}

const elsewhere =
  'its end is not known here: it is in the journal of the machine that ran it, and in the evidence';

/** The journal has a line before COMMIT is sent, and one after it was answered. */
const killedText = ({ transaction }: RunEnd): string =>
  transaction === undefined
    ? 'forge was killed before COMMIT: nothing was changed'
    : 'forge was killed at COMMIT: whether the change is there is not known';
