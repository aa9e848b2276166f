import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AgentMessage,
  decodeAgentMessage,
  encodeAgentMessage,
  MessageType,
} from '../../src/ssm/wire/agent-message.ts';
import {
  encodeEncChallenge,
  encodeHandshakeComplete,
  encodeHandshakeRequest,
  encodeHandshakeResponse,
  parseEncChallenge,
  parseHandshakeComplete,
  parseHandshakeRequest,
  parseHandshakeResponse,
} from '../../src/ssm/wire/handshake-payload.ts';
import {
  encodeAcknowledge,
  encodeChannelClosed,
  encodeExitCode,
  encodeFlag,
  encodeOpenDataChannel,
  encodeSize,
  PayloadType,
  parseAcknowledge,
  parseChannelClosed,
  parseExitCode,
  parseFlag,
  parseOpenDataChannel,
  parseSize,
} from '../../src/ssm/wire/payload.ts';
import { seededRandom } from '../support/seeded-random.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields: {
    readonly createdDate: number;
    readonly flags: number;
    readonly messageId: string;
    readonly messageType: string;
    readonly payloadHex: string;
    readonly payloadType: number;
    readonly sequenceNumber: number;
  };
}

const { vectors, invalid } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/ssm-messages.json'), 'utf8'),
) as { vectors: Vector[]; invalid: { name: string; hex: string; why: string }[] };
const bytesOf = (name: string) => Buffer.from(vectors.find((one) => one.name === name)?.hex ?? '', 'hex');
const payloadOf = (name: string) => Buffer.from(decodeAgentMessage(bytesOf(name))?.payload ?? []);

