import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { listenForTunnel } from '../../src/ssm/listen-for-tunnel.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';
import { startEcho } from './tcp-target.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const to = { host: 'abc.internal', port: 443 };
const listen = (tunnelTo: () => Promise<Duplex>, timeUp?: ForgeError) =>
  listenForTunnel(
    { host, output: createOutput(host, { format: undefined, quiet: false, debug: false }) },
    { connect: tunnelTo, timeUp },
    to,
  );
const portOf = ({ local }: Awaited<ReturnType<typeof listen>>) => (local.kind === 'tcp' ? local.port : 0);

/** Connects, and waits until it is cut off. */
async function cutOff(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
}

it('carries what comes through the tunnel', async () => {
  await using echo = await startEcho();
  await using listener = await listen(async () => connect({ host: '127.0.0.1', port: echo.port }));
  const socket = connect({ host: '127.0.0.1', port: portOf(listener) });
  socket.write('hello');
  const [back] = (await once(socket, 'data')) as [Buffer];
  expect(back.toString()).toBe('hello');
  socket.destroy();
  expect(host.err()).toBe('');
});

it('says why it cuts a program off, and once where that goes on trying', async () => {
  await using listener = await listen(() => Promise.reject(new Error('the agent has gone.')));
  for (let tries = 0; tries < 5; tries++) await cutOff(portOf(listener));
  expect(host.err()).toMatch(/^[^\n]*A connection to abc\.internal:443 failed: the agent has gone\.\n$/);
});

it('after max_session it cuts off without a word: that was said', async () => {
  const timeUp = new ForgeError('time-up', 'It has lasted 20 min.', { code: 'SESSION_TIME_UP' });
  await using listener = await listen(() => Promise.reject(timeUp), timeUp);
  await cutOff(portOf(listener));
  expect(host.err()).toBe('');
});

it('is gone once it is disposed, with what it carried', async () => {
  await using echo = await startEcho();
  const listener = await listen(async () => connect({ host: '127.0.0.1', port: echo.port }));
  const port = portOf(listener);
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.write('x');
  await once(socket, 'data');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await listener[Symbol.asyncDispose]();
  await closed;
  const again = connect({ host: '127.0.0.1', port });
  const [error] = (await once(again, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});
