import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainOutput } from '../../src/lib/plain-output.ts';

describe('terminal output as text', () => {
  it.each([
    ['\x1b[1;31mred\x1b[0m\r\nnext\r\n', 'red\nnext\n'],
    ['10%\r20%\r\n', '10%\n20%\n'],
    ['\x1b[H\x1b[2Jtop\x1b[5;1Hbelow', '\ntop\nbelow'],
    ['\x1b]52;c;eA==\x07a\x1b[6nb\x07\b', 'ab'],
    ['\x1b(0lqk\x1b(B', 'lqk'],
    ['grüße\t😀', 'grüße\t😀'],
    ['', ''],
  ])('%j is %j', (output, text) => expect(plainOutput(output)).toBe(text));

  it('nothing of it is obeyed by anything', () => {
    const anything = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\x1b[', '\x1b]', '\x9b', '31m')),
    );
    fc.assert(
      fc.property(anything, (parts) => {
        expect(plainOutput(parts.join(''))).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
      }),
    );
  });
});
