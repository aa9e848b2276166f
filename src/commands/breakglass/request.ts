import { type AccessCaller, requesterAccount } from '../../breakglass/access-account.ts';
import type { ListedRequest } from '../../breakglass/intake.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { requestPlan } from '../../breakglass/plan-steps.ts';
import type { Change } from '../../breakglass/protocol/change.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { requestKey } from '../../breakglass/protocol/keys.ts';
import type { AccessRequest } from '../../breakglass/protocol/request.ts';
import { announceRequest } from '../../breakglass/request/announce-request.ts';
import { checkRequester } from '../../breakglass/request/check-requester.ts';
import { planRequest, type RequestPlan, tierNamed } from '../../breakglass/request/plan-request.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import { writeRequest } from '../../breakglass/request/write-request.ts';
import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { askMissing } from './ask-missing.ts';
import { type BreakGlassParts, breakGlassParts } from './break-glass-parts.ts';
import { type EntryOptions, enterGrant, entryOptions, tellApprover } from './enter-grant.ts';
import {
  isForTwo,
  namingTierOfTwo,
  offlineParts,
  type PeopleOptions,
  peopleOption,
} from './offline-parts.ts';
import { runEmergency } from './run-emergency.ts';
import { runOffline } from './run-offline.ts';

export interface RequestOptions extends EntryOptions, PeopleOptions {
  readonly tier?: string;
  readonly scenario?: string;
  readonly duration?: string;
  readonly ticket?: string;
  readonly reason?: string;
}

export default defineCommand<RequestOptions>({
  description:
    'Asks for access to production for a while, waits until somebody approves it, and opens a shell that has it.',
  options: [
    {
      flags: '--tier <number>',
      description:
        '1 or 2: somebody approves. 0: nobody has to, and everybody is told. 3: two people, without Identity Center',
    },
    { flags: '--scenario <name>', description: 'what it is for, where the tier asks: instance, database, …' },
    { flags: '--duration <time>', description: 'how long, from the approval on, e.g. 2h' },
    { flags: '--ticket <id>', description: 'of the incident' },
    { flags: '--reason <text>', description: 'why, for those who decide; recorded for years' },
    peopleOption,
    ...entryOptions,
  ],
  rest: 'command and its arguments, in place of a shell',
  examples: [
    [
      'forge breakglass --tier 1 --scenario database --env prod-wealth --duration 2h --ticket INC-123 --reason "orders stuck in payment"',
      'ask, wait, and be in',
    ],
    [
      'forge breakglass --tier 2 --env prod-cash --ticket INC-7 --reason "compare balances" -- ./report.sh',
      'run one program with the access, and give it back',
    ],
    [
      'forge breakglass --tier 0 --env prod-wealth --reason "site down"',
      'the site is down: in at once; everybody is told, the ticket follows',
    ],
    [
      'forge breakglass --tier 3 --people sam,sven --env prod-wealth --reason "Identity Center is down"',
      'nobody can sign in: sam has the key, sven the MFA device',
    ],
    [
      'forge breakglass --tier 1 --scenario instance --env prod-wealth --ticket INC-9 --reason "disk full" --no-wait --output json',
      'from a script: prints the id, exit code 8',
    ],
  ],
  details: `What tiers and scenarios there are, and who approves them: forge config show. A request is written once and stands
until it is approved, denied or lapses; Ctrl-C ends the waiting only: forge breakglass resume <id> goes on, on any machine.
The time begins with the approval. Nobody can approve their own request: AWS refuses it, not only forge. Without a
terminal nothing is waited for: the exit code is 8, and --output json has the id. forge breakglass webhook says where the
approvers are told.
Tier 0 needs a fresh sign-in with MFA, lasts an hour at most, and tells before it opens; what can't be told yet (Slack or
S3 is down) is kept, and delivered by the session itself or by the next breakglass command.
Tier 3 asks nothing of Identity Center: the key of an IAM user, out of Bitwarden (bw) or typed, and the code of another
person's MFA device, typed without echo; each code is good once. Afterwards: forge breakglass rotate.`,
  run: runRequest,
});

function runRequest(context: Context, { options, rest }: CommandInput<RequestOptions>): Promise<number> {
  return requestAccess(context, options, rest);
}

/** `rest`: a command and its arguments, in place of a shell. */
export async function requestAccess(
  context: Context,
  options: RequestOptions,
  rest: readonly string[],
): Promise<number> {
  const inPerson = isForTwo(await context.config(), options.tier);
  const found = await (inPerson ? offlineParts(context) : breakGlassParts(context));
  if (options.wait !== false && !context.globals.plan) refuseNested(context.host);
  const asked = await askMissing(context, found.place, options);
  const tier = tierNamed(found.place, asked.tier);
  if (tier.approval === 'two-people') return runOffline(context, found, tier, asked, options, rest);
  if (tier.approval === 'self-serve') {
    const run = runEmergency(context, found, tier, asked, options, rest);
    return run.catch((error: unknown) => {
      throw namingTierOfTwo(found, error);
    });
  }
  return askAndEnter(context, found, asked, options, rest);
}

async function askAndEnter(
  context: Context,
  found: BreakGlassParts,
  asked: Awaited<ReturnType<typeof askMissing>>,
  options: RequestOptions,
  command: readonly string[],
): Promise<number> {
  const { parts, place } = found;
  const plan = planRequest(place, asked);
  if (context.globals.plan) {
    context.output.plan(requestPlan(place, plan, command));
    return 0;
  }
  const caller = await requesterAccount(parts, place)();
  const person = await ownUser(parts.host, caller);
  const listed = await placeRequest(found, caller, person, plan, (request) => tellApprover(context, request));
  return enterGrant(context, found, { person, listed }, options, command);
}

/** Writes the request and tells those who decide; `written` is called in between. */
export async function placeRequest(
  { parts }: BreakGlassParts,
  caller: AccessCaller,
  person: Person,
  plan: RequestPlan & { readonly change?: Change },
  written: (request: AccessRequest) => void = () => {},
): Promise<ListedRequest> {
  await checkRequester(parts, caller, person, plan.rule.tier);
  const request = await writeRequest(parts, caller, person, plan);
  written(request);
  await announceRequest(parts, request);
  return {
    key: requestKey(person.userId, request.id),
    userId: person.userId,
    id: request.id,
    lastModified: caller.aws.now(),
  };
}
