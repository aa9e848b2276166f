import { expect, it } from 'vitest';
import { readGreeting, readRequest } from '../../src/ssm/socks5.ts';
import {
  encodeHandshakeRequest,
  encodeHandshakeResponse,
  parseEncChallenge,
  parseHandshakeComplete,
  parseHandshakeRequest,
  parseHandshakeResponse,
} from '../../src/ssm/wire/handshake-payload.ts';
import {
  encodeAcknowledge,
  parseAcknowledge,
  parseChannelClosed,
  parseExitCode,
  parseFlag,
  parseOpenDataChannel,
  parseSize,
} from '../../src/ssm/wire/payload.ts';
import { encodeFrame, FrameReader, SmuxCommand, SmuxError } from '../../src/ssm/wire/smux.ts';

/**
 * Everything that reads what an instance, the service or a local program sends, with inputs made of right ones by
 * damage, and of noise; messages are in codec.test.ts. One seed: what fails once fails always. An input over which a reader hung would be a timeout.
 */
const seed = 20_261_121;

/** mulberry32. */
function chances(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function inputs(samples: readonly Buffer[]): { next(): Buffer; below(limit: number): number } {
  const below = chances(seed);
  const noise = Buffer.from(Array.from({ length: 65_536 }, () => below(256)));
  const some = (most: number) => {
    const length = below(most);
    const at = below(noise.length - length);
    return Buffer.from(noise.subarray(at, at + length));
  };
  return {
    below,
    next() {
      if (below(4) === 0) return some(300);
      const bytes = Buffer.from(samples[below(samples.length)] ?? noise);
      for (let hits = below(4); hits >= 0 && bytes.length > 4; hits--) {
        const at = below(bytes.length - 4);
        if (below(2) === 0) bytes[at] = below(256);
        else bytes.writeUInt32BE(below(2) === 0 ? 0xffff_ffff : below(0xffff_ffff), at);
      }
      const cut = below(6);
      if (cut === 0) return bytes.subarray(0, below(bytes.length + 1));
      return cut === 1 ? Buffer.concat([bytes, some(40)]) : bytes;
    },
  };
}

it('payloads and handshakes: 15 000, each to every reader', () => {
  const source = inputs([
    encodeHandshakeRequest({
      agentVersion: '3.3.987.0',
      actions: [
        { type: 'SessionType', sessionType: 'Port', properties: { portNumber: '80' } },
        { type: 'KMSEncryption', keyId: 'arn:aws:kms:us-east-1:111111111111:key/k', challenge: 'QUJD' },
      ],
    }),
    encodeHandshakeResponse({
      clientVersion: '1.2.650.0',
      actions: [{ type: 'SessionType', status: 1, result: null, error: '' }],
    }),
    encodeAcknowledge({
      messageType: 'input_stream_data',
      messageId: 'dd01e56b-ff48-483e-a508-b5f073f31b16',
      sequenceNumber: 17,
    }),
    Buffer.from('{"__proto__":{"Output":"x"},"Output":"y","constructor":1}'),
    Buffer.from('EXIT_CODE: 3'),
    Buffer.from('{"cols":101,"rows":33}'),
    Buffer.from('[[[[[[[[[[[[[[[['),
  ]);
  const readers = [
    parseHandshakeRequest,
    parseHandshakeResponse,
    parseHandshakeComplete,
    parseEncChallenge,
    parseAcknowledge,
    parseChannelClosed,
    parseExitCode,
    parseFlag,
    parseSize,
    parseOpenDataChannel,
  ];
  for (let round = 0; round < 15_000; round++) {
    const bytes = source.next();
    for (const reader of readers) reader(bytes);
  }
  expect(({} as { Output?: string }).Output).toBeUndefined();
});

it('smux: 300 000 pieces, frames or SmuxError', () => {
  const source = inputs([Buffer.from('0123456789')]);
  let reader = new FrameReader();
  const seen = { frames: 0, broken: 0 };
  const commands = Object.values(SmuxCommand);
  for (let round = 0; round < 300_000; round++) {
    const command = commands[source.below(4)] ?? SmuxCommand.data;
    const data = command === SmuxCommand.data ? source.next() : undefined;
    const frame = encodeFrame(command, source.below(9), data);
    const rare = source.below(50);
    const bytes = rare === 0 ? source.next() : frame;
    try {
      // In two pieces, cut anywhere.
      const at = source.below(bytes.length + 1);
      seen.frames += reader.push(bytes.subarray(0, at)).length + reader.push(bytes.subarray(at)).length;
    } catch (error) {
      if (!(error instanceof SmuxError)) throw error;
      seen.broken++;
      reader = new FrameReader();
    }
  }
  expect(seen.frames).toBeGreaterThan(100_000);
  expect(seen.broken).toBeGreaterThan(1_000);
});

it('SOCKS: 300 000', () => {
  const source = inputs(
    [
      '05010003096c6f63616c686f73740050',
      '0501000101020304ffff',
      `05010004${'20010db8'.repeat(4)}0050`,
      '050100',
    ].map((hex) => Buffer.from(hex, 'hex')),
  );
  const seen = { more: 0, bad: 0, read: 0 };
  for (let round = 0; round < 300_000; round++) {
    const bytes = source.next();
    const request = readRequest(bytes);
    seen[request.kind]++;
    const known = request.kind !== 'read' || /^[A-Za-z0-9._:-]+$/.test(request.value.host);
    if (!known || (request.kind === 'more' && bytes.length >= 262)) expect.fail(bytes.toString('hex'));
    if (readGreeting(bytes).kind === 'more' && bytes.length >= 257) expect.fail(bytes.toString('hex'));
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(1_000);
});
