import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { type Listener, listen } from '../../src/ssm/listener.ts';
import { openMux } from '../../src/ssm/mux.ts';
import { serveSocks } from '../../src/ssm/socks-proxy.ts';
import { encodeReply, readGreeting, readRequest, SocksReply } from '../../src/ssm/socks5.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';
import { linkAgent } from './agent-double.ts';
import { startEcho } from './tcp-target.ts';

const request = (hex: string) => Buffer.from(`05010003${hex}`, 'hex');
const named = (name: string, port: number) => {
  const bytes = Buffer.from(name, 'latin1');
  return Buffer.concat([
    Buffer.from([5, 1, 0, 3, bytes.length]),
    bytes,
    Buffer.from([port >> 8, port & 0xff]),
  ]);
};

describe('what a SOCKS client says', () => {
  it.each([
    ['a name', named('db.internal', 5432), 'db.internal', 5432],
    ['an IPv4 address', Buffer.from('050100010a0003041538', 'hex'), '10.0.3.4', 5432],
    [
      'an IPv6 address',
      Buffer.from('05010004fd0000000000000000000000000000050050', 'hex'),
      'fd00:0:0:0:0:0:0:5',
      80,
    ],
    ['an IPv6 address as a name', named('fd00::5', 80), 'fd00::5', 80],
  ])('%s', (_, bytes, host, port) => {
    expect(readRequest(bytes)).toEqual({ kind: 'read', value: { host, port }, length: bytes.length });
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(readRequest(bytes.subarray(0, cut))).toEqual({ kind: 'more' });
    }
  });

  it.each([
    ['BIND', Buffer.from('050200010a0003041538', 'hex'), SocksReply.commandUnknown],
    ['UDP ASSOCIATE', Buffer.from('050300010a0003041538', 'hex'), SocksReply.commandUnknown],
    ['an unknown address type', Buffer.from('050100020a0003041538', 'hex'), SocksReply.addressUnknown],
    ['port 0', named('db', 0), SocksReply.forbidden],
    ['a name with a comma', named('db,evil', 80), SocksReply.forbidden],
    ['an empty name', request('000050'), SocksReply.forbidden],
    ['SOCKS 4', Buffer.from('04010050010203040000', 'hex'), SocksReply.failed],
  ])('not %s', (_, bytes, reply) => {
    expect(readRequest(bytes)).toEqual({ kind: 'bad', answer: encodeReply(reply) });
  });

  it('only clients that can do without authentication', () => {
    expect(readGreeting(Buffer.from([5, 2, 2, 0]))).toMatchObject({ kind: 'read', length: 4 });
    expect(readGreeting(Buffer.from([5, 1, 2]))).toEqual({ kind: 'bad', answer: Buffer.from([5, 0xff]) });
    expect(readGreeting(Buffer.from('GET / HTTP/1.1'))).toMatchObject({ kind: 'bad' });
    expect(readGreeting(Buffer.from([5]))).toEqual({ kind: 'more' });
  });

  it('anything is read, refused or waited for, and never for more than 262 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, plausible) => {
        const given = Buffer.from(plausible ? [5, 1, 0, ...bytes] : bytes);
        const read = readRequest(given);
        if (given.length >= 262) expect(read.kind).not.toBe('more');
        if (read.kind === 'read') expect(read.value.host).toMatch(/^[A-Za-z0-9._:-]+$/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the SOCKS port', () => {
  let host: TestHost;
  beforeEach(() => {
    host = createTestHost();
  });
  afterEach(() => host.dispose());

  function serve(
    connectTo: (host: string, port: number, signal: AbortSignal) => Promise<Duplex>,
  ): Promise<Listener> {
    const output = createOutput(host, { format: undefined, quiet: false, debug: false });
    const counters = { up: 0, down: 0, open: 0, total: 0 };
    return listen(host, {
      place: { kind: 'tcp', port: 0 },
      bindAll: false,
      onConnection: (socket) => void serveSocks({ host, output, counters }, socket, connectTo),
    });
  }
  const dial = ({ local }: Listener): Socket => {
    const socket = connect({ host: '127.0.0.1', port: local.kind === 'tcp' ? local.port : 0 });
    socket.on('error', () => {});
    return socket;
  };
  const received = async (socket: Socket, count: number): Promise<string> => {
    let bytes = Buffer.alloc(0);
    while (bytes.length < count) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      bytes = Buffer.concat([bytes, chunk]);
    }
    return bytes.toString('hex');
  };

  it('goes where the client says, and loses nothing that it sends along', async () => {
    await using echo = await startEcho();
    const mux = openMux(linkAgent(echo.port).channel, { destination: '', onBroken: () => {} });
    const asked: string[] = [];
    await using listener = await serve((name, port, signal) => {
      asked.push(`${name}:${port}`);
      return mux.connect(signal);
    });
    const socket = dial(listener);
    // All in one piece, as a client in a hurry may.
    socket.write(Buffer.concat([Buffer.from([5, 1, 0]), named('wiki.internal', 80), Buffer.from('hello')]));
    const expected = `0500${encodeReply(SocksReply.succeeded).toString('hex')}${Buffer.from('hello').toString('hex')}`;
    expect(await received(socket, expected.length / 2)).toBe(expected);
    expect(asked).toEqual(['wiki.internal:80']);
    socket.destroy();
  });

  it('byte by byte as well', async () => {
    await using echo = await startEcho();
    const mux = openMux(linkAgent(echo.port).channel, { destination: '', onBroken: () => {} });
    await using listener = await serve((_name, _port, signal) => mux.connect(signal));
    const socket = dial(listener);
    socket.setNoDelay(true);
    const answer = received(socket, 13);
    for (const byte of [5, 1, 0, ...named('x', 80), 0x0a]) {
      socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    expect((await answer).slice(-2)).toBe('0a');
    socket.destroy();
  });

  it.each([
    ['denied', SocksReply.forbidden],
    ['unreachable', SocksReply.networkUnreachable],
    ['failed', SocksReply.failed],
  ] as const)('a session that is %s is answered with %i', async (kind, reply) => {
    await using listener = await serve(() =>
      Promise.reject(new ForgeError(kind, 'It is not to be.', { code: 'X' })),
    );
    const socket = dial(listener);
    socket.write(Buffer.concat([Buffer.from([5, 1, 0]), named('db', 80)]));
    expect(await received(socket, 12)).toBe(`0500${encodeReply(reply).toString('hex')}`);
    await expect.poll(() => host.err()).toContain('A connection to db:80 failed: It is not to be.');
  });

  it('a browser that takes it for a web server is cut off', async () => {
    await using listener = await serve(() => Promise.reject(new Error('never')));
    const socket = dial(listener);
    socket.resume();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    expect(host.err()).toBe('');
  });
});
