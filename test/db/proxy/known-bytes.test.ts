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
