import { expect, it } from 'vitest';
import { RecordBytes } from '../../src/audit/record-bytes.ts';

const special = ['', '"', '\\', '\x1f', '\x7f', '\x80', 'é', '\ud800', '😀'];

it.each(special)('a text that is plain but for %j is JSON, also where the room for it ends', (one) => {
  for (let before = 8_150; before <= 8_200; before++) {
    const bytes = new RecordBytes();
    bytes.ascii('x'.repeat(before));
    const text = `${'y'.repeat(20)}${one}z`;
    bytes.json(text);
    bytes.ascii('!');
    const { length } = bytes;
    expect(bytes.take().toString('utf8', 0, length)).toBe(`${'x'.repeat(before)}${JSON.stringify(text)}!`);
  }
});
