import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Secret } from '../../src/lib/secret.ts';
import { openWebSocket } from '../../src/ssm/web-socket.ts';

const second = 1_000;
let server: WebSocketServer;
beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
});
afterEach(() => {
  vi.useRealTimers();
  for (const client of server.clients) client.terminate();
  server.close();
});

/** What is on its way through the loopback arrives; the clock stands. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A socket as forge opens it by default, on a clock that only the test moves. */
async function open() {
  const accepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let closed: string | undefined;
  const { port } = server.address() as AddressInfo;
  const socket = await openWebSocket(
    { env: {} },
    new Secret(`ws://127.0.0.1:${port}/`),
    {
      onMessage: () => {},
      onClose: (why) => {
        closed = why;
      },
      onDrain: () => {},
    },
    new AbortController().signal,
  );
  const peer = await accepted;
  let now = 0;
  return {
    socket,
    peer,
    closed: () => closed,
    /** Until so many seconds have passed since it was opened, or it has ended; when that was. */
    async until(end: number): Promise<number> {
      for (await settle(); now < end && closed === undefined; now++) {
        vi.advanceTimersByTime(second);
        await settle();
      }
      return now;
    },
  };
}

describe('a peer', () => {
  // Before and after a ping, before and after it is looked at, and in the second round.
  it.each([0, 1, 24, 26, 29, 31, 54, 56, 61])(
    'that falls silent after %i s is noticed within 90 s',
    async (silentAfter) => {
      const { peer, until, closed } = await open();
      await until(silentAfter);
      expect(closed()).toBeUndefined();
      // Frozen: TCP stands, nothing is read or answered.
      peer.pause();
      const noticed = await until(silentAfter + 200);
      expect(closed()).toBe('silent');
      expect(noticed - silentAfter).toBeLessThanOrEqual(90);
    },
  );

  it('that only answers pings is kept, as long as it does', async () => {
    const { until, closed } = await open();
    await until(600);
    expect(closed()).toBeUndefined();
  });

  it('is not taken for silent while forge itself reads nothing', async () => {
    const { socket, until, closed } = await open();
    socket.pause();
    await until(600);
    expect(closed()).toBeUndefined();
    socket.resume();
    await until(900);
    expect(closed()).toBeUndefined();
  });
});
