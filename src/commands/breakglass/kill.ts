import { killSession, type SeenAfterKill, wasGiven, watchKill } from '../../breakglass/kill/kill-session.ts';
import { findKillTarget, type KillTarget, namedAlike } from '../../breakglass/kill/kill-target.ts';
import { killerAccount } from '../../breakglass/kill/killer-account.ts';
import { killPlan } from '../../breakglass/kill/plan-kill.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { lineProblem, reasonLength } from '../../breakglass/protocol/document-parts.ts';
import { type SessionId, shortId } from '../../breakglass/protocol/ids.ts';
import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import type { Style } from '../../terminal/style.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import {
  isAnswered,
  isClear,
  type KillFacts,
  killVerdicts,
  type PlaneVerdict,
  planeNames,
} from './kill-verdicts.ts';

/** The server side answers within seconds; its sweeper within five minutes. */
const patienceMs = 6 * 60_000;

export default defineCommand<{ readonly reason?: string }>({
  description: "Ends somebody else's access now, or stops a request, and says of each plane what was seen.",
  arguments: [{ name: '<id>', description: 'of the session or request: bg-7f3k, ev-1c3d or un-0f2e' }],
  options: [{ flags: '--reason <text>', description: 'why; shown to whoever is stopped, and recorded' }],
  examples: [
    ['forge breakglass kill bg-7f3k --reason "wrong database"', 'for approvers, and who may kill'],
    ['forge breakglass kill ev-1c3d --output json', 'tier 0; the verdicts for a script'],
  ],
  details: `Five planes: membership, issued credentials, SSM sessions, databases, Kubernetes. Each line is what was seen: done, none,
still there until a time, or not to be seen with your rights, and then what to type. The exit code is 0 only when all are clear. The
server side goes on whether you wait or not; typed again, it looks again. A request that was not approved gives no access any
more. Your own access: forge breakglass end.`,
  async run(context, { args, options }) {
    const { output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    const { reason } = options;
    checkReason(reason);
    const typed = args[0] ?? '';
    if (globals.plan) return output.plan(killPlan(place, typed));
    const looking = await killerAccount(parts, place)();
    const target = await findKillTarget(place, looking, typed);
    const account = killerAccount(parts, place, target.request?.request.tier ?? target.session?.tier);
    const caller = await account();
    const killer = await ownUser(parts.host, caller);
    const askedAt = caller.aws.now();
    for (const { id } of target.sharing)
      output.note(`${shortId(id)} shares the membership, and ends with it.`);
    const before = await killSession(parts, caller, killer, target, reason);
    const factsOf = (seen: SeenAfterKill) => killFacts(target, seen, askedAt, caller.aws.now());
    const enough = (seen: SeenAfterKill) => isAnswered(factsOf(seen));
    const seen = await watchKill(parts, place, account, target, before, enough, patienceMs);
    const verdicts = killVerdicts(factsOf(seen));
    output.result({
      data: {
        id: target.id,
        shortId: shortId(target.id),
        with: target.sharing.map(({ id }) => id),
        clear: verdicts.every(isClear),
        planes: verdicts.map(jsonOf),
      },
      text: (style) => verdicts.map((verdict) => textOf(verdict, style)).join('\n'),
    });
    refuseNamesake(target, await namedAlike(place, caller, target));
    refuseUnclear(target, verdicts);
  },
});

function killFacts(
  target: KillTarget,
  { membership, records }: SeenAfterKill,
  askedAt: number,
  now: number,
): KillFacts {
  const open = records?.[0];
  const session = open?.kind === 'open' ? open.body.session : target.session;
  const asked = target.request?.request;
  const revoke = records?.findLast(({ kind }) => kind === 'revoke');
  return {
    opened: wasGiven(target) || session !== undefined,
    membership,
    revoke: revoke?.kind === 'revoke' ? revoke.body : undefined,
    readable: records !== undefined,
    id: shortId(target.id),
    userName: session?.userName ?? asked?.requester.userName,
    environment: session?.environment ?? asked?.environment,
    scenario: session?.scenario ?? asked?.scenario,
    askedAt,
    now,
  };
}

function refuseUnclear({ id }: KillTarget, verdicts: readonly PlaneVerdict[]): void {
  const open = verdicts.filter((verdict) => !isClear(verdict));
  if (open.length === 0) return;
  const names = open.map(({ plane }) => planeNames[plane]).join(', ');
  throw new ForgeError('failed', `${shortId(id)} is not known to be ended everywhere: ${names}.`, {
    code: 'NOT_CLEAR',
    hint: `The lines above say what to do. Look again: forge breakglass kill ${shortId(id)}`,
  });
}

/** It may be what was meant, and it goes on. */
function refuseNamesake({ id }: KillTarget, [other]: readonly SessionId[]): void {
  if (other === undefined) return;
  throw new ForgeError('failed', `An emergency has the name ${shortId(id)} too, and was not ended.`, {
    code: 'NAMED_ALIKE',
    hint: `forge breakglass kill ${other}`,
  });
}

function jsonOf({ plane, state, said, until, type }: PlaneVerdict): object {
  return { plane, state, said, until: until === undefined ? null : isoSeconds(until), type: type ?? [] };
}

const words = { done: 'done', none: 'none', standing: 'still there', unseen: 'not seen' } as const;

function textOf({ plane, state, said, until, type }: PlaneVerdict, style: Style): string {
  const paint = { done: style.good, none: style.dim, standing: style.danger, unseen: style.caution }[state];
  const time = until === undefined ? '' : ` (until ${isoSeconds(until).slice(11, 16)} UTC at most)`;
  return [
    `${style.bold(planeNames[plane].padEnd(12))}  ${paint(words[state].padEnd(11))}  ${style.plain(`${said}${time}`)}`,
    ...(type ?? []).map((line) => `    ${style.plain(line)}`),
  ].join('\n');
}

function checkReason(reason: string | undefined): void {
  const problem = reason === undefined ? undefined : lineProblem(reason, reasonLength);
  if (problem === undefined) return;
  throw new ForgeError('usage', `The reason ${problem}.`, {
    code: 'INVALID_REASON',
    hint: `One line of up to ${reasonLength} characters: --reason "wrong database"`,
  });
}