describe('messages written by the original serializer', () => {
  it.each(vectors)('$name is read and written', ({ hex, fields }) => {
    const bytes = Buffer.from(hex, 'hex');
    const message: AgentMessage = {
      type: fields.messageType,
      sequenceNumber: fields.sequenceNumber,
      flags: fields.flags,
      messageId: fields.messageId,
      createdAt: fields.createdDate,
      payloadType: fields.payloadType,
      payload: Buffer.from(fields.payloadHex, 'hex'),
    };
    expect(decodeAgentMessage(bytes)).toEqual(message);
    expect(encodeAgentMessage(message).toString('hex')).toBe(hex);
  });

  it.each(invalid)('$name is dropped: $why', ({ hex }) => {
    expect(decodeAgentMessage(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});

describe('payloads written by the original', () => {
  it.each([
    ['size_120x40', parseSize, encodeSize],
    ['flag_terminate_session', parseFlag, encodeFlag],
    ['handshake_response_kms', parseHandshakeResponse, encodeHandshakeResponse],
    ['handshake_request_port', parseHandshakeRequest, encodeHandshakeRequest],
    ['handshake_complete', parseHandshakeComplete, encodeHandshakeComplete],
    ['exit_code_3', parseExitCode, encodeExitCode],
    ['acknowledge_input_4', parseAcknowledge, encodeAcknowledge],
    ['channel_closed_empty', parseChannelClosed, encodeChannelClosed],
    ['enc_challenge_request', parseEncChallenge, encodeEncChallenge],
  ] as readonly [string, (payload: Uint8Array) => unknown, (value: never) => Buffer][])(
    '%s is read and written',
    (name, parse, encode) => {
      const payload = payloadOf(name);
      const value = parse(payload);
      expect(value).toBeDefined();
      expect(encode(value as never).toString()).toBe(payload.toString());
    },
  );

  it('say what they say', () => {
    expect(parseSize(payloadOf('size_120x40'))).toEqual({ columns: 120, rows: 40 });
    expect(parseFlag(payloadOf('flag_terminate_session'))).toBe(2);
    expect(parseExitCode(payloadOf('exit_code_3'))).toBe(3);
    expect(parseHandshakeRequest(payloadOf('handshake_request_port'))).toEqual({
      agentVersion: '3.3.987.0',
      actions: [
        {
          type: 'SessionType',
          sessionType: 'Port',
          properties: {
            host: 'db.internal.example',
            localPortNumber: '15432',
            portNumber: '5432',
            type: 'LocalPortForwarding',
          },
        },
      ],
    });
  });

  it('an opening has five texts', () => {
    const opening = { requestId: 'r', token: 't"\\', clientId: 'c', clientVersion: '1.2.650.0' };
    const text = encodeOpenDataChannel(opening);
    expect(JSON.parse(text)).toEqual({
      MessageSchemaVersion: '1.0',
      RequestId: 'r',
      TokenValue: 't"\\',
      ClientId: 'c',
      ClientVersion: '1.2.650.0',
    });
    expect(parseOpenDataChannel(Buffer.from(text))).toEqual(opening);
    expect(parseOpenDataChannel(Buffer.from('{"TokenValue":"x"}'))).toBeUndefined();
  });

  it('an action that nobody knows keeps its name, and a damaged one is no crash', () => {
    const request = parseHandshakeRequest(
      Buffer.from('{"RequestedClientActions":[{"ActionType":"Dance"},null,7,{"ActionType":"SessionType"}]}'),
    );
    expect(request?.actions).toEqual([
      { type: 'unknown', name: 'Dance' },
      { type: 'unknown', name: '' },
      { type: 'unknown', name: '' },
      { type: 'SessionType', sessionType: '', properties: null },
    ]);
  });
});

const message = fc.record({
  type: fc.string({
    minLength: 1,
    maxLength: 32,
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_-.0123456789'),
  }),
  sequenceNumber: fc.maxSafeNat(),
  flags: fc.maxSafeNat(),
  messageId: fc.uuid(),
  createdAt: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  payloadType: fc.nat(0xffff_ffff),
  payload: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
});

describe('the codec', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeAgentMessage(encodeAgentMessage(value))).toEqual(value);
      }),
    );
  });

  it('swaps the halves of the id, and each half keeps its order', () => {
    const id = '00010203-0405-0607-0809-0a0b0c0d0e0f';
    const bytes = encodeAgentMessage({ ...sample, messageId: id });
    expect(bytes.toString('hex', 64, 80)).toBe('08090a0b0c0d0e0f0001020304050607');
  });

  it('finds any single byte that changed in the payload or its length', () => {
    const bytes = encodeAgentMessage(sample);
    for (let at = 80; at < bytes.length; at++) {
      if (at >= 112 && at < 116) continue;
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(decodeAgentMessage(changed), `byte ${at}`).toBeUndefined();
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['119 bytes', Buffer.alloc(119, 1)],
    ['no type', edited((bytes) => bytes.fill(' ', 4, 36))],
    ['a header of 0', edited((bytes) => bytes.writeUInt32BE(0, 0))],
    ['a header that would end before the digest', edited((bytes) => bytes.writeUInt32BE(100, 0))],
    ['a giant header', edited((bytes) => bytes.writeUInt32BE(0xffff_ffff, 0))],
    ['a giant payload length', edited((bytes) => bytes.writeUInt32BE(0xffff_ffff, 116))],
    ['no date', edited((bytes) => bytes.fill(0, 40, 48))],
    ['a negative number', edited((bytes) => bytes.fill(0xff, 48, 56))],
    ['one byte too many', Buffer.concat([edited(() => {}), Buffer.alloc(1)])],
    ['one byte too few', edited(() => {}).subarray(0, -1)],
  ])('drops %s', (_name, bytes) => {
    expect(decodeAgentMessage(bytes)).toBeUndefined();
  });

  it('reads past a longer header', () => {
    const bytes = edited(() => {});
    const longer = Buffer.concat([bytes.subarray(0, 116), Buffer.alloc(8, 9), bytes.subarray(116)]);
    longer.writeUInt32BE(124, 0);
    expect(Buffer.from(decodeAgentMessage(longer)?.payload ?? []).toString()).toBe('hello');
  });

  it('asks nothing of start_publication and pause_publication', () => {
    for (const type of [MessageType.startPublication, MessageType.pausePublication]) {
      const bytes = encodeAgentMessage({ ...sample, type });
      bytes.fill(0, 40, 48).fill(0, 80, 112);
      expect(decodeAgentMessage(bytes)?.type).toBe(type);
    }
  });

  it('trims NUL and white space around a type', () => {
    const bytes = edited((one) => one.write(`\0 ${sample.type}\n\0`, 4, 'latin1'));
    expect(decodeAgentMessage(bytes)?.type).toBe(sample.type);
  });

  it('refuses to write what has no place', () => {
    for (const wrong of [
      { type: '' },
      { type: 'a'.repeat(33) },
      { type: 'ü' },
      { sequenceNumber: -1 },
      { sequenceNumber: 2 ** 53 },
      { messageId: 'no' },
      { messageId: 'zz010203-0405-0607-0809-0a0b0c0d0e0f' },
      { payloadType: -1 },
    ]) {
      expect(() => encodeAgentMessage({ ...sample, ...wrong }), JSON.stringify(wrong)).toThrow(RangeError);
    }
  });

  it('survives a million inputs: noise, cut and altered messages', () => {
    const random = seededRandom(7);
    const bytes = encodeAgentMessage({ ...sample, payload: Buffer.alloc(40, 3) });
    const scratch = Buffer.alloc(400);
    let read = 0;
    for (let round = 0; round < 1_000_000; round++) {
      const kind = round % 3;
      let length = bytes.length;
      bytes.copy(scratch);
      if (kind === 0) {
        length = Math.floor(random() * 300);
        for (let at = 0; at < length; at += 4) scratch.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
      } else if (kind === 1) {
        for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
          scratch[Math.floor(random() * length)] = Math.floor(random() * 256);
        }
      } else {
        length = Math.floor(random() * 400);
        scratch[Math.floor(random() * 4)] = Math.floor(random() * 4);
      }
      const found = decodeAgentMessage(scratch.subarray(0, length));
      if (found !== undefined) {
        read++;
        if (found.payload.length > length - 120) throw new Error('a payload longer than the input');
      }
    }
    // Changed dates, numbers and ids are still messages.
    expect(read).toBeGreaterThan(1_000);
  });

  it('payload parsers survive anything', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          for (const parse of [
            parseSize,
            parseFlag,
            parseExitCode,
            parseAcknowledge,
            parseChannelClosed,
            parseOpenDataChannel,
            parseHandshakeRequest,
            parseHandshakeResponse,
            parseHandshakeComplete,
            parseEncChallenge,
          ]) {
            parse(bytes);
          }
        },
      ),
    );
  });
});

const sample: AgentMessage = {
  type: MessageType.input,
  sequenceNumber: 4,
  flags: 0,
  messageId: 'dd01e56b-ff48-483e-a508-b5f073f31b16',
  createdAt: 1_763_668_800_123,
  payloadType: PayloadType.output,
  payload: Buffer.from('hello'),
};

function edited(edit: (bytes: Buffer) => void): Buffer {
  const bytes = encodeAgentMessage({
    type: MessageType.input,
    sequenceNumber: 4,
    flags: 0,
    messageId: 'dd01e56b-ff48-483e-a508-b5f073f31b16',
    createdAt: 1_763_668_800_123,
    payloadType: PayloadType.output,
    payload: Buffer.from('hello'),
  });
  edit(bytes);
  return bytes;
}
