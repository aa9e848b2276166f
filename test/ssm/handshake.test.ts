import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { PayloadCipher } from '../../src/ssm/encryption.ts';
import { MessageType } from '../../src/ssm/wire/agent-message.ts';
import {
  encodeEncChallenge,
  encodeHandshakeComplete,
  parseEncChallenge,
  parseHandshakeResponse,
  type RequestedAction,
} from '../../src/ssm/wire/handshake-payload.ts';
import { encodeExitCode, encodeSize, PayloadType } from '../../src/ssm/wire/payload.ts';
import { portActions, type ScriptedAgent } from '../support/scripted-agent.ts';
import { open, startAgent } from './open-channel.ts';

const dataKey = Buffer.from(Array.from({ length: 64 }, (_, at) => at));
/** What the client reads with is what the agent writes with. */
const agentCipher = () => new PayloadCipher(Buffer.concat([dataKey.subarray(32), dataKey.subarray(0, 32)]));
const encryptedShell = (challenge?: string): readonly RequestedAction[] => [
  { type: 'SessionType', sessionType: 'Standard_Stream', properties: null },
  { type: 'KMSEncryption', keyId: 'arn:aws:kms:us-east-1:111111111111:key/k', challenge },
];
const generateDataKey = async () => ({ plaintext: Buffer.from(dataKey), ciphertext: Buffer.from('blob') });
const responseOf = (agent: ScriptedAgent) => {
  const frame = agent.frames.find((one) => one.payloadType === PayloadType.handshakeResponse);
  return frame && parseHandshakeResponse(frame.payload);
};
const sent = (agent: ScriptedAgent) => agent.frames.filter((one) => one.type === MessageType.input);

