import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TerminalFilter } from '../../src/lib/terminal-filter.ts';

const filter = (...pieces: readonly string[]) => {
  const filtering = new TerminalFilter();
  return pieces.map((piece) => filtering.push(piece)).join('');
};

describe('what reaches out of the screen', () => {
  it.each([
    ['clipboard', '\x1b]52;c;cm0gLXJmIH4=\x07'],
    ['clipboard, in 8 bits', '\x9d52;c;cm0gLXJmIH4=\x9c'],
    ['title', '\x1b]0;root@prod\x1b\\'],
    ['notification', '\x1b]9;pay now\x07'],
    ['notification of another kind', '\x1b]777;notify;a;b\x07'],
    ['directory', '\x1b]7;file:///etc\x07'],
    ['colours asked for', '\x1b]11;?\x07'],
    ['palette', '\x1b]4;1;rgb:00/00/00\x07'],
    ['iTerm2 file', '\x1b]1337;File=name=eA==:AAAA\x07'],
    ['shell marks', '\x1b]133;C\x07'],
    ['device attributes', '\x1b[c\x1b[0c\x1b[>c\x1b[=c\x1bZ'],
    ['status', '\x1b[5n\x1b[6n\x1b[?6n\x1b[?15n'],
    ['window', '\x1b[21t\x1b[18t\x1b[8;1;1t\x1b[3;0;0t'],
    ['modes asked for', '\x1b[?2004$p\x1b[4$p'],
    ['terminal parameters', '\x1b[x\x1b[1x'],
    ['checksum of the screen', '\x1b[1;1;1;1;1;1*y'],
    ['request of a setting', '\x1bP$qm\x1b\\'],
    ['term capabilities', '\x1bP+q544e\x1b\\'],
    ['answers that a key gives', '\x1bP1;1|17/72\x1b\\'],
    ['sixel', '\x1bPq#0;2;0;0;0~~@@vv\x1b\\'],
    ['kitty graphics', '\x1b_Gf=24,s=1,v=1;AAAA\x1b\\'],
    ['privacy message', '\x1b^x\x1b\\\x1bXy\x1b\\'],
    ['mouse', '\x1b[?1000h\x1b[?1002;1003;1006h\x1b[?1004h'],
    ['bracketed paste', '\x1b[?2004h'],
    ['cursor keys', '\x1b[?1h\x1b=\x1b>'],
    ['keyboard', '\x1b[>4;2m\x1b[>1u\x1b[=1u\x1b[?u\x1b[<u\x1b[2h\x1b[12l'],
    ['printing', '\x1b[i\x1b[5i\x1b[?5i\x1b[4i'],
    ['answerback', '\x05'],
    ['132 columns', '\x1b[?3h\x1b[?40h'],
    ['margins', '\x1b[1;20s\x1b[?69h'],
    ['character encoding', '\x1b%@\x1b%G\x1bn\x1bo\x1b~'],
    ['memory lock', '\x1bl\x1bm'],
    ['alignment', '\x1b#8'],
    ['other direction', '\u202e\u2066\u200f'],
    ['lost halves', '\ud800'],
    ['tags', '\u{e0041}'],
    ['CAN, SUB, DEL, NUL', '\x18\x1a\x7f\0'],
  ])('%s', (_name, hostile) => {
    expect(filter(`before ${hostile}after`)).toBe('before after');
    // Cut between all its characters it does the same.
    expect(filter('before ', ...Array.from(hostile), 'after')).toBe('before after');
  });

  it('a link is its text', () => {
    expect(filter('\x1b]8;;https://evil.example\x07click\x1b]8;;\x07!')).toBe('click!');
  });

  it('a string that never ends hides the rest of its line and no more', () => {
    expect(filter('\x1b]0;hidden\r\nrm -rf /\r\n')).toBe('\nrm -rf /\r\n');
    expect(filter('\x1bPhidden\x1b[1mshown')).toBe('\x1b[1mshown');
    expect(filter('\x1b[9999999999999999999999999999999999999999999999999999999999999999999shown')).toContain(
      'shown',
    );
  });

  it('a sequence that is broken off is left out, and what broke it counts', () => {
    expect(filter('\x1b[1\r\nx')).toBe('\r\nx');
    expect(filter('\x1b[1\x1b[2Kx')).toBe('\x1b[2Kx');
    expect(filter('\x1b[1ä')).toBe('ä');
    expect(filter('\x1bä')).toBe('ä');
  });
});

