import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationText, untilText } from '../../src/lib/duration-text.ts';
import { escapeForTerminal, escapeLine } from '../../src/lib/escape-for-terminal.ts';
import { nearest } from '../../src/lib/nearest.ts';
import { redact, Secret } from '../../src/lib/secret.ts';

describe('escapeForTerminal', () => {
  it.each([
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['a\u009b31mred', 'a\\x9b31mred'],
    ['safe\rover', 'safe\\x0dover'],
    ['user\u202etxt.exe', 'user\\u{202e}txt.exe'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['tags\u{e0041}', 'tags\\u{e0041}'],
    ['lone\ud800', 'lone\\u{d800}'],
    ['line\nfeed\tand tab', 'line\nfeed\tand tab'],
    ['Grüße 日本 😀', 'Grüße 日本 😀'],
  ])('%j', (text, expected) => expect(escapeForTerminal(text)).toBe(expected));

  it('lets no control character through, whatever comes', () => {
    const clean = /^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/u;
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(
      fc.property(fc.oneof(bytes, fc.string({ unit: 'binary' })), (text) => clean.test(escapeLine(text))),
      {
        numRuns: 2000,
      },
    );
  });
});

describe('Secret', () => {
  const secret = new Secret('FORGECANARY_top/secret+value');

  it('shows nothing in any of the usual ways', () => {
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ a: { secret } }),
    ];
    for (const text of shown) expect(text).not.toContain('CANARY');
    expect(inspect(secret, { showHidden: true, depth: 9 })).not.toContain('CANARY');
  });

  it('is redacted from text, raw, URL-encoded and JSON-escaped', () => {
    const value = secret.reveal();
    const quoted = new Secret('with"quote\\and more');
    expect(redact(`a ${value} b ${encodeURIComponent(value)} c`)).toBe('a *** b *** c');
    expect(redact(JSON.stringify({ quoted: quoted.reveal() }))).toBe('{"quoted":"***"}');
  });

  it.each([
    ['https://x/?X-Amz-Signature=abcdef012345&a=1', 'https://x/?X-Amz-Signature=***&a=1'],
    ['aws_secret_access_key = abc/def+ghi', 'aws_secret_access_key = ***'],
    ['{"SessionToken":"IQoJb3JpZ2luX2Vj"}', '{"SessionToken":"***"}'],
    ['key AKIAIOSFODNN7EXAMPLE used', 'key *** used'],
    ['authorization: Bearer abcdef', 'authorization: ***'],
    ['an ordinary sentence', 'an ordinary sentence'],
  ])('redacts what is shaped like one: %s', (text, expected) => expect(redact(text)).toBe(expected));
});

describe('nearest', () => {
  const names = ['prod-wealth', 'prod-cash', 'dev', 'qa', 'connect'];
  it.each([
    ['conect', 'connect'],
    ['ocnnect', 'connect'],
    ['prod-welth', 'prod-wealth'],
    ['DEV', 'dev'],
    ['elephant', undefined],
    ['', undefined],
  ])('%j is meant as %j', (word, expected) => expect(nearest(word, names)).toBe(expected));
});

describe('durations', () => {
  it.each([
    [0, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [4_320_000, '1 h 12 min'],
    [90_000_000, '1 d 1 h'],
    [-5, '0 s'],
  ])('%d ms is %s', (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));

  it('says when something ends or ended', () => {
    const now = new Date(2026, 10, 21, 13, 0).getTime();
    expect(untilText(now + 58 * 60_000, now)).toBe('until 13:58 (58 min)');
    expect(untilText(now - 60_000, now)).toBe('ended 1 min ago');
  });
});
