import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../src/lib/match-event-pattern.ts';

const fits = (pattern: object, event: object) =>
  compilePattern(pattern)(JSON.parse(JSON.stringify(event)) as Record<string, unknown>);
const leaf = (...tests: unknown[]) => ({ a: tests });

describe('what fits', () => {
  it.each<[string, object, readonly unknown[], readonly unknown[]]>([
    ['a text', leaf('x'), ['x', ['y', 'x']], ['y', 'X', ['y'], null, undefined, { b: 'x' }, []]],
    ['one of some', leaf('x', 1, null, true), ['x', 1, null, true], ['1', 0, false, undefined]],
    ['prefix', leaf({ prefix: 'aws.' }), ['aws.sts', 'aws.'], ['AWS.sts', 'my.aws.', 3]],
    ['suffix', leaf({ suffix: '.gz' }), ['a.gz'], ['a.gzip', 'GZ']],
    ['prefix in any case', leaf({ prefix: { 'equals-ignore-case': 'AWS.' } }), ['aws.x', 'Aws.x'], ['x']],
    ['suffix in any case', leaf({ suffix: { 'equals-ignore-case': '.GZ' } }), ['a.gz'], ['a.gzip']],
    ['any case', leaf({ 'equals-ignore-case': 'aBc' }), ['abc', 'ABC'], ['ab', 'abcd', 3]],
    ['wildcard', leaf({ wildcard: '*/A*_*' }), ['x/A_', '/Ab_c', 'a/b/A__'], ['A_', '/Ab', '/a_']],
    ['each part of a wildcard', leaf({ wildcard: '*ab*ab*' }), ['abab', 'ab-ab-'], ['ab', 'abb', 'aab']],
    ['wildcard at one end', leaf({ wildcard: 'a*' }), ['a', 'ab'], ['ba', '']],
    ['wildcard within', leaf({ wildcard: 'ab*ba' }), ['abba', 'ab-ba'], ['aba', 'abbb']],
    ['a star of its own', leaf({ wildcard: 'a\\*b\\\\*' }), ['a*b\\', 'a*b\\c'], ['axb\\', 'a*b']],
    ['there', leaf({ exists: true }), ['x', 0, null, ['x']], [undefined, [], { b: 1 }]],
    ['not there', leaf({ exists: false }), [undefined, []], ['x', null]],
    [
      'anything but',
      leaf({ 'anything-but': ['x', 'y'] }),
      ['z', '', 3, ['x', 'z']],
      ['x', ['x', 'y'], undefined],
    ],
    ['anything but one', leaf({ 'anything-but': 3 }), [4, '3'], [3]],
    ['anything but with', leaf({ 'anything-but': { prefix: ['x', 'y'] } }), ['a'], ['xa', 'ya']],
    ['anything but like', leaf({ 'anything-but': { wildcard: '*/A_*' } }), ['A_'], ['x/A_b']],
    ['anything but in any case', leaf({ 'anything-but': { 'equals-ignore-case': 'X' } }), ['y'], ['x', 'X']],
    ['numeric', leaf({ numeric: ['>', 0, '<=', 5] }), [1, 5], [0, 5.1, '3', undefined]],
    ['equal', leaf({ numeric: ['=', 5] }), [5], [4]],
  ])('%s', (_, pattern, good, bad) => {
    for (const a of good) expect(fits(pattern, { a }), JSON.stringify(a)).toBe(true);
    for (const a of bad) expect(fits(pattern, { a }), JSON.stringify(a)).toBe(false);
  });

  it('all fields, and of $or one', () => {
    const pattern = { a: ['x'], b: { c: ['y'] }, $or: [{ d: ['1'] }, { e: { f: [{ exists: true }] } }] };
    expect(fits(pattern, { a: 'x', b: { c: 'y' }, d: '1' })).toBe(true);
    expect(fits(pattern, { a: 'x', b: { c: 'y' }, e: { f: 0 }, more: 1 })).toBe(true);
    expect(fits(pattern, { a: 'x', b: { c: 'y' } })).toBe(false);
    expect(fits(pattern, { a: 'x', b: 'y', d: '1' })).toBe(false);
  });

  it('one element of an array, with all that is said of it', () => {
    const pattern = { list: { a: ['1'], b: ['2'] } };
    expect(fits(pattern, { list: [{ a: '1' }, { a: '1', b: '2' }] })).toBe(true);
    expect(fits(pattern, { list: [{ a: '1' }, { b: '2' }] })).toBe(false);
    expect(fits({ list: { a: [{ exists: false }] } }, { list: [] })).toBe(true);
  });

  it('no member that every object has', () => {
    expect(fits({ constructor: [{ exists: true }] }, {})).toBe(false);
    expect(fits({ toString: { name: ['toString'] } }, {})).toBe(false);
  });
});

