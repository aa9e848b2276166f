import { parseRecord } from '../../audit/journal-record.ts';
import { isStatementsName } from '../../audit/statement-stream.ts';
import { type EvidencePiece, journalPart } from '../protocol/evidence.ts';

/**
 * What verifying needs of a piece to know what it has to read once more: which streams of statements it is of, without their
 * lines, and what the journal says of such. A thousand pieces fill the memory otherwise.
 */
export function outlineEvidence(piece: EvidencePiece): EvidencePiece {
  const parts = piece.parts.flatMap(({ of, offset, lines }) => {
    if (isStatementsName(of)) return [{ of, offset, lines: [] }];
    const told = of === journalPart ? lines.filter(isOfStatements) : [];
    return told.length === 0 ? [] : [{ of, offset, lines: told }];
  });
  return { ...piece, parts };
}

/** Most lines are of something else, and parsing them all would take a hundred times as long. */
const isOfStatements = (line: string): boolean =>
  line.includes('"statements.') && parseRecord(line)?.event.type.startsWith('statements.') === true;
