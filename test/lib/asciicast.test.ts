import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCastEvent, encodeCastHeader, parseCast, parseSize } from '../../src/lib/asciicast.ts';

const header = { width: 80, height: 24, timestamp: 1_700_000_000, title: 'forge ssm dev/bastion' };
const cast = (...lines: readonly string[]) => Buffer.from(`${lines.join('\n')}\n`);

describe('asciicast v2', () => {
  it('is what the format says', () => {
    expect(JSON.parse(encodeCastHeader(header))).toEqual({ version: 2, ...header });
    expect(encodeCastEvent({ at: 1.23456789, kind: 'o', data: 'ä\x1b[0m\n' })).toBe(
      '[1.234568,"o","ä\\u001b[0m\\n"]',
    );
  });

  it('reads back what it wrote', () => {
    const event = fc.record({
      at: fc.integer({ min: 0, max: 1e9 }).map((micros) => micros / 1e6),
      kind: fc.constantFrom('o' as const, 'r' as const, 'm' as const),
      data: fc.string({ unit: 'binary' }),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const ordered = [...events].sort((one, other) => one.at - other.at);
        const bytes = cast(encodeCastHeader(header), ...ordered.map(encodeCastEvent));
        expect(parseCast(bytes)).toEqual({ header, events: ordered, damaged: 0 });
      }),
    );
  });

  it('cut anywhere, it has every whole line and says nothing of the torn one', () => {
    const lines = [encodeCastHeader(header), '[0.5,"o","grüße"]', '[1,"o","€"]'];
    const bytes = cast(...lines);
    for (let length = (lines[0] ?? '').length + 1; length <= bytes.length; length++) {
      const found = parseCast(bytes.subarray(0, length));
      const whole = bytes.subarray(0, length).toString('utf8').split('\n').length - 2;
      expect(found?.damaged).toBe(0);
      expect(found?.events.length).toBeGreaterThanOrEqual(whole);
    }
  });

  it('of others it takes what it knows: what was typed is left out, damage is counted, time never goes back', () => {
    const bytes = cast(
      '{"version":2,"width":80,"height":24,"env":{"TERM":"xterm"}}',
      '[2,"o","a"]',
      '[1,"o","b"]',
      '[3,"i","secret"]',
      '[3,"o",7]',
      '[1e999,"o","c"]',
      'nonsense',
    );
    const found = parseCast(bytes);
    expect(found?.events).toEqual([
      { at: 2, kind: 'o', data: 'a' },
      { at: 2, kind: 'o', data: 'b' },
    ]);
    expect(found?.damaged).toBe(3);
    expect(found?.header).toMatchObject({ timestamp: 0, title: '' });
  });

  it.each([
    '',
    '[0,"o","x"]',
    '{"version":1,"width":80,"height":24}',
    '{"version":2,"width":0,"height":24}',
    '\xff',
  ])('is no cast: %j', (text) => expect(parseCast(Buffer.from(text))).toBeUndefined());

  it('a size is two numbers that a terminal can have', () => {
    expect(parseSize('120x40')).toEqual({ columns: 120, rows: 40 });
    for (const text of ['0x1', '80x', '80x24x1', '99999x1', '1e3x4', ''])
      expect(parseSize(text)).toBeUndefined();
  });
});
