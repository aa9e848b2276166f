import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wrapColumns } from '../../src/lib/wrap-columns.ts';
import { main } from '../../src/main.ts';
import { createTestHost } from '../support/test-host.ts';

it('below the last column, where there is room for it', () => {
  expect(wrapColumns('  ssm list   lists the instances of an environment', 34)).toBe(
    '  ssm list   lists the instances\n             of an environment',
  );
  expect(wrapColumns('  ssm list --a-long-option   lists the instances of an environment', 34)).toBe(
    '  ssm list --a-long-option   lists\n    the instances of an\n    environment',
  );
});

it('options side by side stand one below the other', () => {
  expect(wrapColumns('  --quiet   only results   --debug   what happens', 40)).toBe(
    '  --quiet   only results\n  --debug   what happens',
  );
});

it('words stay whole and in order, and no line is too long that has two', () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.integer({ min: 20, max: 79 }), (words, width) => {
      const wrapped = wrapColumns(`  ${words.join(' ')}`, width);
      expect(wrapped.split(/\s+/).filter(Boolean)).toEqual(words);
      for (const line of wrapped.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    }),
  );
});

it.each([['--help'], ['db --help'], ['kube --help'], ['sandbox --help']])(
  'forge %s fits 50 columns',
  async (line) => {
    const host = createTestHost();
    Object.assign(host.stdout, { columns: 50 });
    expect(await main(line.split(' '), host)).toBe(0);
    const lines = host.out().split('\n');
    host.dispose();
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((text) => text.length > 50)).toEqual([]);
  },
);
