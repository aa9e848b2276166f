import { durationText } from '../../lib/duration-text.ts';
import type { EmergencyUse } from './emergency-use.ts';
import { shortId } from './ids.ts';
import type { Verdict } from './judge.ts';
import type { EmergencyVerdict } from './judge-emergency.ts';
import type { Membership } from './membership.ts';
import type { AccessRequest } from './request.ts';
import { epoch, type Session } from './session.ts';

/**
 * Texts of messages in Slack's mrkdwn. What people wrote can't mention, link, format or look like a part of the
 * message; times are UTC, since whoever reads may be anywhere.
 * https://docs.slack.dev/messaging/formatting-message-text
 */

/** Somebody asks. Only an id is to be typed, never a line that the requester wrote. */
export function requestText(request: AccessRequest): string {
  const scenario = request.scenario === undefined ? '' : `, ${slackEscape(request.scenario)}`;
  const prolongs = request.extends === undefined ? '' : ` (prolongs \`${shortId(request.extends)}\`)`;
  const family = request.change === undefined ? 'breakglass' : 'db';
  return lines(
    `:key: *${name(request.requester.userName)}* asks for tier ${request.tier}${scenario} in *${slackEscape(request.environment)}* for ${minutes(request.minutes)}${prolongs}`,
    field('Reason', request.reason),
    field('Ticket', request.ticket),
    ...changeLines(request),
    `Approve: \`forge ${family} approve ${request.id}\``,
    `Refuse: \`forge ${family} deny ${request.id}\``,
  );
}

/** Of somebody who asks again and again it is said once: the channel is for those who must act. `until`: epoch milliseconds. */
export const askedOftenText = (userName: string, times: number, until: number): string =>
  `:mute: *${name(userName)}* has asked more than ${times} times within an hour. What else they ask for until ${clock(until)} is not said here: \`forge breakglass list\` has it.`;

/** Of a change its size and digest: the text is shown by forge, where it is compared with what it is for. */
function changeLines({ change }: AccessRequest): readonly string[] {
  if (change === undefined) return [];
  const length = change.text.trimEnd().split('\n').length;
  return [
    `Change to data of *${slackEscape(change.target)}*: ${length} ${length === 1 ? 'line' : 'lines'}, SHA-256 \`${change.sha256}\``,
  ];
}

/** A grant was seen and judged. */
export function grantText(verdict: Verdict, membership: Membership): string {
  const { session } = verdict;
  if (!verdict.sanctioned) {
    return lines(
      `:rotating_light: *Access that nobody sanctioned* was given in *${place(session)}* and is being taken away.`,
      verdict.why,
      field('Who got in', session.userName ?? session.userId),
      field('Made by', membership.made === undefined ? 'unknown' : membership.made.by.arn),
      `Record: \`${session.id}\``,
    );
  }
  return lines(
    `:white_check_mark: *${name(session.userName)}* has tier ${session.tier} in *${place(session)}* ${until(session)}`,
    field('Approved by', session.approvers.map((approver) => approver.userName).join(', ')),
    field('Reason', session.reason),
    field('Ticket', session.ticket),
    stopLine(session),
  );
}

/** Of whoever came from another account the role's account is told that account alone. */
const callerText = ({ by }: EmergencyUse): string => by.arn || `account ${by.account ?? 'unknown'}`;

/** An emergency role was used, or tried. */
export function emergencyText(verdict: EmergencyVerdict, use: EmergencyUse): string {
  const { session } = verdict;
  const who = name(session.userName ?? session.userId ?? callerText(use));
  if (use.denied) {
    return lines(
      `:no_entry: *${who}* tried an emergency role and was refused by AWS.`,
      field('Role', use.roleArn),
      field('By', callerText(use)),
    );
  }
  const what = verdict.sanctioned
    ? `:rotating_light: *${who}* broke the glass: tier ${session.tier} in *${place(session)}* ${until(session)}`
    : `:rotating_light: *An emergency role was used as it must not be* by *${who}*: ${verdict.why}`;
  return lines(
    what,
    field('Incident', session.ticket),
    field('Reason', session.reason),
    verdict.sanctioned ? undefined : field('Role', use.roleArn),
    verdict.sanctioned ? stopLine(session) : undefined,
    `Record: \`${session.id}\``,
  );
}

/** For whoever reads that somebody is in, and thinks that they must not be. */
const stopLine = ({ id }: Session) => `Stop it: \`forge breakglass kill ${id}\``;

