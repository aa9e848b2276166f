import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EscapeSequence } from '../../src/ssm/escape-sequence.ts';

/** Keys typed one by one: what goes to the instance, and what was asked of forge. */
function type(text: string, chunks: readonly string[] = [...text]) {
  const escapes = new EscapeSequence();
  const sent: Uint8Array[] = [];
  const actions: string[] = [];
  for (const chunk of chunks) {
    const { bytes, action } = escapes.push(Buffer.from(chunk));
    sent.push(bytes);
    if (action !== undefined) actions.push(action);
  }
  return { sent: Buffer.concat(sent).toString(), actions };
}

describe('escape sequence', () => {
  it('leaves by ~. at the start of a line, also of the first', () => {
    expect(type('~.')).toEqual({ sent: '', actions: ['leave'] });
    expect(type('ls\r~.')).toEqual({ sent: 'ls\r', actions: ['leave'] });
    expect(type('ls\n~.')).toEqual({ sent: 'ls\n', actions: ['leave'] });
  });

  it('is text anywhere else', () => {
    expect(type('cd ~.')).toEqual({ sent: 'cd ~.', actions: [] });
    expect(type('\r~x.')).toEqual({ sent: '\r~x.', actions: [] });
    expect(type('\r~\r')).toEqual({ sent: '\r~\r', actions: [] });
  });

  it('helps by ~? and goes on at the start of a line', () => {
    expect(type('\r~?~.')).toEqual({ sent: '\r', actions: ['help', 'leave'] });
  });

  it('types one tilde by ~~, after which . is a dot', () => {
    expect(type('\r~~.')).toEqual({ sent: '\r~.', actions: [] });
  });

  it('finds nothing in what is pasted', () => {
    const pasted = 'echo one\r~.\recho two\r';
    expect(type(pasted, [pasted])).toEqual({ sent: pasted, actions: [] });
    expect(type('', ['~', pasted])).toEqual({ sent: `~${pasted}`, actions: [] });
  });

  it('loses and adds no byte where no tilde begins a line', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (chunks) => {
        const clean = chunks.map((chunk) => chunk.map((byte) => (byte === 0x7e ? 0x7f : byte)));
        const escapes = new EscapeSequence();
        const sent = Buffer.concat(clean.map((chunk) => escapes.push(chunk).bytes));
        expect(sent.equals(Buffer.concat(clean))).toBe(true);
      }),
    );
  });

  it('passes every byte of any tildes but those that act', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('~', 'a', '\r', ' ')), (typed) => {
        const { sent, actions } = type('', typed);
        expect(actions).toEqual([]);
        expect(sent.replaceAll('~', '')).toBe(typed.join('').replaceAll('~', ''));
      }),
    );
  });
});
