import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecord } from '../../audit/journal-record.ts';
import { readJournalFrom } from '../../audit/read-journal-from.ts';
import { readWholeLines } from '../../audit/read-whole-lines.ts';
import { isStreamName, streamsFolder } from '../../audit/stream-file.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import { type EvidencePart, encodeEvidence, journalPart } from '../protocol/evidence.ts';
import type { EvidenceState } from './evidence-state.ts';

/** Bytes of lines in a piece; with what stands around them it stays under 256 KiB. A single line can be longer. */
const mostBytes = 240_000;
/** Lines of the journal that are looked at for one piece: another person's year of work takes several turns. */
const mostLines = 50_000;

type CollectHost = Pick<Host, 'directories'>;

/**
 * The state with the next piece pending, and its places behind what is in it. Without anything to deliver nothing is
 * pending, but the places may have moved. Reads the disk, writes nothing.
 */
export function collectEvidence(host: CollectHost, state: EvidenceState): EvidenceState {
  const parts: EvidencePart[] = [];
  const budget = { left: mostBytes };
  const journal = takeJournal(host, state, budget, parts);
  const streams = takeStreams(host, state, budget, parts);
  const { id: session, writer, piece } = state;
  const pending = parts.length === 0 ? undefined : encodeEvidence({ session, writer, piece, parts });
  return { ...state, journal, streams, pending };
}

/** Whether a line fits; the first one always does. */
function take(budget: { left: number }, text: string): boolean {
  const size = Buffer.byteLength(text) + 1;
  if (size > budget.left && budget.left < mostBytes) return false;
  budget.left -= size;
  return true;
}

function takeJournal(
  host: CollectHost,
  { id, journal }: EvidenceState,
  budget: { left: number },
  parts: EvidencePart[],
): EvidenceState['journal'] {
  const lines: string[] = [];
  let position = journal;
  let full = false;
  for (let seen = 0; !full && seen < mostLines; ) {
    const found = readJournalFrom(host, position);
    if (found.length === 0) break;
    for (const { text, next } of found) {
      seen++;
      if (isOf(id, text)) {
        full = !take(budget, text);
        if (full) break;
        lines.push(text);
      }
      position = next;
    }
  }
  if (lines.length > 0) parts.push({ of: journalPart, offset: undefined, lines });
  return position;
}

/** Steps of break-glass have the session's id as their own. */
function isOf(id: string, text: string): boolean {
  // Most lines are of something else, and parsing them all would take a hundred times as long.
  if (!text.includes(id)) return false;
  const event = parseRecord(text)?.event;
  return event !== undefined && (event.breakglass === id || event.id === id);
}

function takeStreams(
  host: CollectHost,
  { id, streams }: EvidenceState,
  budget: { left: number },
  parts: EvidencePart[],
): EvidenceState['streams'] {
  const folder = join(streamsFolder(host), id);
  const taken: Record<string, number> = { ...streams };
  for (const name of namesIn(folder)) {
    const offset = taken[name] ?? 0;
    const lines: string[] = [];
    for (const { text, end } of readWholeLines(join(folder, name), offset)) {
      if (!take(budget, text)) break;
      lines.push(text);
      taken[name] = end;
    }
    if (lines.length > 0) parts.push({ of: name, offset, lines });
  }
  return taken;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => isStreamName(name) && name !== journalPart)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileFailure(error, 'read the folder', folder);
  }
}
