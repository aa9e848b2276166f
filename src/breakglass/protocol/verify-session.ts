import { revokeWithinMinutes, sealWithinMinutes } from './deadlines.ts';
import { sha256 } from './document.ts';
import { type Finding, type FindingCode, finding } from './findings.ts';
import type { SessionId } from './ids.ts';
import { parseFileKey, parseRecordKey, recordKey } from './keys.ts';
import { type ArchiveRecord, noPrevious, parseRecord } from './record.ts';
import { epoch, type Session } from './session.ts';
import { checkFiles } from './verify-files.ts';
import { checkOpen } from './verify-open.ts';
import type { Standing } from './verify-versions.ts';

export interface VerifiedSession {
  readonly id: SessionId;
  /** Undefined when record 0 is missing or unreadable. */
  readonly session: Session | undefined;
  readonly openedBy: { readonly eventId: string | undefined; readonly membershipId: string | undefined };
  /** Epoch milliseconds of the first record. */
  readonly startedAt: number;
  /** Its last record is a seal: all that belongs to it is there. */
  readonly sealed: boolean;
  readonly seals: readonly { readonly seq: number; readonly at: string; readonly sha256: string }[];
  /** In the order of the chain. */
  readonly findings: readonly Finding[];
}

interface Link {
  readonly seq: number;
  readonly key: string;
  readonly sha256: string;
  readonly record: ArchiveRecord;
}

/**
 * One session: every record there once, locked, readable and continuing the one before; the judgement made again; the
 * access taken away in time; sealed; every file as it was sealed. `now` in epoch milliseconds.
 */
export function verifySession(id: SessionId, objects: readonly Standing[], now: number): VerifiedSession {
  const findings: Finding[] = [];
  const links: Link[] = [];
  const files = objects.filter(({ key }) => parseFileKey(key) !== undefined);
  const records = new Map(
    objects.flatMap((object) => {
      const seq = parseRecordKey(object.key)?.seq;
      return seq === undefined ? [] : [[seq, object] as const];
    }),
  );
  const last = Math.max(-1, ...records.keys());
  let previous = noPrevious;
  for (let seq = 0; seq <= last; seq++) {
    const key = recordKey(id, seq);
    const object = records.get(seq);
    findings.push(...(object?.findings ?? []));
    const bytes = object?.first?.bytes;
    if (bytes === undefined) {
      const marked = object?.findings.some(({ code }) => code === 'delete-marker');
      if (!marked) findings.push(finding(object?.first === undefined ? 'gap' : 'unreadable', key, id));
      previous = '';
      continue;
    }
    const parsed = parseRecord(bytes);
    const digest = sha256(bytes);
    if (!parsed.ok) findings.push(finding('schema', key, id, parsed.problem));
    else {
      const { value } = parsed;
      if (value.session !== id || value.seq !== seq) findings.push(finding('misplaced', key, id));
      else if (previous !== '' && value.prev !== previous) findings.push(finding('chain', key, id));
      if ((value.kind === 'open') !== (seq === 0)) findings.push(finding('order', key, id));
      if (value.kind === 'open' && value.body.session.id !== id) findings.push(finding('misplaced', key, id));
      links.push({ seq, key, sha256: digest, record: value });
    }
    previous = digest;
  }
  if (last < 0) findings.push(finding('gap', recordKey(id, 0), id));
  const first = links.find(({ record }) => record.kind === 'open');
  const open = first?.record.kind === 'open' ? first.record.body : undefined;
  if (open !== undefined && first !== undefined) {
    const wrong = checkOpen(open);
    if (wrong !== undefined) findings.push(finding(wrong, first.key, id));
    const end = checkEnd(open.session, links, now);
    findings.push(...end.map(({ code, key }) => finding(code, key, id)));
  }
  findings.push(...checkFiles(id, links, files));
  return {
    id,
    session: open?.session,
    openedBy: {
      eventId: typeof open?.event?.eventID === 'string' ? open.event.eventID : detailId(open?.event?.detail),
      membershipId: open?.session.membershipId,
    },
    startedAt: Math.min(...objects.map(({ first }) => first?.lastModified ?? Number.MAX_SAFE_INTEGER)),
    sealed: links.at(-1)?.record.kind === 'seal',
    seals: links.flatMap(({ seq, sha256, record }) =>
      record.kind === 'seal' ? [{ seq, at: record.at, sha256 }] : [],
    ),
    findings,
  };
}

function checkEnd(
  session: Session,
  links: readonly Link[],
  now: number,
): readonly { readonly code: FindingCode; readonly key: string }[] {
  const end = epoch(session.expiresAt);
  const found: { code: FindingCode; key: string }[] = [];
  const last = links.at(-1);
  const lastKey = last?.key ?? recordKey(session.id, 0);
  const revokes = links.filter(({ record }) => record.kind === 'revoke');
  const [revoke, final] = [revokes[0], revokes.at(-1)];
  const deadline = end + revokeWithinMinutes * 60_000;
  if (revoke === undefined) {
    if (now > deadline) found.push({ code: 'no-revoke', key: lastKey });
  } else if (revoke.record.kind === 'revoke' && epoch(revoke.record.body.at) > deadline)
    found.push({ code: 'late-revoke', key: revoke.key });
  if (final?.record.kind === 'revoke') {
    const { tail, remaining } = final.record.body;
    if (tail === 'failed' || remaining > 0) found.push({ code: 'tail-not-cut', key: final.key });
  }
  if (now <= end + sealWithinMinutes * 60_000) return found;
  if (last?.record.kind !== 'seal') found.push({ code: 'no-seal', key: lastKey });
  else if (!last.record.body.complete) found.push({ code: 'incomplete', key: lastKey });
  return found;
}

/** EventBridge wraps the event in `detail`. */
function detailId(detail: unknown): string | undefined {
  return typeof detail === 'object' &&
    detail !== null &&
    'eventID' in detail &&
    typeof detail.eventID === 'string'
    ? detail.eventID
    : undefined;
}
