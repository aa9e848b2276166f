import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalPlace } from '../../src/config/forward-spec.ts';
import { ForgeError } from '../../src/errors.ts';
import { type Listener, listen } from '../../src/ssm/listener.ts';
import { openMux } from '../../src/ssm/mux.ts';
import { carry, type ForwardCounters } from '../../src/ssm/port-forward.ts';
import { fromLsof, listeningInodes } from '../../src/ssm/port-holder.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';
import { linkAgent } from './agent-double.ts';
import { digestOf, freePort, readBytes, startEcho, startTarget } from './tcp-target.ts';

let host: TestHost;
let counters: ForwardCounters;
beforeEach(() => {
  host = createTestHost();
  counters = { up: 0, down: 0, open: 0, total: 0 };
});
afterEach(() => host.dispose());

const anyPort: LocalPlace = { kind: 'tcp', port: 0 };

/** A listener whose connections go over an agent to a port. */
async function forwardTo(port: number, place: LocalPlace = anyPort): Promise<Listener> {
  const mux = openMux(linkAgent(port).channel, { destination: 'target', onBroken: () => {} });
  const output = createOutput(host, { format: undefined, quiet: false, debug: false });
  return listen(host, {
    place,
    bindAll: false,
    onConnection: (socket) =>
      void carry({ host, output, counters }, socket, 'db.internal:5432', (signal) => mux.connect(signal)),
  });
}

function dial({ local }: Listener, options: { readonly allowHalfOpen?: boolean } = {}): Socket {
  const socket = connect({
    ...(local.kind === 'tcp' ? { host: local.host, port: local.port } : { path: local.path }),
    ...options,
  });
  socket.on('error', () => {});
  return socket;
}

const closing = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

describe('a forwarded port', () => {
  it('64 connections at once, every byte of each', async () => {
    await using echo = await startEcho();
    await using listener = await forwardTo(echo.port);
    await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const data = randomBytes(20_000 + index * 1500);
        const socket = dial(listener);
        const back = readBytes(socket, data.length);
        socket.write(data);
        expect(digestOf(await back)).toBe(digestOf(data));
        socket.destroy();
      }),
    );
    expect(counters.total).toBe(64);
    expect(counters.up).toBe(counters.down);
  });

  it.each([['0a'], ['0d'], ['03'], ['00'], ['0d0a']])('the bytes %s stay what they are', async (hex) => {
    await using echo = await startEcho();
    await using listener = await forwardTo(echo.port);
    const socket = dial(listener);
    const bytes = Buffer.from(hex, 'hex');
    const back = readBytes(socket, bytes.length);
    socket.write(bytes);
    expect((await back).toString('hex')).toBe(hex);
    socket.destroy();
  });

  it('what the server sent before it closed arrives in full, and then the end', async () => {
    const data = randomBytes(3_000_000);
    await using target = await startTarget((socket) => socket.end(data));
    await using listener = await forwardTo(target.port);
    const socket = dial(listener);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      // A reader that is slower than the sender.
      if (chunks.length % 20 === 0) await sleep(1);
    }
    expect(digestOf(...chunks)).toBe(digestOf(data));
  });

  it('an answer after the client’s half-close arrives', async () => {
    await using target = await startTarget((socket) => {
      socket.resume();
      setTimeout(() => socket.end('late'), 200);
    });
    await using listener = await forwardTo(target.port);
    const socket = dial(listener, { allowHalfOpen: true });
    socket.end('question');
    expect((await readBytes(socket, 4)).toString()).toBe('late');
  });

  it('a client that cuts off is noticed: the server’s connection ends at once', async () => {
    await using target = await startTarget((socket) => socket.resume().on('end', () => socket.end()));
    await using listener = await forwardTo(target.port);
    const socket = dial(listener);
    socket.write('x');
    await expect.poll(() => target.sockets.size).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => target.sockets.size, { timeout: 2_000 }).toBe(0);
    await expect.poll(() => counters.open).toBe(0);
  });

  it('a server that refuses is named once, the client is cut off, and the port stays open', async () => {
    await using listener = await forwardTo(await freePort());
    for (let round = 0; round < 3; round++) {
      await closing(dial(listener));
    }
    expect(host.err().match(/can't connect to db\.internal:5432/g)).toHaveLength(1);
  });

  it('a session that can’t be started is told with what to do', async () => {
    const output = createOutput(host, { format: undefined, quiet: false, debug: false });
    const denied = new ForgeError('denied', 'Nobody may.', { code: 'X', hint: 'Ask.' });
    await using listener = await listen(host, {
      place: anyPort,
      bindAll: false,
      onConnection: (socket) =>
        void carry({ host, output, counters }, socket, 'db', () => Promise.reject(denied)),
    });
    await closing(dial(listener));
    await expect.poll(() => host.err()).toContain('A connection to db failed: Nobody may. Ask.');
  });
});

