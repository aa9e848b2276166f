import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, matchesPattern } from '../../src/iam/pattern.ts';

describe('patterns', () => {
  const pattern = (text: string) => {
    const compiled = compilePattern(text, new Map(), { variables: false, wildcards: true });
    if (!compiled) throw new Error('has variables');
    return compiled;
  };

  it('agree with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', ':', '/'), maxLength: 12 });
    const plain = fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), maxLength: 12 });
    fc.assert(
      fc.property(letters, plain, (text, value) => {
        const regex = new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
        expect(matchesPattern(pattern(text), value)).toBe(regex.test(value));
      }),
    );
  });

  it('stay fast on patterns made to be slow', () => {
    const began = process.cpuUsage();
    expect(matchesPattern(pattern(`${'a*'.repeat(60)}b`), 'a'.repeat(20_000))).toBe(false);
    expect(process.cpuUsage(began).user).toBeLessThan(1_000_000);
  });
});