describe('what a screen is', () => {
  it.each([
    'plain text\r\n\ttab\b\x07',
    'grüße € 😀 👩‍👩‍👧 日本',
    '\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[4:3m',
    '\x1b[H\x1b[2J\x1b[10;20H\x1b[K\x1b[3A\x1b[2L\x1b[5X\x1b[2;20r',
    '\x1b7\x1b8\x1bM\x1bD\x1b[s\x1b[u',
    '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2026h\x1b[?2026l',
    '\x1b(0lqk\x1b(B\x0e\x0f\x1b)0',
    '\x1b[4h\x1b[4l\x1b[5b',
  ])('passes as it is: %j', (text) => expect(filter(text)).toBe(text));

  it('of modes set together only those that are harmless', () => {
    expect(filter('\x1b[?1;25;1000;7h')).toBe('\x1b[?25h\x1b[?7h');
  });

  it('8-bit sequences pass in seven bits; numbers that would keep a terminal busy get smaller', () => {
    expect(filter('\x9b1m')).toBe('\x1b[1m');
    expect(filter('x\x1b[2147483647b')).toBe('x\x1b[9999b');
  });

  it('a full reset is one of the screen', () => {
    expect(filter('\x1b[?1049h\x1bc')).toBe('\x1b[?1049h\x1b[?1049l\x1b[2J\x1b[H');
  });

  it('puts right what was changed, and nothing else', () => {
    const filtering = new TerminalFilter();
    filtering.push('text\x1b[2A');
    expect(filtering.undo()).toBe('');
    filtering.push('\x1b[?25l\x1b[?1049h\x1b[?7l\x1b[?7h\x1b[31m\x1b[2;5r\x1b(0\x0e\x1b[4h');
    expect(filtering.undo()).toBe('\x1b7\x1b[r\x1b8\x1b[?25h\x1b[?1049l\x1b(B\x0f\x1b[4l\x1b[0m');
    expect(filtering.undo()).toBe('');
  });
});

const anything = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]52;c;',
        '\x1bP',
        '\x9b',
        '\x07',
        '\x1b\\',
        '?',
        ';',
        '1049',
        'h',
        'm',
        '>',
        '\n',
      ),
    ),
  )
  .map((parts) => parts.join(''));
/** The only sequences there may be. */
const allowed =
  /^(?:[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|[\x07-\x0f]|\x1b(?:[78DEM]|[()][0AB]|\[[\d;:]*[@A-MPSTXZ`abdefmr]|\[[su]|\[4[hl]|\[\?[\d;]*[JK]|\[\?(?:5|6|7|12|25|47|1047|1049|2026)[hl]))*$/u;

describe('whatever comes', () => {
  it('only what is on the list passes, and nothing is left open', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const filtering = new TerminalFilter();
        expect(filtering.push(text) + filtering.undo()).toMatch(allowed);
      }),
      { numRuns: 1000 },
    );
  });

  it('it does not matter where it is cut', () => {
    fc.assert(
      fc.property(anything, fc.nat(), (text, place) => {
        const characters = Array.from(text);
        const at = place % (characters.length + 1);
        expect(filter(characters.slice(0, at).join(''), characters.slice(at).join(''))).toBe(filter(text));
      }),
      { numRuns: 500 },
    );
  });

  it('what passed passes again unchanged', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const once = filter(text);
        expect(filter(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });
});