describe('encryption', () => {
  it('is byte for byte that of the original', () => {
    const { vectors } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../vectors/ssm-messages.json'), 'utf8'),
    ) as {
      vectors: {
        name: string;
        fields: { payloadHex: string };
        crypto?: { dataKeyHex: string; nonceHex: string; plaintextHex: string };
      }[];
    };
    const vector = vectors.find((one) => one.name === 'encrypted_input_output');
    const { dataKeyHex = '', nonceHex = '', plaintextHex = '' } = vector?.crypto ?? {};
    const key = Buffer.from(dataKeyHex, 'hex');
    const bytes = new PayloadCipher(key).encrypt(
      Buffer.from(plaintextHex, 'hex'),
      Buffer.from(nonceHex, 'hex'),
    );
    expect(bytes.toString('hex')).toBe(vector?.fields.payloadHex);
    const other = new PayloadCipher(Buffer.concat([key.subarray(32), key.subarray(0, 32)]));
    expect(other.decrypt(bytes).toString('hex')).toBe(plaintextHex);
  });

  it('refuses what was altered, cut or is too short, and shows no key', () => {
    const cipher = agentCipher();
    const bytes = new PayloadCipher(dataKey).encrypt(Buffer.from('secret'));
    expect(cipher.decrypt(bytes).toString()).toBe('secret');
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(() => cipher.decrypt(altered)).toThrow(ForgeError);
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(() => cipher.decrypt(bytes.subarray(0, length))).toThrow(/can't be decrypted/);
    }
    expect(inspect(cipher, { depth: 9, showHidden: true })).not.toMatch(/20 21 22|00 01 02/);
  });

  it.each([
    ['with a challenge', 'bm9uY2Utb2Ytc2l4dGVlbg=='],
    ['without', undefined],
  ])(
    'is agreed on %s, proven, and hides output, errors and exit codes, but not sizes',
    async (_name, challenge) => {
      const cipher = agentCipher();
      const secret = Buffer.alloc(64, 5);
      const heard: [number, string][] = [];
      const agent = await startAgent({
        actions: encryptedShell(challenge),
        onHandshakeResponse: (one) => one.send(8, encodeEncChallenge(cipher.encrypt(secret))),
        onData: (payloadType, payload) => {
          if (payloadType === PayloadType.encChallengeResponse) {
            expect(cipher.decrypt(parseEncChallenge(payload) ?? Buffer.alloc(0))).toEqual(secret);
            agent.send(7, encodeHandshakeComplete({ nanoseconds: 1, customerMessage: '' }));
          } else {
            heard.push([
              payloadType,
              payloadType === 1 ? cipher.decrypt(payload).toString() : payload.toString(),
            ]);
          }
        },
      });
      const asked: [string, object][] = [];
      const channel = await open(agent, {
        generateDataKey: async (keyId, context) => {
          asked.push([keyId, context]);
          return generateDataKey();
        },
      });
      expect(asked).toEqual([
        [
          'arn:aws:kms:us-east-1:111111111111:key/k',
          {
            'aws:ssm:SessionId': 's-1',
            'aws:ssm:TargetId': 'i-0123456789abcdef0',
            ...(challenge && { 'aws:ssm:RandomChallenge': challenge }),
          },
        ],
      ]);
      expect(responseOf(agent)?.actions[1]).toEqual({
        type: 'KMSEncryption',
        status: 1,
        result: { cipherTextKey: 'YmxvYg==', ...(challenge && { challengeAcknowledgement: true }) },
        error: '',
      });
      const seen: [number, string][] = [];
      channel.onData((payloadType, payload) => void seen.push([payloadType, payload.toString()]));
      await channel.send(PayloadType.size, encodeSize({ columns: 80, rows: 24 }));
      await channel.send(PayloadType.output, Buffer.from('whoami\r'));
      await channel.drained();
      expect(heard).toEqual([
        [3, '{"cols":80,"rows":24}'],
        [1, 'whoami\r'],
      ]);
      agent.send(1, cipher.encrypt(Buffer.from('root')));
      agent.send(11, cipher.encrypt(Buffer.from('oops')));
      agent.send(12, cipher.encrypt(encodeExitCode(3)));
      agent.closeChannel();
      expect(await channel.closed).toEqual({ reason: 'remote', output: '', exitCode: 3 });
      expect(seen).toEqual([
        [1, 'root'],
        [11, 'oops'],
        [12, 'EXIT_CODE: 3'],
      ]);
    },
  );

  it('that fails ends the session: the bytes are neither shown nor acknowledged', async () => {
    const agent = await startAgent({ actions: encryptedShell() });
    const channel = await open(agent, { generateDataKey });
    const seen: Buffer[] = [];
    channel.onData((_type, payload) => void seen.push(payload));
    const acknowledged = agent.acknowledged;
    agent.send(1, Buffer.from('in the clear, which must not be believed'));
    expect(await channel.closed).toMatchObject({ reason: 'lost', error: { code: 'DECRYPTION_FAILED' } });
    expect(seen).toEqual([]);
    expect(agent.acknowledged).toBe(acknowledged);
  });

  it('holds for what comes while KMS is still asked: it is neither shown as it is nor lost', async () => {
    const cipher = agentCipher();
    const agent = await startAgent({ actions: encryptedShell() });
    const opening = open(agent, {
      generateDataKey: async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        return generateDataKey();
      },
    });
    await expect.poll(() => agent.openings.length).toBe(1);
    agent.send(PayloadType.output, cipher.encrypt(Buffer.from('early')));
    const channel = await opening;
    const seen: string[] = [];
    channel.onData((_type, payload) => void seen.push(payload.toString()));
    await expect.poll(() => seen).toEqual(['early']);
  });

  it('is asked of KMS once, and not for an agent that asks for more than a handshake is', async () => {
    const [terminal, encryption] = encryptedShell();
    if (terminal === undefined || encryption === undefined) throw new Error('no actions');
    for (const actions of [
      [terminal, encryption, encryption],
      [terminal, ...Array.from({ length: 10_000 }, () => encryption)],
      [{ type: 'unknown', name: 'Dance' } as const, encryption],
    ]) {
      const agent = await startAgent({ actions });
      let asked = 0;
      const refused = open(agent, {
        generateDataKey: () => {
          asked++;
          return generateDataKey();
        },
      });
      await expect(refused).rejects.toMatchObject({ kind: 'failed' });
      expect(asked).toBeLessThanOrEqual(1);
      await expect.poll(() => responseOf(agent)?.actions.some(({ status }) => status !== 1)).toBe(true);
    }
  });

  it('that KMS refuses is said to the agent and to the person', async () => {
    const agent = await startAgent({ actions: encryptedShell() });
    const denied = new ForgeError('denied', 'Access denied: kms:GenerateDataKey.', { code: 'ACCESS_DENIED' });
    await expect(open(agent, { generateDataKey: () => Promise.reject(denied) })).rejects.toBe(denied);
    await expect.poll(() => responseOf(agent)?.actions[1]?.status).toBe(2);
  });
});

