import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RedactPieces } from '../../src/lib/redact-pieces.ts';
import { Secret } from '../../src/lib/secret.ts';

const secret = 'qZ7-piece-by-piece/Xw9+token';
const other = 'tokenish-value-of-another';
new Secret(secret);
new Secret(other);

const pieces = (texts: readonly string[]) => {
  const redacted = new RedactPieces();
  return [...texts.map((text) => redacted.push(text)), redacted.end()];
};
const cut = (text: string, places: readonly number[]) => {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...sorted, text.length].map((end, index) => text.slice(sorted[index - 1] ?? 0, end));
};

describe('a secret that comes in pieces', () => {
  it('is never given out, wherever it is cut; everything else is, in order', () => {
    const word = fc.constantFrom('q', 'qZ7', 'qZ7-piece', 'plain text', '\x1b[1m', 'tok', secret, other, ' ');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.array(fc.nat()), (words, places) => {
        const text = words.join('');
        const all = pieces(cut(text, places)).join('');
        for (const value of [secret, other])
          for (let at = 0; at < value.length - 4; at++) {
            if (
              text
                .replaceAll(secret, '')
                .replaceAll(other, '')
                .includes(value.slice(at, at + 5))
            )
              continue;
            expect(all).not.toContain(value.slice(at, at + 5));
          }
        // Up to three characters of a secret may be there, and the same letters are words of the text.
        const shown = (given: string) => given.replace(/[qZ7tok]/g, '');
        expect(shown(all)).toBe(shown(text.replaceAll(secret, '***').replaceAll(other, '***')));
      }),
      { numRuns: 500 },
    );
  });

  it('typed by hand, a character at a time: three of it are seen at most', () => {
    const shown = pieces([...`echo ${secret}`, '\r\n']).join('');
    expect(shown).toBe('echo qZ7***\r\n');
  });

  it('holds nothing back that begins no secret, and of what could only three characters are not waited for', () => {
    const redacted = new RedactPieces();
    expect(redacted.push('$ ')).toBe('$ ');
    expect(redacted.push('qZ7')).toBe('qZ7');
    expect(redacted.push('-pie')).toBe('');
    expect(redacted.push('!')).toBe('-pie!');
    expect(redacted.push('qZ7-p')).toBe('');
    expect(redacted.end()).toBe('qZ7-p');
  });
});
