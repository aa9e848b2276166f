import { durationText } from '../../lib/duration-text.ts';
import { parseDecision } from '../protocol/decision.ts';
import { parseEnd } from '../protocol/end.ts';
import { shortId } from '../protocol/ids.ts';
import { parseKill } from '../protocol/kill.ts';
import type { ArchiveRecord } from '../protocol/record.ts';
import { type Bodies, originalOf } from '../protocol/record-bodies.ts';
import { parseRequest } from '../protocol/request.ts';
import { readTrailEvent } from '../protocol/trail-event.ts';
import type { Moment, SessionReport } from './session-report.ts';

/** What the records of a session say. Pure; undefined where record 0 is none. */
export function reportRecords(
  records: readonly ArchiveRecord[],
): Pick<SessionReport, 'facts' | 'approvers' | 'timeline' | 'sources' | 'summary'> | undefined {
  const [first] = records;
  if (first?.kind !== 'open') return undefined;
  const { session } = first.body;
  const revoke = records.findLast(({ kind }) => kind === 'revoke');
  const seal = records.findLast(({ kind }) => kind === 'seal' || kind === 'export');
  const ended = revoke?.kind === 'revoke' ? revoke.body.at : undefined;
  const facts: (readonly [string, string | undefined])[] = [
    ['Who', session.userName ?? session.userId],
    ['Tier', session.tier === undefined ? undefined : `${session.tier}`],
    ['Scenario', session.scenario],
    ['Environment', [session.environment, session.account].filter(Boolean).join(', ') || undefined],
    ['Access', session.permissionSet ?? session.roleArn],
    ['Ticket', session.ticket],
    ['Reason', session.reason],
    ['Sanctioned', session.sanctioned ? 'yes' : `no: ${session.why ?? 'unknown'}`],
    ['Prolongs', session.extends],
    ['Opened', utc(session.openedAt)],
    ['Was to end', utc(session.expiresAt)],
    ['Access taken away', ended === undefined ? 'no record says so' : utc(ended)],
  ];
  return {
    facts: facts.flatMap(([title, value]) => (value === undefined ? [] : [[title, value] as const])),
    approvers: first.body.decisions.flatMap((copy) => {
      const decision = parseDecision(originalOf(copy).bytes);
      return decision.ok && decision.value.outcome === 'approved'
        ? [{ userName: decision.value.approver.userName, note: decision.value.note }]
        : [];
    }),
    timeline: records.flatMap(momentsOf),
    sources: seal?.kind === 'seal' || seal?.kind === 'export' ? seal.body.sources : undefined,
    summary: records.map(summaryOf).find((summary) => summary !== undefined),
  };
}

function momentsOf(record: ArchiveRecord): readonly Moment[] {
  const at = Date.parse(record.at);
  const one = (what: string, said?: string): readonly Moment[] => [{ at, what, said, from: 'server' }];
  switch (record.kind) {
    case 'open':
      return opening(record.body);
    case 'grant':
      return one(`Shares its membership with ${shortOf(record.body.sharedWith)}`);
    case 'use':
      return one('Credentials were issued', record.body.roleArn);
    case 'end':
      return [{ at, from: 'server', ...ending(record.body) }];
    case 'revoke': {
      const { membership, tail, terminated, remaining } = record.body;
      const left = remaining === 0 ? '' : `, ${remaining} left`;
      const moment = `Access taken away: membership ${membership}, issued credentials ${tail}, SSM sessions ${terminated} ended${left}`;
      return [{ at: Date.parse(record.body.at), what: moment, from: 'server' }];
    }
    case 'stuck':
      return one(`Taking it away failed, attempt ${record.body.attempt}`, record.body.problem);
    case 'export':
      return one(`Collected: ${record.body.files.length} files`);
    case 'seal':
      return one(record.body.complete ? 'Sealed' : 'Sealed, incomplete');
    case 'evidence':
      return [];
  }
}

function opening({ session, request, decisions }: Bodies['open']): readonly Moment[] {
  const moments: Moment[] = [];
  const asked = request && parseRequest(originalOf(request).bytes);
  if (request !== undefined && asked?.ok === true) {
    moments.push({
      at: Date.parse(request.lastModified),
      what: `Asked for, ${durationText(asked.value.minutes * 60_000)}`,
      said: asked.value.reason,
      from: 'server',
    });
  }
  for (const copy of decisions) {
    const decision = parseDecision(originalOf(copy).bytes);
    if (!decision.ok) continue;
    const { approver, outcome, note } = decision.value;
    const by = note === undefined ? approver.userName : `${approver.userName}: ${note}`;
    const what = outcome === 'approved' ? 'Approved by' : 'Denied by';
    moments.push({ at: Date.parse(copy.lastModified), what, said: by, from: 'server' });
  }
  const what = session.sanctioned ? 'Access began' : 'Access that nobody sanctioned';
  moments.push({ at: Date.parse(session.openedAt), what, said: session.why, from: 'server' });
  return moments;
}

function ending({ request, event }: Bodies['end']): Pick<Moment, 'what' | 'said'> {
  const bytes = request === undefined ? undefined : originalOf(request).bytes;
  const kill = bytes && parseKill(bytes);
  if (kill?.ok === true) {
    const { by, reason } = kill.value;
    return {
      what: 'Stopped by',
      said: reason === undefined ? by.userName : `${by.userName}: ${reason}`,
    };
  }
  const by = event === undefined ? undefined : readTrailEvent(event)?.by;
  if (by !== undefined) return { what: 'Membership taken away by', said: by.sessionName ?? by.arn };
  return { what: 'Ended by its person' };
}

function summaryOf(record: ArchiveRecord): string | undefined {
  if (record.kind !== 'end' || record.body.request === undefined) return undefined;
  const end = parseEnd(originalOf(record.body.request).bytes);
  return end.ok ? end.value.summary : undefined;
}

const shortOf = (id: string): string => shortId(id as `BG-${string}`);

/** `2026-11-21 16:25:04 UTC`. What is no time stays as it is. */
export function utc(time: string | number): string {
  const at = typeof time === 'number' ? time : Date.parse(time);
  return Number.isNaN(at) ? String(time) : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
