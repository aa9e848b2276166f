import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KnownBytes } from '../../../src/db/proxy/known-bytes.ts';

const word = fc.uint8Array({ maxLength: 3, max: 2 });

it('finds what was added for exactly these bytes, wherever they stand', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 60 }), (all) => {
      const known = new KnownBytes<string>();
      for (const [before, bytes, after] of all) {
        const source = Buffer.from([...before, ...bytes, ...after]);
        const [start, end] = [before.length, before.length + bytes.length];
        const found = known.find(source, start, end);
        if (found !== undefined) expect(found).toBe(bytes.join());
        expect(known.add(source, start, end, bytes.join())).toBe(bytes.join());
        source.fill(9);
        const again = Buffer.from(bytes);
        expect(known.find(again, 0, again.length)).toBe(bytes.join());
      }
    }),
  );
});

it('knows at the same time what a driver sends in turn', () => {
  // pgbench's, as their Parse has them.
  const all = [
    'BEGIN;',
    'UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2;',
    'SELECT abalance FROM pgbench_accounts WHERE aid = $1;',
    'UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2;',
    'UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2;',
    'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP);',
    'END;',
  ].map((sql) => Buffer.from(`\0${sql}\0\0\0`));
  const known = new KnownBytes<number>();
  all.forEach((text, index) => void known.add(text, 0, text.length, index));
  expect(all.map((text) => known.find(text, 0, text.length))).toEqual(all.map((_, index) => index));
});

it('forgets of two that meet neither, of three with one place the oldest', () => {
  const known = new KnownBytes<number>();
  // As long as each other, and alike where they are looked at.
  const texts = [1, 2, 3].map((end) => Buffer.from([7, 7, 7, 7, 7, 7, 7, 7, end]));
  texts.forEach((text, index) => void known.add(text, 0, text.length, index));
  const found = () => texts.map((text) => known.find(text, 0, text.length));
  expect(found()).toEqual([undefined, 1, 2]);
  for (const [index, text] of texts.slice(1).entries()) known.add(text, 0, text.length, 10 + index);
  expect(found()).toEqual([undefined, 10, 11]);
});

it('keeps nothing that is long, and no more than it has places', () => {
  const known = new KnownBytes<number>();
  const long = Buffer.alloc(3_000, 1);
  known.add(long, 0, long.length, 1);
  expect(known.find(long, 0, long.length)).toBeUndefined();
  const texts = Array.from({ length: 1_000 }, (_, index) => Buffer.from(`text ${index}`));
  texts.forEach((text, index) => void known.add(text, 0, text.length, index));
  const kept = texts.filter((text) => known.find(text, 0, text.length) !== undefined);
  expect(kept.length).toBeLessThanOrEqual(64);
  expect(kept.at(-1)).toBe(texts.at(-1));
});
