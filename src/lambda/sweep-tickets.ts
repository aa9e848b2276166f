import { isSessionId, type SessionId } from '../breakglass/protocol/ids.ts';
import { ticketToFollow } from '../breakglass/protocol/judge-emergency.ts';
import { evidencePrefix, parseRecordKey } from '../breakglass/protocol/keys.ts';
import { findEmergencyRole } from '../breakglass/protocol/policy.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { ticketText } from '../breakglass/protocol/slack-text.ts';
import { parseJsonObject } from '../lib/json-object.ts';
import { readChain } from './chain.ts';
import { recentDays } from './intake.ts';
import type { Listed, Ports } from './ports.ts';
import { stateOf } from './session-state.ts';
import { tellOnce } from './tell.ts';
import { turnOf } from './turn-of.ts';

/** Sessions that need no reminder any more, as far as this instance has seen, and the reminders that it has told. */
const doneOf = new WeakMap<Ports['archive'], Set<string>>();

/** After so many reminders one period apart, one in so many periods. */
const manyReminders = 24;
/** Longest piece of evidence that is read; forge writes 256 KiB. */
const pieceBytes = 1024 * 1024;
/** Of one session so many pieces are read, the newest: a ticket comes at the end, or later. */
const mostPieces = 100;
/** Sessions that are looked at in one run. */
const mostSessions = 50;

/**
 * Emergencies whose ticket was to follow and is still missing when it is due: told once a period until it is there. What
 * counts is that its person's forge delivered one; whether it is a good one is for people.
 */
export async function sweepTickets(ports: Ports): Promise<readonly string[]> {
  const { archive, policy, now } = ports;
  if (!policy.emergencyRoles.some(({ ticketWithinMinutes }) => ticketWithinMinutes !== undefined)) return [];
  const done = doneOf.get(archive) ?? new Set();
  doneOf.set(archive, done);
  const oldest = now() - recentDays * 86_400_000;
  const told: string[] = [];
  const listed = await archive.list('sessions/EV-');
  const open = listed.flatMap(({ key, lastModified }) => {
    const place = parseRecordKey(key);
    return place?.seq !== 0 || lastModified < oldest || done.has(place.session) ? [] : [place.session];
  });
  for (const id of turnOf(open, mostSessions, now())) {
    const session = stateOf(await readChain(archive, id))?.session;
    const due = session && dueTicket(ports, session);
    if (session === undefined || due === undefined) done.add(id);
    else if (await remind(ports, id, session, due, done)) told.push(`reminded of ${id}`);
  }
  return told;
}

interface Due {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly periodMs: number;
  readonly channel: string | undefined;
}

/** Undefined: none is to follow. What was not sanctioned is another matter than a ticket. */
function dueTicket(
  { policy }: Ports,
  { sanctioned, roleArn = '', ticket, openedAt }: Session,
): Due | undefined {
  const role = findEmergencyRole(policy, roleArn);
  if (!sanctioned || ticket !== ticketToFollow || role?.ticketWithinMinutes === undefined) return undefined;
  const periodMs = role.ticketWithinMinutes * 60_000;
  return { at: epoch(openedAt) + periodMs, periodMs, channel: role.channel };
}

async function remind(
  ports: Ports,
  id: SessionId,
  session: Session,
  { at, periodMs, channel }: Due,
  done: Set<string>,
): Promise<boolean> {
  const now = ports.now();
  if (now < at) return false;
  const periods = Math.floor((now - at) / periodMs) + 1;
  const reminder = periods <= manyReminders ? periods : periods - (periods % manyReminders);
  const about = `ticket-${id}-${reminder}`;
  if (done.has(about)) return false;
  if (await hasTicket(ports, session)) {
    done.add(id);
    return false;
  }
  await tellOnce(ports, { about, channel, text: ticketText(session, at, now) });
  done.add(about);
  return true;
}

/** Whether a line of the evidence names one; evidence is under the name that the person's forge gave the session. */
async function hasTicket({ intake }: Ports, { id, clientId, userId }: Session): Promise<boolean> {
  if (userId === undefined) return false;
  for (const name of [id, clientId]) {
    if (name === undefined || !isSessionId(name)) continue;
    const pieces = [...(await intake.list(evidencePrefix(userId, name)))].sort(newestFirst);
    for (const { key, size } of pieces.slice(0, mostPieces)) {
      if (size > pieceBytes) continue;
      const bytes = (await intake.get(key, pieceBytes))?.bytes;
      if (bytes !== undefined && new TextDecoder().decode(bytes).split('\n').some(namesTicket)) return true;
    }
  }
  return false;
}

const newestFirst = (one: Listed, other: Listed): number => other.lastModified - one.lastModified;

function namesTicket(line: string): boolean {
  if (!line.includes('"ticket"')) return false;
  const { type, ticket } = parseJsonObject(line) ?? {};
  return (
    typeof ticket === 'string' &&
    ticket.trim() !== '' &&
    (type === 'ticket' || type === 'closed' || type === 'breakglass.ticket')
  );
}
