import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeData,
  encodeFrame,
  FrameReader,
  largestPayload,
  SmuxCommand,
  SmuxError,
  type SmuxFrame,
} from '../../src/ssm/wire/smux.ts';
import { seededRandom } from '../support/seeded-random.ts';

const frameArbitrary = fc.oneof(
  fc.record({
    command: fc.constantFrom(SmuxCommand.open, SmuxCommand.close, SmuxCommand.keepalive),
    streamId: fc.nat(0xffff_ffff),
    payload: fc.constant(new Uint8Array()),
  }),
  fc.record({
    command: fc.constant(SmuxCommand.data),
    streamId: fc.nat(0xffff_ffff),
    payload: fc.uint8Array({ maxLength: 3000 }),
  }),
);

/** Pushes the bytes cut at the given places. */
function readInPieces(bytes: Buffer, cuts: readonly number[]): SmuxFrame[] {
  const reader = new FrameReader();
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, other) => one - other);
  const frames: SmuxFrame[] = [];
  let start = 0;
  for (const end of [...places, bytes.length]) {
    frames.push(...reader.push(bytes.subarray(start, end)));
    start = end;
  }
  return frames;
}

describe('smux version 1', () => {
  it('writes the frames that were seen on the wire', () => {
    const bytes = Buffer.concat([
      encodeFrame(SmuxCommand.open, 3),
      encodeFrame(SmuxCommand.data, 3, Buffer.from('hello')),
    ]);
    expect(bytes.toString('hex')).toBe('0100000003000000010205000300000068656c6c6f');
    const [open, data] = new FrameReader().push(bytes);
    expect(open).toMatchObject({ command: SmuxCommand.open, streamId: 3 });
    expect(data?.payload.toString()).toBe('hello');
  });

  it('reads what was written, wherever the messages cut it', () => {
    fc.assert(
      fc.property(fc.array(frameArbitrary, { maxLength: 12 }), fc.array(fc.nat()), (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map(({ command, streamId, payload }) => encodeFrame(command, streamId, payload)),
        );
        const seen = readInPieces(bytes, cuts);
        expect(seen.map((frame) => ({ ...frame, payload: [...frame.payload] }))).toEqual(
          frames.map((frame) => ({ ...frame, payload: [...frame.payload] })),
        );
      }),
    );
  });

  it('splits data into frames that AWS’s ends would send, and takes larger ones', () => {
    const data = Buffer.alloc(3 * largestPayload + 1, 'x');
    const frames = new FrameReader().push(encodeData(5, data));
    expect(frames.map(({ payload }) => payload.length)).toEqual([
      largestPayload,
      largestPayload,
      largestPayload,
      1,
    ]);
    const [large] = new FrameReader().push(encodeFrame(SmuxCommand.data, 5, Buffer.alloc(65_535)));
    expect(large?.payload).toHaveLength(65_535);
    expect(() => encodeFrame(SmuxCommand.data, 5, Buffer.alloc(65_536))).toThrow(RangeError);
  });

  it.each([
    ['version 2', '0200000003000000'],
    ['version 0', '0000000003000000'],
    ['UPD, which only version 2 has', '0104080003000000'],
    ['a close with data', '0101010003000000ff'],
    ['a keepalive with data', '0103ffff00000000'],
  ])('refuses %s, and all that follows', (_, hex) => {
    const reader = new FrameReader();
    reader.push(encodeFrame(SmuxCommand.open, 3));
    expect(() => reader.push(Buffer.from(hex, 'hex'))).toThrow(SmuxError);
    expect(() => reader.push(encodeFrame(SmuxCommand.keepalive, 0))).toThrow(SmuxError);
  });

  it('survives a million inputs: noise, altered and cut frames, lengths that never come', () => {
    const random = seededRandom(11);
    const below = (limit: number) => Math.floor(random() * limit);
    const whole = Buffer.concat([
      encodeFrame(SmuxCommand.open, 3),
      encodeFrame(SmuxCommand.data, 3, Buffer.alloc(24, 1)),
      encodeFrame(SmuxCommand.close, 3),
      encodeFrame(SmuxCommand.keepalive, 0),
    ]);
    const seen = { frames: 0, breaks: 0, waits: 0 };
    let reader = new FrameReader();
    let pushed = 0;
    let given = 0;
    for (let round = 0; round < 1_000_000; round++) {
      const kind = round % 4;
      let input = Buffer.from(whole);
      if (kind === 0) for (let at = 0; at < 20; at += 4) input.writeUInt32LE(below(2 ** 32), at);
      else if (kind === 1) input[below(input.length)] = below(256);
      else if (kind === 2) input = input.subarray(0, below(input.length));
      else if (below(100) === 0) input.writeUInt16LE(0xffff, 10);
      try {
        const frames = reader.push(input);
        pushed += input.length;
        if (frames.length === 0) seen.waits++;
        for (const { command, payload } of frames) {
          if (command > SmuxCommand.keepalive) throw new Error(`command ${command}`);
          if (command !== SmuxCommand.data && payload.length > 0) throw new Error('data where there is none');
          given += 8 + payload.length;
          seen.frames++;
        }
        if (given > pushed) throw new Error('more came out than went in');
        // What is kept is one frame that is not whole yet.
        if (pushed - given > 8 + 0xffff) throw new Error(`${pushed - given} bytes are kept`);
      } catch (error) {
        if (!(error instanceof SmuxError)) throw error;
        seen.breaks++;
        reader = new FrameReader();
        pushed = given = 0;
      }
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(1_000);
  });

  it('reads a frame that trickles in byte by byte in linear time', () => {
    const reader = new FrameReader();
    const bytes = encodeFrame(SmuxCommand.data, 3, Buffer.alloc(65_535, 7));
    let frames: SmuxFrame[] = [];
    for (let at = 0; at < bytes.length; at++) frames = reader.push(bytes.subarray(at, at + 1));
    expect(frames[0]?.payload.equals(bytes.subarray(8))).toBe(true);
  });
});
