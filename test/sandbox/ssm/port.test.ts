import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeData, encodeFrame, FrameReader, SmuxCommand } from '../../../src/ssm/wire/smux.ts';
import { type SsmStage, startSsmStage } from './stage.ts';

let stage: SsmStage;
beforeAll(async () => {
  stage = await startSsmStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const remote = 'AWS-StartPortForwardingSessionToRemoteHost';
const openEcho = () => stage.open({ document: remote, parameters: { host: ['echo'], portNumber: ['7'] } });
const framesOf = (bytes: Buffer) => new FrameReader().push(bytes);

describe('port sessions over smux', () => {
  it('carries several streams to a real TCP server and ends them one by one', async () => {
    await using _ = { [Symbol.asyncDispose]: async () => channel.close() };
    const channel = await openEcho();
    await channel.handshake();
    const request = JSON.parse(channel.text(5));
    expect(request.RequestedClientActions[0].ActionParameters).toEqual({
      SessionType: 'Port',
      Properties: { host: 'echo', portNumber: '7', localPortNumber: '0', type: 'LocalPortForwarding' },
    });
    const data = randomBytes(100_000);
    channel.send(1, Buffer.concat([encodeFrame(SmuxCommand.open, 3), encodeFrame(SmuxCommand.open, 5)]));
    for (const frame of [encodeData(3, data), encodeData(5, Buffer.from('five'))]) {
      for (let at = 0; at < frame.length; at += 1_024) channel.send(1, frame.subarray(at, at + 1_024));
    }
    const received = (id: number) =>
      Buffer.concat(
        framesOf(channel.bytes(1)).flatMap((frame) =>
          frame.streamId === id && frame.command === SmuxCommand.data ? [frame.payload] : [],
        ),
      );
    await channel.waitFor(() => received(3).length === data.length && received(5).length === 4, 'the echo');
    expect(createHash('sha256').update(received(3)).digest('hex')).toBe(
      createHash('sha256').update(data).digest('hex'),
    );
    expect(received(5).toString()).toBe('five');
    channel.send(1, encodeFrame(SmuxCommand.close, 5));
    await channel.waitFor(
      () =>
        framesOf(channel.bytes(1)).some(
          (frame) => frame.command === SmuxCommand.close && frame.streamId === 5,
        ),
      'the end of stream 5',
    );
    // The largest payload AWS's agent sends.
    expect(Math.max(...channel.received.map((message) => message.payload.length))).toBeLessThanOrEqual(1_024);
  });

  it('says that nothing listens, by a flag and the end of the stream, and the session goes on', async () => {
    const channel = await stage.open({
      document: 'AWS-StartPortForwardingSession',
      parameters: { portNumber: ['9999'] },
    });
    await channel.handshake();
    channel.send(1, encodeFrame(SmuxCommand.open, 3));
    await channel.waitFor(() => channel.bytes(10).equals(Buffer.from('00000003', 'hex')), 'the flag');
    await channel.waitFor(() => framesOf(channel.bytes(1)).length === 1, 'the end of the stream');
    expect(framesOf(channel.bytes(1))[0]).toMatchObject({ command: SmuxCommand.close, streamId: 3 });
    channel.send(10, Buffer.from('00000002', 'hex'));
    expect(await channel.closedBy).toBe('');
  });

  it('falls silent for a version of smux that is not 1', async () => {
    const channel = await openEcho();
    await channel.handshake();
    channel.send(1, Buffer.from('0200000003000000', 'hex'));
    channel.send(1, encodeFrame(SmuxCommand.open, 5));
    channel.send(1, encodeData(5, Buffer.from('anybody?')));
    await channel.waitFor(() => channel.acknowledgedNumbers().length === 4, 'acknowledgements');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(channel.bytes(1)).toHaveLength(0);
    channel.close();
  });

  it('never forwards to the instance metadata', async () => {
    const channel = await stage.open({
      document: remote,
      parameters: { host: ['169.254.169.254'], portNumber: ['80'] },
    });
    await channel.handshake();
    expect(await channel.closedBy).toContain('forbidden');
  });

  it('a client that reads nothing costs a bounded amount of memory', async () => {
    let offered = 0;
    const server = createServer((socket) => {
      const block = Buffer.alloc(65_536);
      const pour = () => {
        while (offered < 200 * 1024 * 1024) {
          offered += block.length;
          if (!socket.write(block)) return void socket.once('drain', pour);
        }
      };
      socket.on('error', () => {});
      pour();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    await stage.admin('ssm-destinations', { host: 'source.internal', port: 80, localPort: address.port });
    const channel = await stage.open({
      document: remote,
      parameters: { host: ['source.internal'], portNumber: ['80'] },
    });
    await channel.handshake();
    channel.acknowledging = false;
    channel.send(1, encodeFrame(SmuxCommand.open, 3));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    // The window, the queue, and what sockets of the system hold.
    expect(offered).toBeLessThan(24 * 1024 * 1024);
    channel.close();
    server.close();
  });
});

describe('port sessions of old agents and SSH', () => {
  it('are bare bytes of one connection, dialled again after the client hung up', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on('error', () => {});
      socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    await stage.admin('ssm-destinations', { host: 'localhost', port: 4_000, localPort: address.port });
    const channel = await stage.open({
      instance: 'legacy',
      document: 'AWS-StartPortForwardingSession',
      parameters: { portNumber: ['4000'] },
    });
    await channel.handshake();
    channel.send(1, 'one ');
    channel.nextNumber--;
    await channel.waitFor(() => {
      if (channel.acknowledgedNumbers().includes(1)) return true;
      channel.send(1, 'one ');
      channel.nextNumber--;
      return false;
    }, 'the first data taken');
    channel.nextNumber++;
    await channel.waitFor(() => channel.text() === 'ONE ', 'the answer');
    channel.send(10, Buffer.from('00000001', 'hex'));
    channel.send(1, 'two');
    await channel.waitFor(() => channel.text() === 'ONE TWO', 'the second answer');
    expect(connections).toBe(2);
    channel.close();
    server.close();
  });

  it('SSH without a server ends with a text; with one it ends with it', async () => {
    const refused = await stage.open({ document: 'AWS-StartSSHSession' });
    await refused.handshake();
    expect(await refused.closedBy).toContain('refused');
    const server = createServer((socket) => void socket.end('SSH-2.0-test\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    await stage.admin('ssm-destinations', { host: 'localhost', port: 22, localPort: address.port });
    const channel = await stage.open({ document: 'AWS-StartSSHSession' });
    await channel.handshake();
    expect(JSON.parse(channel.text(5)).RequestedClientActions[0].ActionParameters.Properties).toEqual({
      portNumber: '22',
    });
    expect(await channel.closedBy).toBe('');
    expect(channel.text()).toBe('SSH-2.0-test\r\n');
    server.close();
  });
});
