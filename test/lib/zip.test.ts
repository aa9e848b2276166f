import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeZip, encodeZip } from '../../src/lib/zip.ts';

const name = fc.stringMatching(/^[a-z0-9_][a-zA-Z0-9._-]{0,20}$/);
const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 300 })), {
  maxLength: 4,
  selector: ([first]) => first,
});

describe('an archive', () => {
  it('has what was put into it, and is the same each time', () => {
    fc.assert(
      fc.property(files, (entries) => {
        const bytes = encodeZip(new Map(entries));
        expect(bytes.equals(encodeZip(new Map(entries)))).toBe(true);
        const read = decodeZip(bytes);
        expect([...read]).toEqual(entries.map(([key, content]) => [key, Buffer.from(content)]));
      }),
    );
  });

  it('with any bit of it changed, or cut, or made longer, is refused or has the same content', () => {
    fc.assert(
      fc.property(files, fc.nat(), fc.integer({ min: 0, max: 7 }), (entries, place, bit) => {
        const bytes = encodeZip(new Map(entries));
        const at = place % bytes.length;
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        for (const changed of [bytes.subarray(0, at), Buffer.concat([bytes, Buffer.from([bit])])])
          expect(() => decodeZip(changed)).toThrow(RangeError);
        try {
          const read = decodeZip(flipped);
          // A bit of padding in the deflated stream means nothing; one of a name is another name.
          expect([...read.values()]).toEqual(entries.map(([, content]) => Buffer.from(content)));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has nothing beside its files, and says nothing twice in two ways', () => {
    const bytes = encodeZip(new Map([['a', Buffer.from('content')]]));
    const [tail, directory] = [bytes.length - 22, bytes.readUInt32LE(bytes.length - 22 + 16)];
    // Hidden before the directory, which says where it is now.
    const hidden = Buffer.concat([
      bytes.subarray(0, directory),
      Buffer.from('more'),
      bytes.subarray(directory),
    ]);
    hidden.writeUInt32LE(directory + 4, tail + 4 + 16);
    expect(() => decodeZip(hidden)).toThrow(/forge did not write/);
    // What stands before the file, and the directory has otherwise; what would be run by whoever trusts the one or the other.
    for (const place of [4, 6, 10, 14, 18, 22, 30, directory + 4, directory + 38, tail + 4, tail + 20]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(place) ^ 2, place);
      expect(() => decodeZip(changed), String(place)).toThrow(RangeError);
    }
  });

  it('has plain names: none leads out of the folder that it is unpacked in', () => {
    for (const bad of ['', '../x', 'a/b', '/x', 'a\\b', '.x', 'x'.repeat(101), 'ä', 'C:x'])
      expect(() => encodeZip(new Map([[bad, new Uint8Array()]])), bad).toThrow(RangeError);
    // As if it had been written by another hand: same length, so that all else is right.
    const forged = Buffer.from(
      encodeZip(new Map([['abxyz', Buffer.from('x')]]))
        .toString('latin1')
        .replaceAll('abxyz', '../yz'),
      'latin1',
    );
    expect(() => decodeZip(forged)).toThrow(/no plain name/);
    const twice = Buffer.from(
      encodeZip(
        new Map([
          ['one', Buffer.from('1')],
          ['two', Buffer.from('2')],
        ]),
      )
        .toString('latin1')
        .replaceAll('two', 'one'),
      'latin1',
    );
    expect(() => decodeZip(twice)).toThrow(/no plain name of its own/);
  });

  it('that unpacks to more than it says is not unpacked', () => {
    const bomb = encodeZip(new Map([['a', new Uint8Array(1_000_000)]]));
    for (const at of [22, bomb.length - 22 - 47 + 24]) bomb.writeUInt32LE(10, at);
    expect(() => decodeZip(bomb)).toThrow(/can't be unpacked/);
  });
});
