import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document, parse, stringify } from 'yaml';
import { applyEdits, hunksOf } from '../../src/infra/apply-edits.ts';
import { planYamlEdits } from '../../src/infra/plan-yaml-edits.ts';
import { type Plain, type PlainMap, saysAlready } from '../../src/infra/same-meaning.ts';

function edited(text: string, wanted: PlainMap): string {
  const { edits } = planYamlEdits(text, (parse(text) ?? {}) as PlainMap, wanted);
  return applyEdits(text, edits);
}

describe('edits of a YAML text', () => {
  it.each<readonly [string, string, PlainMap, string]>([
    ['a value, beside its comment', 'a: 1 # one\nb: 2\n', { a: 3 }, 'a: 3 # one\nb: 2\n'],
    ['quotes stay', 'a: "x"\n', { a: 'v' }, 'a: "v"\n'],
    ['what would be something else is quoted', 'a: x\n', { a: 'true' }, 'a: "true"\n'],
    [
      'a key in a mapping in the middle',
      'm:\n  a: 1\n  # of m\n\n# of k\nn: 2\n',
      { m: { b: 'x' } },
      'm:\n  a: 1\n  b: x\n  # of m\n\n# of k\nn: 2\n',
    ],
    [
      'as deep as the file does it',
      'm:\n    a: 1\n',
      { k: { b: { c: 'x' } } },
      'm:\n    a: 1\nk:\n    b:\n        c: x\n',
    ],
    ['in brackets', 'm: { a: 1 } # c\n', { m: { b: 'x', c: 'v' } }, 'm: { a: 1, b: x, c: v } # c\n'],
    ['in empty brackets', 'm: {}\n', { m: { b: 'x' } }, 'm: { b: x }\n'],
    [
      'in brackets over lines',
      'm: {\n  a: 1, # one\n  b: 2 # two\n}\n',
      { m: { c: 3 } },
      'm: {\n  a: 1, # one\n  b: 2, c: 3 # two\n}\n',
    ],
    ['JSON', '{"m":{"a":"1"}}', { m: { a: 'x' }, k: 1 }, '{"m":{"a":"x"}, k: 1}'],
    [
      'below a key with comments alone',
      'm: # none yet\n  # a: 1\nn: 2\n',
      { m: { a: 'x' } },
      'm: # none yet\n  a: x\n  # a: 1\nn: 2\n',
    ],
    ['behind a key with nothing', 'm:\nn: 2\n', { m: 'x' }, 'm: x\nn: 2\n'],
    ['behind text over lines', 't: |\n  one\n  two\n', { u: 'x' }, 't: |\n  one\n  two\nu: x\n'],
    ['text over lines', 't: |\n  one\n  two\nu: 1\n', { t: 'x' }, 't: x\nu: 1\n'],
    ['a list in brackets', 'a: [x, v] # c\n', { a: ['v', 'z'] }, 'a: [v, z] # c\n'],
    [
      'a list of lines: one comes',
      'a:\n  - x # c\n  - v\nb: 1\n',
      { a: ['x', 'v', 'z'] },
      'a:\n  - x # c\n  - v\n  - z\nb: 1\n',
    ],
    ['a list of lines: one goes', 'a:\n- x # c\n- v\n', { a: ['x'] }, 'a:\n- x # c\n'],
    [
      'a list of lines: one becomes another',
      'a:\n  - x # c\n  - v\n',
      { a: ['z', 'v'] },
      'a:\n  - z # c\n  - v\n',
    ],
    [
      'a key that is a number',
      'tiers:\n  0:\n    a: x\n',
      { tiers: { '0': { a: 'v' } } },
      'tiers:\n  0:\n    a: v\n',
    ],
    ['no line feed at the end', 'a: 1', { b: 'x' }, 'a: 1\nb: x'],
    ['CRLF', 'a:\r\n  b: 1\r\nc: 2\r\n', { a: { d: 'x' } }, 'a:\r\n  b: 1\r\n  d: x\r\nc: 2\r\n'],
    ['nothing at all', '', { a: { b: 'x' } }, 'a:\n  b: x\n'],
  ])('%s', (_, before, wanted, after) => {
    expect(edited(before, wanted)).toBe(after);
  });

  it('a list whose members have more than a word, or a mapping where a word stands, is left to people', () => {
    expect(() => edited('a:\n  - b: 1\n', { a: ['x'] })).toThrow('does not dare');
    expect(() => edited('a: 1\n', { a: { b: 'x' } })).toThrow('does not dare');
    expect(() => edited('a:\n  b: 1\n', { a: 'x' })).toThrow('does not dare');
  });

  it('hunks are the lines that differ', () => {
    const text = 'a: 1\nb: 2\nc: 3\nd: 4\n';
    const { edits } = planYamlEdits(text, parse(text) as PlainMap, { b: 5, d: 6, e: 'x' });
    expect(hunksOf(text, edits)).toEqual([
      { line: 2, removed: ['b: 2'], added: ['b: 5'] },
      { line: 4, removed: ['d: 4'], added: ['d: 6', 'e: x'] },
    ]);
  });

  const word = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      'c',
      'max_duration',
      'groups',
      '0',
      'true',
      'x y',
      '#x',
      'a: b',
      '-',
      '{x}',
      '[',
      "'",
      '"',
    ),
    fc
      .string({ minLength: 1, maxLength: 12 })
      .filter((text) => !/[\p{Cc}\u2028\u2029\uFEFF\uD800-\uDFFF]/u.test(text) && !text.startsWith('__')),
  );
  const leaf: fc.Arbitrary<Plain> = fc.oneof(
    word,
    fc.boolean(),
    fc.integer({ min: 0, max: 99 }),
    fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
  );
  const map = (depth: number): fc.Arbitrary<PlainMap> =>
    fc.dictionary(word, depth === 0 ? leaf : fc.oneof(leaf, map(depth - 1)), { minKeys: 1, maxKeys: 4 });

  it('whatever the text, it says what was wanted and keeps the rest and each comment, or is refused', () => {
    let kept = 0;
    fc.assert(
      fc.property(map(2), map(2), fc.boolean(), fc.boolean(), (has, wanted, brackets, windows) => {
        const document = new Document(has);
        if (brackets)
          for (const pair of (document.contents as { items: { value: { flow?: boolean } }[] }).items)
            if (typeof pair.value === 'object') pair.value.flow = true;
        const lines = stringify(document, { lineWidth: 0 });
        const text = `# top\n${lines}# bottom\n`.replaceAll('\n', windows ? '\r\n' : '\n');
        let after: string;
        try {
          after = edited(text, wanted);
        } catch (error) {
          if (/does not dare/.test(String(error))) return;
          throw error;
        }
        kept++;
        const now = parse(after) as PlainMap;
        expect(saysAlready('', now, wanted), after).toBe(true);
        expect(after).toContain('# top');
        expect(after).toContain('# bottom');
        for (const key of Object.keys(has))
          if (!Object.hasOwn(wanted, key)) expect(now[key]).toEqual(parse(text)[key]);
        expect(edited(after, wanted)).toBe(after);
      }),
      { numRuns: 200 },
    );
    expect(kept).toBeGreaterThan(100);
  });
});