describe('the handshake', () => {
  it('answers every action in order; one that nobody knows is unsupported and ends the session with its name', async () => {
    const agent = await startAgent({ actions: [...portActions, { type: 'unknown', name: 'Dance' }] });
    await expect(open(agent)).rejects.toMatchObject({ code: 'UNKNOWN_SESSION_ACTION' });
    await expect.poll(() => responseOf(agent)?.actions).toHaveLength(2);
    expect(responseOf(agent)).toMatchObject({
      clientVersion: '1.2.650.0',
      actions: [
        { type: 'SessionType', status: 1 },
        { type: 'Dance', status: 3, error: expect.stringContaining('Dance') },
      ],
    });
  });

  it('refuses a type of session that it does not know', async () => {
    const agent = await startAgent({
      actions: [{ type: 'SessionType', sessionType: 'Hologram', properties: null }],
    });
    await expect(open(agent)).rejects.toMatchObject({ code: 'UNKNOWN_SESSION_TYPE' });
    await expect.poll(() => responseOf(agent)?.actions[0]?.status).toBe(2);
  });

  it('sends nothing but its answer until the agent says that it is complete', async () => {
    let complete = () => {};
    const agent = await startAgent({
      actions: portActions,
      onHandshakeResponse: (one) => {
        complete = () => one.send(7, encodeHandshakeComplete({ nanoseconds: 1, customerMessage: '' }));
      },
    });
    const opening = open(agent);
    await expect.poll(() => sent(agent).length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(sent(agent).map((one) => one.payloadType)).toEqual([PayloadType.handshakeResponse]);
    complete();
    const channel = await opening;
    await channel.send(1, Buffer.from('x'));
    await channel.drained();
    expect(sent(agent).map((one) => [one.sequenceNumber, one.payloadType, one.flags])).toEqual([
      [0, 6, 0],
      [1, 1, 0],
    ]);
  });

  it('is not waited for where there is none: output is the first word, and is not lost', async () => {
    const agent = await startAgent({});
    const opening = open(agent);
    await expect.poll(() => agent.openings.length).toBe(1);
    agent.send(1, Buffer.from('$ '));
    const channel = await opening;
    expect(channel).toMatchObject({
      sessionType: 'Standard_Stream',
      agentVersion: undefined,
      properties: {},
    });
    // Nobody listened yet: it waits, acknowledged, and no retransmission is needed.
    await expect.poll(() => agent.pending).toBe(0);
    const seen: string[] = [];
    channel.onData((_type, payload) => void seen.push(payload.toString()));
    expect(seen).toEqual(['$ ']);
  });

  it('is not begun again by a repeated request', async () => {
    const agent = await startAgent({ actions: portActions });
    await open(agent);
    const [request] = agent.frames;
    expect(request).toBeDefined();
    agent.sendNumbered(0, PayloadType.handshakeRequest, Buffer.from('{}'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent(agent)).toHaveLength(1);
  });
});

describe('an opening that fails', () => {
  it('ends after its time when the agent never speaks, and terminates the session', async () => {
    const agent = await startAgent({ mute: true });
    let terminated = 0;
    const opening = open(agent, {
      readyWithin: 200,
      terminate: async () => {
        terminated++;
      },
    });
    await expect(opening).rejects.toMatchObject({ kind: 'unreachable', code: 'SESSION_NOT_READY' });
    expect(terminated).toBe(1);
  });

  it('ends after its time when the agent never completes the handshake', async () => {
    const agent = await startAgent({ actions: portActions, onHandshakeResponse: () => {} });
    await expect(open(agent, { readyWithin: 200 })).rejects.toMatchObject({ code: 'SESSION_NOT_READY' });
  });

  it('says what the service says', async () => {
    const agent = await startAgent({ mute: true });
    const opening = open(agent);
    await expect.poll(() => agent.openings.length).toBe(1);
    agent.closeChannel('Plugin with name Port not found');
    await expect(opening).rejects.toMatchObject({
      code: 'SESSION_REFUSED',
      message: expect.stringContaining('Plugin with name Port not found'),
    });
  });

  it('ends at once when nothing listens, and says neither address nor token', async () => {
    const agent = await startAgent({});
    const { session } = agent;
    await agent[Symbol.asyncDispose]();
    const failure = await open({ session, address: session }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'unreachable', code: 'UNREACHABLE' });
    const text = inspect(failure, { depth: 9 });
    expect(text).not.toContain('data-channel');
    expect(text).not.toContain(session.tokenValue.reveal());
  });

  it('ends after its time when what listens never answers', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const session = sessionAt(`ws://127.0.0.1:${port}/x`);
    const times = { openWithin: 150, pingEvery: 1_000, pongWithin: 500 };
    await expect(open({ session, address: session }, { times })).rejects.toMatchObject({
      message: expect.stringContaining('did not answer in time'),
    });
    server.close();
  });

  it.each([
    'ws://example.com/v1/data-channel/s-1',
    'ws://10.0.0.1/',
    'http://127.0.0.1/',
    'wss://user:pass@example.com/',
    'nonsense',
  ])('does not go to %s', async (url) => {
    const session = sessionAt(url);
    await expect(open({ session, address: session })).rejects.toMatchObject({ code: 'UNSAFE_STREAM_URL' });
  });

  it('ends with the reason of the signal', async () => {
    const agent = await startAgent({ mute: true });
    const controller = new AbortController();
    // Only what is open may stay open for a while.
    const opening = open(agent, { signal: controller.signal, lingerMs: 60_000 });
    await expect.poll(() => agent.openings.length).toBe(1);
    controller.abort('SIGINT');
    await expect(opening).rejects.toBe('SIGINT');
  });
});

function sessionAt(url: string) {
  return { sessionId: 's-1', target: 'i-1', streamUrl: new Secret(url), tokenValue: new Secret('t') };
}
