import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecord, firstPrevious } from '../../../src/audit/journal-record.ts';
import { recordingsIn } from '../../../src/breakglass/archive/archived-recordings.ts';
import { type ArchivedPiece, assembleStreams } from '../../../src/breakglass/archive/archived-streams.ts';
import type { EvidencePiece } from '../../../src/breakglass/protocol/evidence.ts';

const id = '3f9c21aa-0000-4000-8000-000000000000';
const all = ['{"version":2}', '[0,"o","grüße"]', '[1,"o","€"]', '[2,"m","end"]'];
const text = all.map((line) => `${line}\n`).join('');

/** The lines in pieces, as they are delivered. */
function pieces(cuts: readonly number[]): EvidencePiece[] {
  const ends = [...new Set([...cuts.map((cut) => cut % all.length), all.length])].sort((a, b) => a - b);
  let start = 0;
  return ends.map((end, piece) => {
    const offset = Buffer.byteLength(
      all
        .slice(0, start)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const part = { of: `${id}.cast`, offset, lines: all.slice(start, end) };
    start = end;
    return { session: 'BG-01KAJ2K3W0000000000000C7F3', writer: 'aaaaaaaaaaaa', piece, parts: [part] };
  });
}

/** As archived at once. */
const archived = (found: readonly EvidencePiece[], archivedAt = 1_000): ArchivedPiece[] =>
  found.map((piece) => ({ piece, archivedAt }));

describe('recordings of the archive', () => {
  it('are put together whatever order the pieces are in, and though some are there twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.array(fc.nat()), (cuts, order) => {
        const found = pieces(cuts);
        const mixed = [...found, ...order.flatMap((index) => found[index % found.length] ?? [])].reverse();
        const [recording, ...others] = recordingsIn(assembleStreams(archived(mixed)));
        expect(others).toEqual([]);
        expect(recording).toMatchObject({ id, whole: true, another: false });
        expect(recording?.bytes.toString()).toBe(text);
      }),
    );
  });

  it('say that a piece is missing, and what hash the journal has', () => {
    const { line } = encodeRecord(0, firstPrevious, { type: 'recording.closed', id, sha256: 'ab' });
    const [first, , third] = pieces([1, 2]);
    const journal = { of: 'journal', offset: undefined, lines: ['nonsense', line] };
    const found = recordingsIn(assembleStreams(archived([first, third].flatMap((piece) => piece ?? []))));
    expect(found).toMatchObject([{ id, whole: false, sha256: undefined }]);
    const told = recordingsIn(
      assembleStreams(
        archived([...pieces([]), ...pieces([]).map((piece) => ({ ...piece, parts: [journal] }))]),
      ),
    );
    expect(told).toMatchObject([{ id, whole: true, sha256: 'ab' }]);
  });

  it('are what was archived first, whatever else is delivered later, and say so', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat()),
        fc.array(fc.nat()),
        fc.integer({ min: 0, max: all.length - 1 }),
        fc.string({ minLength: 1, maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
        fc.boolean(),
        (cuts, otherCuts, changed, word, before) => {
          const theirs = pieces(cuts);
          // The same lines by another machine, one of which is longer or says something else.
          const others = pieces(otherCuts).map((piece) => ({
            ...piece,
            writer: '000000000000',
            parts: piece.parts.map((part) => ({
              ...part,
              lines: part.lines.map((line) => (line === all[changed] ? `[9,"o","${word}"]` : line)),
            })),
          }));
          const mixed = [...archived(others, 2_000), ...archived(theirs, 1_000)];
          const [recording] = recordingsIn(assembleStreams(before ? mixed : mixed.toReversed()));
          expect(recording).toMatchObject({ whole: true, another: true });
          expect(recording?.bytes.toString()).toBe(text);
        },
      ),
    );
  });

  it('have the hash that was archived first', () => {
    const journal = (sha256: string, at: number): ArchivedPiece => {
      const { line } = encodeRecord(0, firstPrevious, { type: 'recording.closed', id, sha256 });
      const parts = [{ of: 'journal', offset: undefined, lines: [line] }];
      return { piece: { session: 'x', writer: 'aaaaaaaaaaaa', piece: 0, parts }, archivedAt: at };
    };
    const found = [journal('later', 2_000), ...archived(pieces([])), journal('first', 1_000)];
    for (const order of [found, found.toReversed()])
      expect(recordingsIn(assembleStreams(order))).toMatchObject([{ sha256: 'first' }]);
  });
});