describe('what is not understood', () => {
  it.each<[unknown, RegExp]>([
    [[], /no object/],
    [{}, /no object/],
    ['x', /no object/],
    [{ a: 'x' }, /no object/],
    [{ a: {} }, /no object/],
    [{ a: [] }, /nothing fits a/],
    [{ a: [['x']] }, /no value/],
    [leaf({}), /comparison {2}of a/],
    [leaf({ cidr: '10.0.0.0/8' }), /comparison cidr/],
    [leaf({ regex: 'x' }), /comparison regex/],
    [leaf({ prefix: 'a', suffix: 'b' }), /two ways/],
    [leaf({ prefix: '' }), /no text/],
    [leaf({ prefix: ['a'] }), /no text/],
    [leaf({ prefix: { 'equals-ignore-case': 'a', b: 1 } }), /no text/],
    [leaf({ wildcard: 'a**b' }), /wildcard/],
    [leaf({ wildcard: 'a\\b' }), /wildcard/],
    [leaf({ exists: 'true' }), /exist or not/],
    [leaf({ numeric: ['>'] }), /no number/],
    [leaf({ numeric: ['!=', 3] }), /compared by !=/],
    [leaf({ numeric: [] }), /no range/],
    [leaf({ 'anything-but': [] }), /no text and no number/],
    [leaf({ 'anything-but': ['a', 1] }), /no text and no number/],
    [leaf({ 'anything-but': { numeric: ['=', 1] } }), /anything-but numeric/],
    [leaf({ 'anything-but': { prefix: [] } }), /anything but nothing/],
    [{ $or: [{ a: ['x'] }] }, /two patterns or more/],
    [{ $or: { a: ['x'] } }, /two patterns or more/],
  ])('%j is refused', (pattern, why) => {
    expect(() => compilePattern(pattern)).toThrow(why);
  });
});

describe('for whatever text', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\', '/'), maxLength: 8 });
  const some = text.filter((one) => one !== '');
  const escaped = (plain: string) => plain.replaceAll(/[\\*]/g, '\\$&');

  it('a wildcard is what a regular expression says', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (parts, value) => {
        const joined = parts.filter(
          (part, index) => index === 0 || index === parts.length - 1 || part !== '',
        );
        if (joined.length === 1 && joined[0] === '') return;
        const pattern = joined.map(escaped).join('*');
        if (/(?<!\\)\*\*/.test(pattern.replaceAll(/\\[\\*]/g, '--'))) return;
        const expected = new RegExp(
          `^${joined.map((part) => part.replaceAll(/[\\*/]/g, '\\$&')).join('.*')}$`,
          's',
        ).test(value);
        expect(fits(leaf({ wildcard: pattern }), { a: value })).toBe(expected);
      }),
    );
  });

  it('prefix, suffix, value and wildcard agree; anything-but is their opposite', () => {
    fc.assert(
      fc.property(some, text, (part, rest) => {
        const event = { a: part + rest };
        expect(fits(leaf({ prefix: part }), event)).toBe(true);
        expect(fits(leaf({ wildcard: `${escaped(part)}*` }), event)).toBe(true);
        expect(fits(leaf({ 'anything-but': { prefix: part } }), event)).toBe(false);
        expect(fits(leaf({ suffix: part }), { a: rest + part })).toBe(true);
        expect(fits(leaf(part), event)).toBe(rest === '');
        expect(fits(leaf({ 'anything-but': part }), event)).toBe(rest !== '');
      }),
    );
  });

  it('a long one takes no longer than it is', () => {
    const value = 'a'.repeat(200_000);
    const started = performance.now();
    expect(fits(leaf({ wildcard: `${'*a'.repeat(500)}*b` }), { a: value })).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