describe('listening', () => {
  it('a port in use is refused, and who has it is named', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const refused = await forwardTo(1, { kind: 'tcp', port }).then(
      () => undefined,
      (error: unknown) => error as ForgeError,
    );
    server.close();
    expect(refused).toMatchObject({ code: 'PORT_IN_USE', exitCode: 1 });
    expect(refused?.hint).toContain('0 takes any that is free');
    if (process.platform === 'linux') expect(refused?.message).toContain(`process ${process.pid}`);
  });

  it('only on loopback', async () => {
    await using listener = await forwardTo(1);
    expect(listener.local).toMatchObject({ host: '127.0.0.1' });
  });

  it.skipIf(process.platform === 'win32')('a unix socket is the person’s own', async () => {
    await using echo = await startEcho();
    const path = join(host.directories.home, 'sockets', 'pg.sock');
    await using listener = await forwardTo(echo.port, { kind: 'unix', path });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    const socket = dial(listener);
    const back = readBytes(socket, 1);
    socket.write('\n');
    expect((await back).toString()).toBe('\n');
    socket.destroy();
    await expect(forwardTo(1, { kind: 'unix', path })).rejects.toMatchObject({ code: 'SOCKET_IN_USE' });
  });

  it.skipIf(process.platform === 'win32')('a socket that a killed run left is taken over', async () => {
    const path = join(host.directories.home, 'left.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(host.spawn(process.execPath, ['-e', script]), 'exit');
    expect((await stat(path)).isSocket()).toBe(true);
    await using echo = await startEcho();
    await using _listener = await forwardTo(echo.port, { kind: 'unix', path });
  });

  it.skipIf(process.platform === 'win32')('of several that find it at once, one takes it over', async () => {
    const path = join(host.directories.home, 'left.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(host.spawn(process.execPath, ['-e', script]), 'exit');
    await using echo = await startEcho();
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, () => forwardTo(echo.port, { kind: 'unix', path })),
    );
    const won = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect([won.length, refused]).toEqual([1, Array(7).fill('SOCKET_IN_USE')]);
    const [listener] = won;
    if (listener === undefined) throw new Error('nobody won');
    const socket = dial(listener);
    const back = readBytes(socket, 1);
    socket.write('\n');
    expect((await back).toString()).toBe('\n');
    socket.destroy();
    await listener[Symbol.asyncDispose]();
  });

  it.skipIf(process.platform === 'win32')('is for the person alone from its first moment', async () => {
    const path = join(host.directories.home, 'own.sock');
    const modes: number[] = [];
    const { ownOnly } = host;
    const watched: TestHost = {
      ...host,
      ownOnly: (make) =>
        ownOnly(() => {
          const made = make();
          modes.push(statSync(path).mode & 0o777);
          return made;
        }),
    };
    const before = process.umask();
    await using _listener = await listen(watched, {
      place: { kind: 'unix', path },
      bindAll: false,
      onConnection: () => {},
    });
    expect([modes, process.umask()]).toEqual([[0o600], before]);
  });

  it.skipIf(process.platform === 'win32')('not in a folder that others can write to', async () => {
    const folder = join(host.directories.home, 'open');
    await mkdir(folder);
    await chmod(folder, 0o777);
    const path = join(folder, 's.sock');
    await expect(forwardTo(1, { kind: 'unix', path })).rejects.toMatchObject({ code: 'UNSAFE_FOLDER' });
  });

  it('reads who listens from the system’s tables', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1
   1: 0100007F:1538 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 99 1`;
    expect(listeningInodes(table, 5432)).toEqual(['12345']);
    expect(listeningInodes(table, 80)).toEqual([]);
    expect(fromLsof('p4711\ncpostgres\n')).toBe('postgres (process 4711)');
    expect(fromLsof('')).toBeUndefined();
  });
});
