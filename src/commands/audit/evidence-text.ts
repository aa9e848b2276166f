import { parseRecord } from '../../audit/journal-record.ts';
import { type EvidencePiece, journalPart } from '../../breakglass/protocol/evidence.ts';
import type { Style } from '../../terminal/style.ts';
import { timeText } from './time-text.ts';

/** What the person's own forge said, a line an event; of shells and statements how much there is. */
export function evidenceText({ writer, piece, parts }: EvidencePiece, style: Style): readonly string[] {
  const said = parts.flatMap(({ of, offset, lines }) =>
    of === journalPart
      ? lines.map((line) => eventText(line, style))
      : [`${style.plain(of)}  ${style.dim(`${lines.length} lines from byte ${offset ?? 0}`)}`],
  );
  return [style.dim(`piece ${piece} of machine ${writer}`), ...said];
}

/** The same for a program. */
export const evidenceJson = ({ writer, piece, parts }: EvidencePiece): object => ({
  writer,
  piece,
  parts: parts.map(({ of, offset, lines }) => ({
    of,
    offset: offset ?? null,
    lines: lines.length,
    // Null: a line whose hash is not that of its content.
    events: of === journalPart ? lines.map((line) => parseRecord(line)?.event ?? null) : null,
  })),
});

/** Besides when and what: who and why are the session's, and said there. */
const told = [
  'purpose',
  'target',
  'program',
  'instances',
  'direction',
  'path',
  'outcome',
  'code',
  'why',
] as const;

function eventText(line: string, style: Style): string {
  const event = parseRecord(line)?.event;
  if (event === undefined) return style.danger('a line whose hash is not that of its content');
  const facts = told.flatMap((name) => (typeof event[name] === 'string' ? [event[name]] : []));
  const when = style.dim(timeText(String(event.at)));
  return `${when}  ${style.bold(String(event.type))}  ${style.plain(facts.join('  '))}`.trimEnd();
}
