import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import { ResumeSessionCommand, StartSessionCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { decodeAgentMessage, encodeAgentMessage } from '../../../src/ssm/wire/agent-message.ts';
import { encodeData, encodeFrame, FrameReader, SmuxCommand } from '../../../src/ssm/wire/smux.ts';
import { failureOf } from '../clients.ts';
import { openRawChannel, type RawChannel } from './raw-channel.ts';
import { type SsmStage, startSsmStage } from './stage.ts';

let stage: SsmStage;
beforeAll(async () => {
  stage = await startSsmStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => stage.admin('ssm-faults', {}));

const prompt = (channel: RawChannel) => channel.waitFor(() => channel.text().includes('$ '), 'the prompt');
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const resume = async (channel: RawChannel, SessionId: string) => {
  const { StreamUrl = '', TokenValue = '' } = await stage.ssm().send(new ResumeSessionCommand({ SessionId }));
  return openRawChannel(StreamUrl, TokenValue, channel);
};

it('keeps the bytes of the recorded messages', () => {
  const file = new URL('../../vectors/ssm-messages.json', import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: { hex: string }[] };
  for (const { hex } of vectors) {
    const message = decodeAgentMessage(Buffer.from(hex, 'hex'));
    expect(message && encodeAgentMessage(message).toString('hex')).toBe(hex);
  }
});

describe('data channels', () => {
  it('open once with the token, and never with another or from a browser', async () => {
    const channel = await stage.open({});
    await prompt(channel);
    const session = stage.world.ssm.sessions.get(channel.sessionId);
    const token = stage.world.ssm.issueToken(session ?? expect.fail());
    const url = `${stage.endpoint.url.replace('http', 'ws')}/v1/data-channel/${channel.sessionId}?role=publish_subscribe`;
    expect((await (await openRawChannel(url, 'wrong')).gone).code).toBe(1008);
    const second = await openRawChannel(url, token, channel);
    // The newest client has the session.
    expect(await channel.gone).toEqual({ code: 1000, reason: 'Bye' });
    expect((await (await openRawChannel(url, token)).gone).code).toBe(1008);
    second.close();
    const third = stage.world.ssm.issueToken(session ?? expect.fail());
    for (const [address, options] of [
      [url, { origin: 'http://evil.example' }],
      [url.replace(channel.sessionId, '%zz'), {}],
    ] as const) {
      const webSocket = new WebSocket(address, options);
      const [refused] = (await once(webSocket, 'error')) as [Error];
      expect(refused.message).toContain('403');
    }
    expect(session?.token).toBe(third);
  });

  it('are resumed and ended by who started them, and not by another with the same role', async () => {
    const [dana, lena] = (['dana', 'lena'] as const).map((person) =>
      stage.keysOf('Forge-QA-ReadOnly', 'dev', person),
    );
    const wish = new StartSessionCommand({
      Target: stage.instance('dev', 'bastion').id,
      DocumentName: 'AWS-StartPortForwardingSessionToRemoteHost',
      Parameters: { host: ['echo'], portNumber: ['7'], localPortNumber: ['0'] },
    });
    const { SessionId } = await stage.ssm(dana).send(wish);
    const session = stage.world.ssm.sessions.get(SessionId ?? '') ?? expect.fail();
    const { token } = session;
    const refused = { name: 'AccessDeniedException' };
    expect(await failureOf(stage.ssm(lena).send(new ResumeSessionCommand({ SessionId })))).toMatchObject(
      refused,
    );
    expect(await failureOf(stage.ssm(lena).send(new TerminateSessionCommand({ SessionId })))).toMatchObject(
      refused,
    );
    expect(session).toMatchObject({ token, endedAt: undefined });
    await stage.ssm(dana).send(new ResumeSessionCommand({ SessionId }));
    expect(session.token).not.toBe(token);
    await stage.ssm(dana).send(new TerminateSessionCommand({ SessionId }));
    expect(session.endedAt).toBeDefined();
  });

  it('acknowledge an old number again, order what comes early, drop what is broken', async () => {
    const channel = await stage.open({});
    await prompt(channel);
    const [first, second] = [channel.nextNumber, channel.nextNumber + 1];
    channel.nextNumber = second;
    channel.send(1, 'k"\r');
    channel.nextNumber = first;
    const message = channel.send(1, 'echo "o');
    channel.sendMessage(message);
    const broken = encodeAgentMessage({ ...message, sequenceNumber: 2 });
    broken[120] = 0;
    channel.sendRaw(broken);
    channel.sendRaw(Buffer.from('short'));
    await channel.waitFor(() => /[\r\n]ok\r\n/.test(channel.text()), 'the echo');
    await pause(50);
    expect([...channel.acknowledgedNumbers()].sort()).toEqual([0, 0, 1]);
    channel.close();
  });

  it('repeat what was not acknowledged, by the oldest alone', async () => {
    const channel = await stage.open({});
    channel.acknowledging = false;
    const first = await channel.waitFor(() => channel.received[0], 'output');
    expect(first).toMatchObject({ sequenceNumber: 0, flags: 1 });
    await prompt(channel);
    channel.send(1, 'echo more\r');
    await channel.waitFor(() => /[\r\n]more\r\n/.test(channel.text()), 'more output');
    await channel.waitFor(() => (channel.copies.get(0) ?? 0) >= 3, 'copies of the oldest');
    expect([...channel.copies.keys()].filter((number) => (channel.copies.get(number) ?? 0) > 1)).toEqual([0]);
    channel.close();
  });

  it('refuse data before the handshake is complete by throwing it away', async () => {
    const channel = await stage.open({
      document: 'AWS-StartInteractiveCommand',
      parameters: { command: ['read line; echo "got $line"'] },
    });
    channel.close();
    await stage.admin('ssm-faults', { notReadyMs: 150 });
    const late = await stage.open({
      document: 'AWS-StartNonInteractiveCommand',
      parameters: { command: ['sleep 5'] },
    });
    await late.message(5);
    late.send(1, 'early');
    await late.waitFor(() => late.acknowledgedNumbers().includes(0), 'the acknowledgement');
    await late.handshake();
    late.send(1, '\x03');
    await pause(50);
    expect(late.acknowledgedNumbers()).not.toContain(2);
    late.close();
  });

  it('come back after a cut with every number where it was', async () => {
    const channel = await stage.open({});
    await prompt(channel);
    channel.acknowledging = false;
    channel.send(1, 'echo one\r');
    await channel.waitFor(() => /[\r\n]one\r\n/.test(channel.text()), 'the answer');
    await stage.admin('ssm-sessions', { action: 'cut', sessionId: channel.sessionId });
    expect((await channel.gone).code).toBe(1006);
    const again = await resume(channel, channel.sessionId);
    again.send(1, 'echo two\r');
    await again.waitFor(() => /[\r\n]two\r\n/.test(again.text()), 'the second answer');
    const numbers = again.received.filter((entry) => entry.type === 'output_stream_data');
    expect(new Set(numbers.map((entry) => entry.sequenceNumber)).size).toBe(numbers.length);
    await stage.admin('ssm-sessions', { action: 'bye', sessionId: channel.sessionId });
    expect(await again.gone).toEqual({ code: 1000, reason: 'Bye' });
    await stage.ssm().send(new TerminateSessionCommand({ SessionId: channel.sessionId }));
    const over = stage.ssm().send(new ResumeSessionCommand({ SessionId: channel.sessionId }));
    expect((await failureOf(over)).name).toBe('DoesNotExistException');
  });

  it('end with a text when nobody uses them, or for too long', async () => {
    await stage.admin('ssm-preferences', { environment: 'dev', idleMinutes: 1, maxMinutes: 5 });
    const channel = await stage.open({});
    await prompt(channel);
    stage.world.setClockOffset(61_000);
    expect(await channel.closedBy).toContain('inactivity');
    const long = await stage.open({});
    await prompt(long);
    stage.world.setClockOffset(61_000 + 5 * 60_000);
    expect(await long.closedBy).toMatch(/maximum duration|inactivity/);
    stage.world.setClockOffset(0);
    await stage.admin('ssm-preferences', { environment: 'dev' });
  });

  it('carry 500 kB each way over loss, duplication and reordering', async () => {
    await stage.admin('ssm-faults', { drop: 0.05, duplicate: 0.05, reorder: 0.1, resendAll: true, seed: 7 });
    const document = 'AWS-StartPortForwardingSessionToRemoteHost';
    const channel = await stage.open({ document, parameters: { host: ['echo'], portNumber: ['7'] } });
    const sent = new Map<number, ReturnType<RawChannel['send']>>();
    const raw = channel.send;
    channel.send = (type, payload) => {
      const message = raw(type, payload);
      sent.set(message.sequenceNumber, message);
      return message;
    };
    const timer = setInterval(() => {
      for (const number of channel.acknowledgedNumbers()) sent.delete(number);
      for (const message of [...sent.values()].slice(0, 200)) channel.sendMessage(message);
    }, 100);
    await channel.handshake();
    const data = randomBytes(500_000);
    const bytes = Buffer.concat([encodeFrame(SmuxCommand.open, 3), encodeData(3, data)]);
    for (let at = 0; at < bytes.length; at += 1_024) channel.send(1, bytes.subarray(at, at + 1_024));
    const contiguous = () => {
      const output = channel.received.filter((entry) => entry.type === 'output_stream_data');
      return output.every((entry) => entry.sequenceNumber < output.length);
    };
    const echoed = () =>
      Buffer.concat(new FrameReader().push(channel.bytes(1)).flatMap((frame) => [frame.payload]));
    await channel.waitFor(
      () => channel.bytes(1).length >= data.length && contiguous() && echoed().length === data.length,
      'the echo',
      20_000,
    );
    clearInterval(timer);
    const digest = (buffer: Buffer) => createHash('sha256').update(buffer).digest('hex');
    expect(digest(echoed())).toBe(digest(data));
    // It was indeed a bad line.
    expect([...channel.copies.values()].filter((count) => count > 1).length).toBeGreaterThan(20);
    channel.close();
  }, 30_000);
});

describe('commands', () => {
  const run = (command: string, more = {}) =>
    stage.open({ document: 'AWS-StartNonInteractiveCommand', parameters: { command: [command], ...more } });

  it('tell output, errors and exit code apart', async () => {
    const channel = await run(`sh -c 'echo out; echo err >&2; exit 3'`);
    await channel.handshake();
    expect(await channel.closedBy).toBe('');
    expect([channel.text(1), channel.text(11), channel.text(12)]).toEqual(['out\n', 'err\n', 'EXIT_CODE: 3']);
  });

  it('are not run by a shell, are interrupted by Ctrl-C, and merged say no code', async () => {
    const plain = await run('echo a | cat; "b c"');
    await plain.handshake();
    await plain.closedBy;
    expect(plain.text()).toBe('a | cat; b c\n');
    const sleeping = await run('sleep 30');
    await sleeping.handshake();
    await pause(100);
    sleeping.send(1, '\x03');
    await sleeping.closedBy;
    expect(sleeping.text(12)).toBe('EXIT_CODE: 1');
    const merged = await run(`sh -c 'echo out; exit 3'`, { separateOutputStream: ['false'] });
    await merged.handshake();
    await merged.closedBy;
    expect([merged.text(1), merged.text(12)]).toEqual(['out\n', '']);
  });
});

describe('what runs on an instance', () => {
  const alive = (pid: number) => {
    try {
      // One that nobody has waited for yet is dead all the same.
      if (process.platform === 'linux') return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const pidIn = (channel: RawChannel) =>
    channel.waitFor(() => Number(/pid (\d+)/.exec(channel.text())?.[1]) || undefined, 'the process id');
  const ended = async (pid: number) => {
    for (let tries = 0; tries < 100 && alive(pid); tries++) await pause(20);
    return !alive(pid);
  };

  it('ends with its session, and with the sandbox, whatever it ignores', async () => {
    const stubborn = `sh -c 'trap "" TERM HUP INT; echo pid $$; while :; do sleep 1; done'`;
    const started = await Promise.all([
      stage.open({ document: 'AWS-StartNonInteractiveCommand', parameters: { command: [stubborn] } }),
      stage.open({ document: 'AWS-StartInteractiveCommand', parameters: { command: [stubborn] } }),
    ]);
    await started[0].handshake();
    for (const channel of started) {
      const pid = await pidIn(channel);
      expect(alive(pid)).toBe(true);
      await stage.ssm().send(new TerminateSessionCommand({ SessionId: channel.sessionId }));
      expect(await channel.closedBy).toBe('');
      expect(await ended(pid)).toBe(true);
    }
    const other = await startSsmStage();
    const channels = await Promise.all([
      other.open({ document: 'AWS-StartNonInteractiveCommand', parameters: { command: [stubborn] } }),
      other.open({ document: 'AWS-StartInteractiveCommand', parameters: { command: [stubborn] } }),
    ]);
    await channels[0].handshake();
    const pids = await Promise.all(channels.map(pidIn));
    await other[Symbol.asyncDispose]();
    expect(await Promise.all(pids.map(ended))).toEqual([true, true]);
  });

  it('sees an environment of its own', async () => {
    process.env.FORGE_TEST_SECRET = 'leaked';
    const channel = await stage.open({
      document: 'AWS-StartInteractiveCommand',
      parameters: { command: ['env; pwd'] },
    });
    await channel.closedBy;
    expect(channel.text()).toContain('HOSTNAME=web-1');
    expect(channel.text()).not.toContain('leaked');
    delete process.env.FORGE_TEST_SECRET;
  });
});

describe('encryption', () => {
  /** Everything up to the proof that both hold the key, which `answer` makes of the agent's. */
  const agree = async (channel: Awaited<ReturnType<SsmStage['open']>>, answer = (proof: Buffer) => proof) => {
    const request = JSON.parse(Buffer.from((await channel.message(5)).payload).toString());
    const { KMSKeyId, Challenge } = request.RequestedClientActions[1].ActionParameters;
    const { CiphertextBlob, Plaintext } = await stage.kms().send(
      new GenerateDataKeyCommand({
        KeyId: KMSKeyId,
        NumberOfBytes: 64,
        EncryptionContext: {
          'aws:ssm:SessionId': channel.sessionId,
          'aws:ssm:TargetId': stage.instance('dev', 'web-1').id,
          'aws:ssm:RandomChallenge': Challenge,
        },
      }),
    );
    const key = Buffer.from(Plaintext ?? []);
    const open = (sealed: Buffer) => {
      const decipher = createDecipheriv('aes-256-gcm', key.subarray(0, 32), sealed.subarray(0, 12));
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    };
    const seal = (plain: Buffer) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key.subarray(32), nonce);
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    };
    const result = {
      KMSCipherTextKey: Buffer.from(CiphertextBlob ?? []).toString('base64'),
      KMSCipherTextHash: null,
      ChallengeAcknowledgement: true,
    };
    channel.send(6, {
      ClientVersion: '1.2.650.0',
      ProcessedClientActions: [
        { ActionType: 'SessionType', ActionStatus: 1, ActionResult: null, Error: '' },
        { ActionType: 'KMSEncryption', ActionStatus: 1, ActionResult: result, Error: '' },
      ],
      Errors: null,
    });
    const challenge = JSON.parse(Buffer.from((await channel.message(8)).payload).toString()).Challenge;
    channel.send(9, { Challenge: seal(answer(open(Buffer.from(challenge, 'base64')))).toString('base64') });
    return { open, seal };
  };

  it('agrees on a key of KMS, proves it, and seals what is said', async () => {
    await stage.admin('ssm-preferences', {
      environment: 'dev',
      kms: true,
      requireChallenge: true,
      customerMessage: 'hello',
    });
    const channel = await stage.open({});
    const { open, seal } = await agree(channel);
    await channel.message(7);
    expect(JSON.parse(Buffer.from((await channel.message(7)).payload).toString()).CustomerMessage).toBe(
      'hello',
    );
    const said = () =>
      channel.received
        .filter((entry) => entry.payloadType === 1)
        .map((entry) => open(Buffer.from(entry.payload)).toString())
        .join('');
    await channel.waitFor(() => said().includes('$ '), 'the prompt');
    channel.send(1, seal(Buffer.from('echo $((6*7))\r')));
    await channel.waitFor(() => /[\r\n]42\r\n/.test(said()), 'the answer');
    channel.send(1, 'not sealed at all, and long enough to be');
    expect(await channel.closedBy).toContain('decrypt');
  });

  it('ends a session whose client proves another key', async () => {
    const channel = await stage.open({});
    await agree(channel, (proof) => Buffer.alloc(proof.length));
    expect(await channel.closedBy).toContain('challenge failed');
    expect(channel.text()).toBe('');
  });

  it('ends a session whose client did not do what was asked', async () => {
    const channel = await stage.open({});
    channel.handshake().catch(() => {});
    expect(await channel.closedBy).toContain('KMS');
    await stage.admin('ssm-preferences', { environment: 'dev' });
  });
});
