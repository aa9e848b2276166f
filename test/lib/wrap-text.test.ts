import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wrapText } from '../../src/lib/wrap-text.ts';

it.each([
  ['one two three', 7, 'one two\nthree'],
  ['broken in\nthe source. Two', 40, 'broken in the source. Two'],
  ['A sentence.\nAnother one.', 40, 'A sentence.\nAnother one.'],
  [
    'A list:\n  --config <file>\n  FORGE_CONFIG\nAnd more',
    10,
    'A list:\n  --config <file>\n  FORGE_CONFIG\nAnd more',
  ],
  ['a\n\nb', 40, 'a\n\nb'],
  ['averyverylongword x', 5, 'averyverylongword\nx'],
])('%j in %d columns', (text, width, expected) => expect(wrapText(text, width)).toBe(expected));

it('loses no word, and is never wider than its longest word needs', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.integer({ min: 12, max: 60 }), (list, width) => {
      const wrapped = wrapText(list.join(' '), width);
      expect(wrapped.split(/\s/)).toEqual(list);
      expect(wrapped.split('\n').every((line) => line.length <= width)).toBe(true);
    }),
  );
});
