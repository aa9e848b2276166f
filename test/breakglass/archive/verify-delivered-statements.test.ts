import { beforeAll, describe, expect, it } from 'vitest';
import { statementsName } from '../../../src/audit/statement-stream.ts';
import { verifyDeliveredStatements } from '../../../src/breakglass/archive/verify-delivered-statements.ts';
import { outlineEvidence } from '../../../src/breakglass/evidence/outline-evidence.ts';
import type { EvidencePart, EvidencePiece } from '../../../src/breakglass/protocol/evidence.ts';
import {
  deliveredStatements,
  statementsAccess,
  statementsSession,
} from '../../support/delivered-statements.ts';

const name = statementsName(statementsAccess);
let pieces: readonly EvidencePiece[];
beforeAll(async () => {
  pieces = await deliveredStatements(6);
  expect(pieces.length).toBeGreaterThanOrEqual(6);
});

/** Findings, and how many pieces were read once more. */
async function verify(all: readonly EvidencePiece[], sealed = true) {
  const byKey = new Map(all.map((piece, index) => [`files/client-${index}.jsonl`, piece]));
  let reads = 0;
  const findings = await verifyDeliveredStatements({
    id: statementsSession,
    sealed,
    pieces: [...byKey].map(([key, piece]) => ({ key, piece: outlineEvidence(piece) })),
    read: async (key) => {
      reads++;
      return byKey.get(key);
    },
  });
  return { findings: findings.map(({ code, subject, message }) => ({ code, subject, message })), reads };
}

/** The pieces with the parts of the stream changed; undefined takes one out. */
const changed = (change: (part: EvidencePart, nth: number) => EvidencePart | undefined) => {
  let nth = 0;
  return pieces.map((piece) => ({
    ...piece,
    parts: piece.parts.flatMap((part) => (part.of === name ? (change(part, nth++) ?? []) : [part])),
  }));
};
const parts = () => pieces.flatMap((piece) => piece.parts.filter(({ of }) => of === name));

describe('statements that were delivered', () => {
  it('are fine as they were recorded, in whatever order and also twice', async () => {
    expect((await verify(pieces)).findings).toEqual([]);
    expect((await verify(pieces.toReversed())).findings).toEqual([]);
    expect((await verify([...pieces, ...pieces])).findings).toEqual([]);
    expect((await verify(await deliveredStatements(4, { killed: true }))).findings).toEqual([]);
    expect((await verify(await deliveredStatements(0))).findings).toEqual([]);
    const none = pieces.map((piece) => ({
      ...piece,
      parts: piece.parts.filter(({ of }) => of === 'journal'),
    }));
    expect((await verify(none.slice(0, 1))).reads).toBe(0);
  });

  it.each([
    ['another statement', (line: string) => line.replace('select 2', 'select 3')],
    ['another outcome', (line: string) => line.replace('"rows":1', '"rows":0')],
    ['another seal', (line: string) => line.replace(/"hash":"./, '"hash":"x')],
  ])('%s is named, also before the seal', async (_, change) => {
    const broken = changed((part) => ({ ...part, lines: part.lines.map(change) }));
    for (const sealed of [true, false]) {
      const [finding] = (await verify(broken, sealed)).findings;
      expect(finding?.code).toMatch(/^statements-(changed|cut)$/);
      expect(finding?.message).toContain(`${name}, line `);
    }
  });

  it('a line that was taken out, put in, or put elsewhere is named', async () => {
    const at = parts().findIndex(({ lines }) => lines.length > 1);
    const without = changed((part, nth) => (nth === at ? { ...part, lines: part.lines.slice(1) } : part));
    const added = changed((part, nth) =>
      nth === at ? { ...part, lines: [part.lines[0] ?? '', ...part.lines] } : part,
    );
    const turned = changed((part, nth) => (nth === at ? { ...part, lines: part.lines.toReversed() } : part));
    const [one, two, three] = await Promise.all([without, added, turned].map((broken) => verify(broken)));
    for (const { findings } of [one, two, three].flatMap((found) => found ?? []))
      expect(findings).toEqual([expect.objectContaining({ code: expect.stringMatching(/^statements-/) })]);
  });

  it('what is missing is named once the session is sealed: all, the end, or what lies between', async () => {
    const gone = changed(() => undefined);
    expect((await verify(gone)).findings).toEqual([
      expect.objectContaining({ code: 'statements-missing', message: expect.stringContaining(name) }),
    ]);
    const last = parts().length - 1;
    const short = changed((part, nth) => (nth === last ? undefined : part));
    const [cut] = (await verify(short)).findings;
    expect(cut).toMatchObject({
      code: 'statements-cut',
      message: expect.stringContaining('the end was cut off'),
    });
    const holed = changed((part, nth) => (nth === 1 ? undefined : part));
    const [hole] = (await verify(holed)).findings;
    expect(hole).toMatchObject({
      code: 'statements-cut',
      message: expect.stringMatching(/\d+ bytes before it/),
    });
    for (const broken of [gone, short, holed]) expect((await verify(broken, false)).findings).toEqual([]);
  });

  it('a line behind the end is named, and a second word of the journal about the end counts for nothing', async () => {
    const tail = parts().at(-1);
    const behind = { ...pieces.at(-1), parts: [{ ...tail, offset: size(), lines: ['{"type":"seal"}'] }] };
    const all = [...pieces, { ...behind, piece: 99 } as EvidencePiece];
    expect((await verify(all)).findings[0]).toMatchObject({
      code: 'statements-changed',
      message: expect.stringContaining('added after the stream was closed'),
    });
    const closing = pieces
      .flatMap((piece) => piece.parts)
      .find(({ of, lines }) => of === 'journal' && lines.some((line) => line.includes('statements.closed')));
    const forged = {
      ...pieces.at(-1),
      piece: 98,
      parts: [{ ...closing, lines: ['{"type":"statements.closed"}'] }],
    };
    expect((await verify([...pieces, forged as EvidencePiece])).findings).toEqual([]);
  });

  it('what another machine says of the same stream later does not take its place', async () => {
    const other = (await deliveredStatements(4)).map((piece) => ({ ...piece, writer: '000000000000' }));
    const both = [...pieces, ...other];
    expect((await verify(other)).findings).toEqual([]);
    const { findings } = await verify(both, false);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'statements-changed', message: expect.stringContaining('two ends') }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'statements-changed', message: expect.stringContaining('twice') }),
    );
    // A machine that forgot what it had delivered begins anew, with the same lines in other pieces.
    const again = pieces.map((piece) => ({ ...piece, writer: '000000000000' }));
    const lines = parts().flatMap((part) => part.lines);
    const inOne = [{ ...pieces[0], writer: 'ffffffffffff', parts: [{ of: name, offset: 0, lines }] }];
    expect((await verify([...pieces, ...again, ...(inOne as EvidencePiece[])])).findings).toEqual([]);
    // Its first pieces, and the rest from the machine that came after it.
    expect((await verify([...pieces.slice(0, 3), ...(inOne as EvidencePiece[])])).findings).toEqual([]);
    const inside = { ...pieces.at(-1), piece: 97, parts: [{ of: name, offset: 5, lines: ['{}'] }] };
    expect((await verify([...pieces, inside as EvidencePiece])).findings).toEqual([
      expect.objectContaining({ code: 'statements-changed', message: expect.stringContaining('twice') }),
    ]);
  });
});

const size = () =>
  parts().reduce((sum, { lines }) => sum + Buffer.byteLength(lines.map((line) => `${line}\n`).join('')), 0);
