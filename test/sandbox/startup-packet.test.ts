import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStartupPacket, startupLength } from '../../src/sandbox/rds-front/startup-packet.ts';
import { startupPacket } from './raw-client.ts';

describe('the startup packet', () => {
  it('gives back every parameter that was put in', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(fc.dictionary(text, text), (parameters) => {
        const parsed = parseStartupPacket(startupPacket(parameters));
        expect(parsed).toEqual({ kind: 'startup', parameters: new Map(Object.entries(parameters)) });
      }),
    );
  });

  it('of any bytes is taken or not, and never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 300 }), (bytes) => {
        const packet = Buffer.from(bytes);
        expect(() => parseStartupPacket(packet)).not.toThrow();
        packet.writeUInt32BE(196_608, 4);
        expect(() => parseStartupPacket(packet)).not.toThrow();
      }),
    );
  });

  it('must be whole: cut anywhere, or with something behind it, it is none', () => {
    const whole = startupPacket({ user: 'developer', database: 'shop_dev' });
    for (let end = 8; end < whole.length; end++) {
      expect(parseStartupPacket(whole.subarray(0, end))).toBeUndefined();
    }
    expect(parseStartupPacket(Buffer.concat([whole, Buffer.from('x')]))).toBeUndefined();
  });

  it('has a length that a server believes', () => {
    const length = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return startupLength(bytes);
    };
    expect([7, 8, 10_000, 10_001, 0xffff_ffff].map(length)).toEqual([
      undefined,
      8,
      10_000,
      undefined,
      undefined,
    ]);
  });

  it('of another major version is refused', () => {
    const packet = startupPacket({ user: 'x' });
    packet.writeUInt32BE(2 << 16, 4);
    expect(parseStartupPacket(packet)).toBeUndefined();
  });
});
