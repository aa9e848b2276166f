import { findRecords } from '../../audit/find-records.ts';
import { getObject, type ListedVersion } from '../../aws/s3.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { archivePlace, auditorAccount } from '../archive/archive-place.ts';
import { findArchivedSession } from '../archive/archive-sessions.ts';
import { findSession, isDenied, readKeys } from '../archive/read-records.ts';
import { verifyArchive } from '../archive/verify-archive.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { tooMuchEvidence } from '../evidence/evidence-bound.ts';
import { findReader } from '../history.ts';
import { missingPieces, parseEvidence } from '../protocol/evidence.ts';
import { isEvidenceFile, parseFileKey, parseRecordKey } from '../protocol/keys.ts';
import { parseRecord } from '../protocol/record.ts';
import { type ClientLine, reportEvents, trailRuns } from './report-events.ts';
import { reportRecords } from './report-records.ts';
import type { SessionReport } from './session-report.ts';

/** Of one file; larger ones are named, and not read for a report. */
const mostBytes = 8 * 1024 * 1024;

/** With the right to read the archive: all of it, verified; with that to read records: those; else this machine's own journal. */
export async function readReport(
  parts: IdentityParts,
  place: BreakGlassPlace,
  typed: string,
): Promise<SessionReport> {
  const reader = await findReader(parts, place);
  if (reader !== undefined && reader.caller.permissionSet === place.breakGlass.auditPermissionSet)
    return fromArchive(parts, place, typed);
  const session = reader && (await findSession(reader, typed));
  if (reader !== undefined && session !== undefined) {
    const said = reportRecords(await readKeys(reader, session.keys));
    if (said !== undefined) return { ...nothing, ...said, id: session.id, source: 'records' };
  }
  return fromJournal(parts, typed);
}

const nothing = {
  approvers: [],
  timeline: [],
  targets: [],
  ran: [],
  sources: undefined,
  files: [],
  missing: [],
  findings: undefined,
  summary: undefined,
} as const;

async function fromArchive(
  parts: IdentityParts,
  place: BreakGlassPlace,
  typed: string,
): Promise<SessionReport> {
  const archive = archivePlace(place.config);
  const account = auditorAccount(parts, archive);
  const { archiveBucket: bucket } = archive;
  const { id, versions } = await findArchivedSession(account, bucket, typed);
  const first = firstOf(versions);
  const { aws, region, keys } = await account();
  const bytesOf = async ({ key, versionId, size }: ListedVersion): Promise<Uint8Array | undefined> => {
    if (size > mostBytes) return undefined;
    return (await getObject(aws, region, keys, { bucket, key, versionId, limit: mostBytes }))?.bytes;
  };
  const records = [];
  const missing: string[] = [];
  const lines: ClientLine[] = [];
  const trail: string[] = [];
  const pieces = [];
  const tooMuch = tooMuchEvidence(id, first);
  if (tooMuch !== undefined) missing.push(tooMuch);
  for (const version of first) {
    const file = parseFileKey(version.key)?.name;
    if (file === undefined && parseRecordKey(version.key) === undefined) continue;
    if (tooMuch !== undefined && isEvidenceFile(version.key)) continue;
    const bytes = await bytesOf(version);
    if (bytes === undefined) {
      missing.push(`${version.key} has ${version.size} bytes and was not read`);
      continue;
    }
    const text = () => Buffer.from(bytes).toString('utf8');
    if (file === undefined) {
      const parsed = parseRecord(bytes);
      if (parsed.ok) records.push(parsed.value);
      else missing.push(`${version.key}: ${parsed.problem}`);
    } else if (file.startsWith('cloudtrail-')) trail.push(...text().split('\n'));
    else if (file.startsWith('client-')) {
      const piece = parseEvidence(text());
      if (piece === undefined) lines.push(...plainLines(text()));
      else {
        pieces.push(piece);
        for (const { of, lines: own } of piece.parts) lines.push(...own.map((one) => ({ of, text: one })));
      }
    }
  }
  for (const { writer, piece } of missingPieces(pieces))
    missing.push(`piece ${piece} of evidence of ${writer}`);
  const said = reportRecords(records);
  const done = reportEvents(lines);
  const { findings } = await verifyArchive(account, archive, { session: id, trail: false });
  const files = records.flatMap(({ kind, body }) => (kind === 'seal' ? body.files : []));
  const known = new Map(files.map((file) => [file.key, file]));
  return {
    ...nothing,
    facts: [],
    ...said,
    id,
    source: 'archive',
    timeline: [...(said?.timeline ?? []), ...done.timeline],
    targets: done.targets,
    ran: [...done.ran, ...trailRuns(trail)],
    summary: done.summary ?? said?.summary,
    files: [...known.values()].map(({ key, bytes, sha256 }) => ({
      name: parseFileKey(key)?.name ?? key,
      bytes,
      sha256,
    })),
    missing,
    findings,
  };
}

/** The opening that tier 0 tells before anything else is no piece but the line itself. */
const plainLines = (text: string): readonly ClientLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ of: 'opening.jsonl', text: line }));

/** What was written first stands; whoever wrote again or deleted only added to it. */
function firstOf(versions: readonly ListedVersion[]): readonly ListedVersion[] {
  const first = new Map<string, ListedVersion>();
  for (const version of versions) {
    const known = first.get(version.key);
    if (!version.deleteMarker && (known === undefined || version.lastModified < known.lastModified))
      first.set(version.key, version);
  }
  return [...first.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function fromJournal({ host }: IdentityParts, typed: string): Promise<SessionReport> {
  const found = await findRecords(host, typed).catch((error: unknown) => {
    if (!(error instanceof ForgeError) || isDenied(error) || error.code !== 'NO_SUCH_RECORD') throw error;
    throw new ForgeError('usage', `Nothing is known here of ${JSON.stringify(typed.trim())}.`, {
      code: 'NO_SUCH_SESSION',
      hint: 'Records are read by auditors and approvers; this machine’s journal has what was done on it: forge audit list',
    });
  });
  const { id, records } = found;
  // Once more as lines, so that journal and evidence are read by one rule.
  const lines = records.map(({ event, previous, hash }) => ({
    of: 'journal',
    text: `${JSON.stringify({ ...event, previous }).slice(0, -1)},"hash":"${hash}"}`,
  }));
  const begun = records.find(
    ({ event }) => event.id === id && /^breakglass\.(?:requested|emergency)$/.test(event.type),
  );
  const facts = Object.entries(begun?.event ?? {}).flatMap(([name, value]) =>
    ['person', 'tier', 'scenario', 'environment', 'role', 'ticket', 'reason', 'at'].includes(name)
      ? [[names[name] ?? name, String(value)] as const]
      : [],
  );
  return { ...nothing, ...reportEvents(lines), id, source: 'journal', facts };
}

const names: Readonly<Record<string, string>> = {
  at: 'Asked or opened',
  person: 'Who',
  tier: 'Tier',
  scenario: 'Scenario',
  environment: 'Environment',
  role: 'Access',
  ticket: 'Ticket',
  reason: 'Reason',
};
