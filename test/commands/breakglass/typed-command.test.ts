import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { grantLine, typedWords } from '../../../src/commands/breakglass/typed-command.ts';

const typed = { path: 'db query', words: ['prod', 'select 1'], rest: ['--x', 'y'] };

it('the grant goes before --', () => {
  expect(typedWords(typed, ['--grant', 'bg-7f3k'])).toEqual([
    'db',
    'query',
    'prod',
    'select 1',
    '--grant',
    'bg-7f3k',
    '--',
    '--x',
    'y',
  ]);
  expect(grantLine({ ...typed, rest: undefined }, 'bg-7f3k')).toBe(
    "forge db query prod 'select 1' --grant bg-7f3k",
  );
});

it.skipIf(process.platform === 'win32')('a shell takes the line as it was typed', () => {
  const word = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), fc.array(word, { maxLength: 3 }), (words, rest) => {
      const line = grantLine({ path: 'db query', words, rest }, 'bg-7f3k');
      const script = `forge() { printf '%s\\0' "$@"; }; ${line}`;
      const seen = execFileSync('sh', ['-c', script]).toString().split('\0').slice(0, -1);
      expect(seen).toEqual(
        typedWords({ path: 'db query', words, rest }, ['--grant', 'bg-7f3k']).map((one) =>
          Buffer.from(one).toString(),
        ),
      );
    }),
    { numRuns: 60 },
  );
});
