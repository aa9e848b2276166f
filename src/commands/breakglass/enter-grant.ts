import { requesterAccount } from '../../breakglass/access-account.ts';
import { deliverSpool } from '../../breakglass/evidence/deliver-spool.ts';
import { boundedParts } from '../../breakglass/grant/bounded-parts.ts';
import { endGrant } from '../../breakglass/grant/end-grant.ts';
import { runGrantSession } from '../../breakglass/grant/grant-session.ts';
import { waitForRole } from '../../breakglass/grant/wait-for-role.ts';
import type { ListedRequest } from '../../breakglass/intake.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { findProlonging } from '../../breakglass/request/find-prolonging.ts';
import { type LoadedRequest, loadRequest } from '../../breakglass/request/load-request.ts';
import { refuseChange } from '../../breakglass/request/refuse-change.ts';
import { approveLine, requestFacts, resumeLine } from '../../breakglass/request/request-facts.ts';
import { waitForApproval, whyNot } from '../../breakglass/request/wait-for-approval.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import { listOpenSessions } from '../../breakglass/session/open-sessions.ts';
import type { Context } from '../../context.ts';
import { exitCodes } from '../../errors.ts';
import { untilText } from '../../lib/duration-text.ts';
import { isAsked, recordSummary } from './ask-summary.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';
import { sayEnd } from './say-end.ts';
import { summaryFacts } from './summary-facts.ts';
import { checkSummary, readSummary, type SummaryOptions, summaryOptions } from './summary-options.ts';

export interface EntryOptions extends SummaryOptions {
  /** true: wait, whoever is there; false: don't; undefined: where somebody is there. */
  readonly wait?: boolean;
  /** Leave the access standing when the shell or program ends. */
  readonly keep?: boolean;
}

export const entryOptions = [
  { flags: '--wait', description: 'wait for the approval also without a terminal' },
  { flags: '--no-wait', description: 'do not wait: print the id and leave (exit code 8)' },
  {
    flags: '--keep',
    description: 'when the shell or command ends, leave the access standing until its time is up',
  },
  ...summaryOptions,
];

/**
 * From a request that stands to its end: waits, opens the shell or runs the command, gives the access back. Without
 * anybody to wait: exit code 8 and the id.
 */
export async function enterGrant(
  context: Context,
  found: BreakGlassParts,
  mine: { readonly person: Person; readonly listed: ListedRequest },
  options: EntryOptions,
  command: readonly string[],
): Promise<number> {
  const { output, prompt, host } = context;
  const { parts, place } = found;
  checkSummary(options);
  const account = requesterAccount(parts, place);
  const now = await loadRequest(place, await account(), mine.listed);
  refuseChange(now.request);
  if (now.state.status !== 'waiting' && now.state.status !== 'granted') throw whyNot(now);
  if (now.state.status === 'waiting' && !(options.wait ?? prompt.possible)) {
    output.note(`It waits for an approval. Go on with: ${resumeLine(now.id)}`);
    showRequest(context, now);
    return exitCodes['awaiting-approval'];
  }
  const loaded =
    now.state.status === 'granted' ? now : await waitForApproval(parts, place, account, mine.listed);
  for (const { by, note } of loaded.state.notes) output.note(`${by.userName}: ${note}`);
  if (command.length === 0 && !hasShell(context)) {
    await waitForRole(parts, place, loaded.request);
    output.note(`It can be used ${until(context, loaded)}. Go on with: ${resumeLine(loaded.id)}`);
    showRequest(context, loaded);
    return 0;
  }
  const began = host.now();
  const end = await runGrantSession(parts, place, loaded, command.length === 0 ? undefined : command);
  sayEnd(context, end);
  let delivered = false;
  if (options.keep === true && end.ending.why === 'finished') {
    output.note(
      `The access stands ${until(context, loaded)}. Give it back with: forge breakglass end ${shortId(loaded.id)}`,
    );
  } else {
    const given = readSummary(context, options);
    const written = await giveBack(found, mine.person, loaded, given);
    const asks = isAsked(end.ending) && (given === undefined || !written);
    const { id, request } = loaded;
    const facts = summaryFacts({ ...request, ticket: request.ticket }, began, host.now(), end);
    delivered = asks && (await recordSummary(context, found, { id, person: mine.person, facts }, given));
  }
  if (!delivered) await deliverSpool(parts, place, deliverMs);
  return sessionExit({ id: loaded.id, environment: loaded.request.environment }, end);
}

const deliverMs = 6_000;
/** Whoever has lost the network is not kept longer: the time runs out by itself. */
const giveBackMs = 15_000;

/**
 * Ctrl-C does not keep the access standing. Ended also where that fails: its time runs out, and the server side takes it
 * away. true: the summary is in the end's document.
 */
export async function giveBack(
  { parts, place }: BreakGlassParts,
  person: Person,
  loaded: LoadedRequest,
  summary: string | undefined,
): Promise<boolean> {
  const steady = boundedParts(parts, giveBackMs);
  try {
    const account = requesterAccount(steady, place);
    const caller = await account();
    const ended = await endGrant(steady, place, caller, person, loaded, summary);
    let { membership } = ended;
    if (membership === 'shared') {
      // What prolonged it goes with it, unless a shell beside this one was opened with that.
      const open = await listOpenSessions(parts.host);
      for (const other of await findProlonging(place, account, loaded).find())
        if (!open.some(({ id }) => id === other.id))
          membership = (await endGrant(steady, place, caller, person, other, undefined)).membership;
    }
    const words = {
      removed: 'You are out of its group.',
      gone: 'You were out of its group already.',
      shared: 'Another grant keeps you in its group.',
    };
    parts.output.note(words[membership]);
    return ended.written;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    parts.output.warn(
      `The access could not be given back: ${why} Try: forge breakglass end ${shortId(loaded.id)}`,
    );
    return false;
  }
}

const hasShell = ({ host, prompt, output }: Context) =>
  prompt.possible && output.format === 'table' && host.stdout.isTTY === true;

const until = ({ host }: Context, { state }: LoadedRequest) => untilText(state.endsAt ?? 0, host.now());

/** The id alone for people and pipes; all of it as JSON. */
export function showRequest({ output }: Context, loaded: LoadedRequest): void {
  output.result({
    data: requestFacts(loaded),
    text: (style) => style.plain(loaded.id),
  });
}

/** What the requester hands to an approver. */
export function tellApprover({ output }: Context, loaded: Pick<LoadedRequest, 'id'>): void {
  output.instruct(`Asked, as ${shortId(loaded.id)}. An approver types:\n  ${approveLine(loaded.id)}`);
}