/** The access was taken away. */
export function endedText(session: Session, at: number): string {
  const early = at < epoch(session.expiresAt) - 1_000 ? ', before its time' : '';
  return `:lock: Tier ${session.tier ?? '?'} of *${name(session.userName ?? session.userId)}* in *${place(session)}* ended at ${clock(at)}${early} (\`${shortId(session.id)}\`)`;
}

/** Taking away does not succeed; it goes on being tried. */
export function stuckText(session: Session, step: string, attempt: number): string {
  return lines(
    `:rotating_light: *Access could not be taken away yet*: ${name(session.userName ?? session.userId)} in *${place(session)}*`,
    `${slackEscape(step)} failed ${attempt} times and is tried on. Record: \`${session.id}\``,
  );
}

/** The witness outside AWS: whoever has this message can tell whether the archive was rewritten. */
export function sealText(session: Session, ledger: { readonly seq: number; readonly head: string }): string {
  return `:file_folder: \`${shortId(session.id)}\` is sealed. Ledger ${ledger.seq} \`${ledger.head}\``;
}

/** A ledger head in a message that `sealText` made, of an export of the channel. */
export function parseSealText(text: string): { readonly seq: number; readonly sha256: string } | undefined {
  const [, seq, sha256] = / is sealed\. Ledger (\d{1,8}) `([0-9a-f]{64})`$/.exec(text) ?? [];
  return seq === undefined || sha256 === undefined ? undefined : { seq: Number(seq), sha256 };
}

/** What could not be said for minutes says when it was so. `at`, `now` in epoch milliseconds. */
export const laterText = (text: string, at: number, now: number): string =>
  now - at < 3 * 60_000
    ? text
    : `(${new Date(at).toISOString().slice(0, 10)} ${clock(at)}, told late) ${text}`;

/** A ticket is still to come. `dueAt` in epoch milliseconds. */
export function ticketText(session: Session, dueAt: number, now: number): string {
  const due =
    dueAt > now ? `is due in ${durationText(dueAt - now)}` : `was due ${durationText(now - dueAt)} ago`;
  // By the name that its person knows it by.
  const id = shortId(session.clientId ?? session.id);
  return lines(
    `:ticket: The ticket for \`${id}\` of *${name(session.userName ?? session.userId)}* ${due}`,
    session.clientId === undefined ? undefined : `Add it: \`forge breakglass ticket ${id}\` and the ticket`,
  );
}

/** A key that tier 3 was opened with is still there. `at`, `now` in epoch milliseconds. */
export const rotationText = (
  { userName, people, at }: { readonly userName: string; readonly people: string; readonly at: number },
  now: number,
): string =>
  `:key: The key of *${name(userName)}* was used ${durationText(now - at)} ago by *${name(people)}*, and is not replaced yet: \`forge breakglass rotate\``;

/** Nobody answered. */
export const lapsedText = (request: AccessRequest): string =>
  `:hourglass: The request \`${shortId(request.id)}\` of *${name(request.requester.userName)}* has lapsed.`;

/**
 * Text of a stranger in a message: one line of at most 300 characters; `&`, `<`, `>` as Slack wants them, so no
 * mention, link or channel; and an invisible word joiner where something would else format (`*`, `~`, backtick, `_` at
 * the edge of a word), mention (`@`, `#` before a word), become an emoji or a link.
 */
export function slackEscape(text: string): string {
  const short = text.length > 300 ? `${text.slice(0, 299).replace(/[\ud800-\udbff]$/, '')}…` : text;
  return short
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g, ' ')
    .replace(/[*~`]|(?<!\w)[@#_]|_(?!\w)|:(?=[\w+-]+:)|:(?=\/\/)/g, (mark) => `${mark}${joiner}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

const joiner = '\u2060';

const name = (text: string | undefined): string => slackEscape(text ?? 'unknown');

const place = (session: Session): string => slackEscape(session.environment ?? session.account ?? 'unknown');

const field = (title: string, text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : `${title}: ${slackEscape(text)}`;

const minutes = (count: number): string => durationText(count * 60_000);

const clock = (at: number): string => `${new Date(at).toISOString().slice(11, 16)} UTC`;

const until = (session: Session): string =>
  `until ${clock(epoch(session.expiresAt))} (${durationText(epoch(session.expiresAt) - epoch(session.openedAt))})`;

const lines = (...all: readonly (string | undefined)[]): string =>
  all.filter((line) => line !== undefined).join('\n');
