import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { appendToJournal } from '../../../src/audit/journal.ts';
import { parseRecord } from '../../../src/audit/journal-record.ts';
import { openStream, streamsFolder } from '../../../src/audit/stream-file.ts';
import { deliverEvidence, type EvidenceBucket } from '../../../src/breakglass/evidence/deliver-evidence.ts';
import { listEvidence, loadEvidence, openEvidence } from '../../../src/breakglass/evidence/evidence-state.ts';
import { missingPieces, parseEvidence } from '../../../src/breakglass/protocol/evidence.ts';
import { newRequestId } from '../../../src/breakglass/protocol/ids.ts';
import { evidenceKey } from '../../../src/breakglass/protocol/keys.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

const id = newRequestId(Date.UTC(2026, 10, 21), Buffer.alloc(10, 1));
const other = newRequestId(Date.UTC(2026, 10, 21), Buffer.alloc(10, 2));
const userId = '11111111-2222-4333-8444-555555555555';
const place = { intakeBucket: 'intake' };

const hosts: TestHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.dispose();
});
function machine(): TestHost {
  const host = createTestHost();
  hosts.push(host);
  return host;
}

class Died extends Error {}

/** A bucket whose caller can be made to die at any of its calls, before or after it has had its effect. */
class Intake {
  readonly objects = new Map<string, Uint8Array>();
  puts = 0;

  for(dieAt = Number.POSITIVE_INFINITY): EvidenceBucket {
    let step = 0;
    const die = () => {
      if (step++ === dieAt) throw new Died();
    };
    return {
      putOnce: async (key, bytes) => {
        die();
        this.puts++;
        const free = !this.objects.has(key);
        if (free) this.objects.set(key, Uint8Array.from(bytes));
        die();
        return free;
      },
      get: async (key) => {
        die();
        return this.objects.get(key);
      },
      keys: async (prefix) => {
        die();
        return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
      },
    };
  }

  pieces() {
    return [...this.objects.keys()].sort().map((key) => {
      const piece = parseEvidence(Buffer.from(this.objects.get(key) ?? []).toString('utf8'));
      if (piece === undefined) throw new Error(`${key} is no piece of evidence`);
      return piece;
    });
  }

  /** All lines of a part, piece by piece as each writer counts them. */
  linesOf(name: string): string[] {
    return this.pieces()
      .sort((a, b) => a.writer.localeCompare(b.writer) || a.piece - b.piece)
      .flatMap(({ parts }) => parts.filter(({ of }) => of === name).flatMap(({ lines }) => lines));
  }
}

const deliver = (host: TestHost, bucket: EvidenceBucket) => deliverEvidence(host, id, async () => bucket);
const record = (host: TestHost, n: number, session: string = id) =>
  appendToJournal(host, {
    type: 'access.instances',
    id: `access-${n}`,
    breakglass: session,
    instances: `${n}`,
  });
const numbersIn = (lines: readonly string[]) =>
  lines.map((line) => Number(parseRecord(line)?.event.instances));

