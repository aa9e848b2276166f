import { archivePlace, auditorAccount } from '../../breakglass/archive/archive-place.ts';
import { findArchivedSession } from '../../breakglass/archive/archive-sessions.ts';
import { readVersions } from '../../breakglass/archive/read-archive.ts';
import { tooMuchEvidence } from '../../breakglass/evidence/evidence-bound.ts';
import { parseFileKey, parseRecordKey, sessionPrefix } from '../../breakglass/protocol/keys.ts';
import { type ArchiveRecord, parseRecord } from '../../breakglass/protocol/record.ts';
import type { ObjectVersion } from '../../breakglass/protocol/verify-versions.ts';
import type { Context } from '../../context.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import type { Style } from '../../terminal/style.ts';
import { evidenceJson, evidenceText } from './evidence-text.ts';
import { archivePlan } from './plan-audit.ts';
import { timeText } from './time-text.ts';

interface Shown {
  readonly version: ObjectVersion;
  /** Undefined: a file, a deletion, or no record. */
  readonly record: ArchiveRecord | undefined;
  readonly problem: string | undefined;
}

/** Every version of everything that the archive has of a session: also what was added to hide the first. */
export async function showArchived(context: Context, typed: string): Promise<void> {
  const { output } = context;
  const place = archivePlace(await context.config());
  if (context.globals.plan)
    return output.plan(archivePlan(place, `Show what the archive has of ${typed}.`, 'sessions/', false));
  const account = auditorAccount(identityParts(context), place);
  const bucket = place.archiveBucket;
  using progress = output.progress(`reading ${bucket}`);
  const { id, versions: listed } = await findArchivedSession(account, bucket, typed);
  const tooMuch = tooMuchEvidence(id, listed);
  if (tooMuch !== undefined) output.warn(`${tooMuch} Its lines are not shown.`);
  const lines = tooMuch === undefined ? 'with lines' : 'without lines';
  const versions = await readVersions(account, bucket, listed, undefined, lines);
  progress[Symbol.dispose]();
  const shown = versions.map(shownOf).sort(byPlace);
  output.result({
    data: { id, objects: shown.map(jsonOf) },
    text: (style) => shown.map((one) => textOf(one, sessionPrefix(id), style)).join('\n'),
  });
}

function shownOf(version: ObjectVersion): Shown {
  const nothing = { version, record: undefined, problem: undefined };
  if (version.deleteMarker) return { ...nothing, problem: 'a delete marker' };
  if (parseFileKey(version.key) !== undefined) return nothing;
  if (version.bytes === undefined) return { ...nothing, problem: 'its bytes could not be read' };
  const parsed = parseRecord(version.bytes);
  return parsed.ok ? { ...nothing, record: parsed.value } : { ...nothing, problem: parsed.problem };
}

/** Records by number, then files; of one key the first written first. */
function byPlace(a: Shown, b: Shown): number {
  const seq = ({ version }: Shown) => parseRecordKey(version.key)?.seq ?? Number.POSITIVE_INFINITY;
  const [one, other] = [seq(a), seq(b)];
  if (one !== other) return one < other ? -1 : 1;
  return a.version.key.localeCompare(b.version.key) || a.version.lastModified - b.version.lastModified;
}

function jsonOf({ version, record, problem }: Shown): object {
  const { key, versionId, lastModified, deleteMarker, lock, digest } = version;
  return {
    key,
    versionId,
    lastModified: new Date(lastModified).toISOString(),
    deleteMarker,
    lockedUntil: lock === undefined ? null : new Date(lock.until).toISOString(),
    lockMode: lock?.mode ?? null,
    sha256: digest?.sha256 ?? null,
    record: record ?? null,
    evidence: version.evidence === undefined ? null : evidenceJson(version.evidence),
    problem: problem ?? null,
  };
}

function textOf({ version, record, problem }: Shown, prefix: string, style: Style): string {
  const name = style.dim(version.key.slice(prefix.length));
  const written = new Date(version.lastModified).toISOString();
  if (problem !== undefined) return `${name}  ${style.plain(timeText(written))}  ${style.danger(problem)}`;
  if (record === undefined) {
    const said = version.evidence === undefined ? [] : evidenceText(version.evidence, style);
    return [
      `${name}  ${style.plain(timeText(written))}  ${style.plain(`${version.digest?.bytes ?? 0} bytes`)}`,
      ...said.map((line) => `    ${line}`),
    ].join('\n');
  }
  const head = `${name}  ${style.plain(timeText(record.at))}  ${style.bold(record.kind)}`;
  const facts = factsOf(record);
  const width = Math.max(0, ...facts.map(([title]) => title.length));
  return [
    head,
    ...facts.map(([title, value]) => `    ${style.dim(title.padEnd(width))}  ${style.plain(value)}`),
  ].join('\n');
}

/** The body for people; documents, events and lists of files are for --output json and verify. */
function factsOf(record: ArchiveRecord): readonly (readonly [string, string])[] {
  const body: Readonly<Record<string, unknown>> = record.kind === 'open' ? record.body.session : record.body;
  return Object.entries(body).flatMap(([title, value]) => {
    if (title === 'id' || title === 'files') return [];
    const text = factText(value);
    return text === undefined ? [] : [[title, text] as const];
  });
}

function factText(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (Array.isArray(value)) return value.flatMap((one) => factText(one) ?? []).join(', ') || 'none';
  if (typeof value !== 'object' || value === null) return undefined;
  // A person is their name; anything else that has parts is named by its key.
  for (const name of ['userName', 'userId', 'key'] as const) {
    const part: unknown = Object.entries(value).find(([title]) => title === name)?.[1];
    if (typeof part === 'string') return part;
  }
  return Object.entries(value)
    .flatMap(([title, part]) => (typeof part === 'string' ? [`${title} ${part}`] : []))
    .join(', ');
}