describe('evidence', () => {
  it('is what the journal says of the session from its opening on, and all of its streams', async () => {
    const host = machine();
    const intake = new Intake();
    await record(host, 1);
    await openEvidence(host, place, userId, id);
    await record(host, 2);
    await record(host, 3, other);
    await appendToJournal(host, { type: 'breakglass.ended', id, person: 'dana', membership: 'removed' });
    const stream = await openStream(host, { session: id, name: 'shell-1.cast' });
    await stream.append(['{"version":2}', '[0,"o","é"]']);
    appendFileSync(stream.path, '[1,"o","to');
    expect(await deliver(host, intake.for())).toBe(1);
    expect([...intake.objects.keys()]).toEqual([evidenceKey(userId, id, 0)]);
    expect(intake.pieces()[0]).toMatchObject({
      session: id,
      piece: 0,
      parts: [
        { of: 'journal', offset: undefined, lines: [expect.stringContaining('"2"'), expect.anything()] },
        { of: 'shell-1.cast', offset: 0, lines: ['{"version":2}', '[0,"o","é"]'] },
      ],
    });
    // Nothing new: nothing is written, and nothing sent.
    expect(await deliver(host, intake.for(0))).toBe(0);
    appendFileSync(stream.path, 'rn"]\n');
    await stream.close();
    expect(await deliver(host, intake.for())).toBe(1);
    expect(intake.pieces()[1]).toMatchObject({
      piece: 1,
      parts: [{ of: 'shell-1.cast', offset: Buffer.byteLength('{"version":2}\n[0,"o","é"]\n') }],
    });
    const file = join(streamsFolder(host), id, 'shell-1.cast');
    expect(`${intake.linesOf('shell-1.cast').join('\n')}\n`).toBe(readFileSync(file, 'utf8'));
  });

  it('comes in small pieces, however much there is', async () => {
    const host = machine();
    const intake = new Intake();
    await openEvidence(host, place, userId, id);
    await using stream = await openStream(host, { session: id, name: 'statements.jsonl' });
    const lines = Array.from({ length: 9_000 }, (_, n) =>
      JSON.stringify({ n, text: 'x'.repeat((n * 31) % 400) }),
    );
    await stream.append(lines);
    await stream.append([JSON.stringify('y'.repeat(190_000)), JSON.stringify('z'.repeat(190_000))]);
    await deliver(host, intake.for());
    expect(intake.objects.size).toBeGreaterThan(8);
    for (const bytes of intake.objects.values()) expect(bytes.length).toBeLessThanOrEqual(256 * 1024);
    expect(intake.linesOf('statements.jsonl').slice(0, lines.length)).toEqual(lines);
    expect(missingPieces(intake.pieces())).toEqual([]);
  });

  it('goes on in the next month’s journal, and is put aside when there is nothing more to come', async () => {
    const host = machine();
    const intake = new Intake();
    await openEvidence(host, place, userId, id);
    await record(host, 1);
    host.shiftClock(31 * 86_400_000);
    await record(host, 2);
    await deliver(host, intake.for());
    await deliver(host, intake.for());
    expect(numbersIn(intake.linesOf('journal'))).toEqual([1, 2]);
    expect(listEvidence(host)).toEqual([]);
    expect(await loadEvidence(host, id)).toBeUndefined();
    // Added later: it goes on where it was, and nothing comes twice.
    await openEvidence(host, place, userId, id);
    await record(host, 3);
    await deliver(host, intake.for());
    expect(numbersIn(intake.linesOf('journal'))).toEqual([1, 2, 3]);
    expect(missingPieces(intake.pieces())).toEqual([]);
  });

  it('waits for a configuration with its bucket, and says when its file is damaged', async () => {
    const host = machine();
    await openEvidence(host, place, userId, id);
    await record(host, 1);
    expect(await deliverEvidence(host, id, async () => undefined)).toBe(0);
    const path = join(host.directories.state, 'evidence', `${id}.json`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    appendFileSync(path, 'x');
    await expect(deliver(host, new Intake().for())).rejects.toMatchObject({ code: 'EVIDENCE_UNREADABLE' });
  });

  it('neither loses nor doubles a line, wherever its forge dies, on two machines at once', async () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('journal' as const), on: fc.nat(1) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('stream' as const), on: fc.nat(1) }) },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('deliver' as const), on: fc.nat(1), dieAt: fc.nat(7) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 24 }), async (actions) => {
        const machines = [machine(), machine()];
        const intake = new Intake();
        const journaled: number[][] = [[], []];
        const streamed: number[][] = [[], []];
        for (const host of machines) await openEvidence(host, place, userId, id);
        let n = 0;
        for (const { kind, on, ...how } of actions) {
          const host = machines[on];
          if (host === undefined) continue;
          n++;
          if (kind === 'journal') {
            await record(host, n);
            journaled[on]?.push(n);
          } else if (kind === 'stream') {
            await using stream = await openStream(host, { session: id, name: `lines-${on}.jsonl` });
            await stream.append([`${n}`]);
            streamed[on]?.push(n);
          } else {
            const dieAt = 'dieAt' in how ? how.dieAt : 0;
            await deliver(host, intake.for(dieAt)).catch((error: unknown) => {
              if (!(error instanceof Died)) throw error;
            });
          }
        }
        for (const host of machines) await deliver(host, intake.for());
        const pieces = intake.pieces().sort((a, b) => a.piece - b.piece);
        const told = [...new Set(pieces.map(({ writer }) => writer))].map((one) =>
          numbersIn(
            pieces
              .filter(({ writer }) => writer === one)
              .flatMap(({ parts }) =>
                parts.filter(({ of }) => of === 'journal').flatMap(({ lines }) => lines),
              ),
          ),
        );
        expect(told.filter(({ length }) => length > 0).sort()).toEqual(
          journaled.filter(({ length }) => length > 0).sort(),
        );
        for (const on of [0, 1])
          expect(intake.linesOf(`lines-${on}.jsonl`).map(Number)).toEqual(streamed[on]);
        expect(missingPieces(intake.pieces())).toEqual([]);
        // Numbers are taken in turn: what is missing in between would be something that somebody took away.
        expect([...intake.objects.keys()].sort()).toEqual(
          Array.from({ length: intake.objects.size }, (_, number) => evidenceKey(userId, id, number)),
        );
        for (const host of hosts.splice(0)) host.dispose();
      }),
      { numRuns: 60 },
    );
  });
});

it('reads as evidence nothing but whole pieces', () => {
  const piece = `{"v":1,"type":"evidence","session":"${id}","writer":"0123456789ab","piece":0}`;
  const part = '{"v":1,"type":"part","of":"journal","lines":1}';
  expect(parseEvidence(`${piece}\n${part}\n{}\n`)).toBeDefined();
  for (const text of [
    '',
    piece,
    `${piece}\n${part}\n`,
    `${piece}\n${part}\n{}`,
    `${piece}\n{}\n`,
    `${part}\n{}\n`,
  ])
    expect(parseEvidence(text), text).toBeUndefined();
  expect(
    missingPieces([
      { writer: 'a', piece: 3 },
      { writer: 'a', piece: 1 },
      { writer: 'b', piece: 0 },
    ]),
  ).toEqual([
    { writer: 'a', piece: 0 },
    { writer: 'a', piece: 2 },
  ]);
});
