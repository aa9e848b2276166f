import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { Tunnel } from '../../src/ssm/tunnel.ts';
import { createTunnelsByHost } from '../../src/ssm/tunnels-by-host.ts';

const { signal } = new AbortController();

function tunnels() {
  const seen = { opened: 0, ended: 0 };
  const byHost = createTunnelsByHost(async (): Promise<Tunnel> => {
    seen.opened++;
    return {
      active: 0,
      sessions: 1,
      health: [],
      connect: async () => new PassThrough(),
      [Symbol.asyncDispose]: async () => void seen.ended++,
    };
  });
  return { seen, byHost };
}

it('one for each host and port, ended with the port', async () => {
  const { seen, byHost } = tunnels();
  await byHost.connect('db.internal', 5432, signal);
  await byHost.connect('DB.internal', 5432, signal);
  await byHost.connect('db.internal', 5433, signal);
  expect(seen).toEqual({ opened: 2, ended: 0 });
  await byHost[Symbol.asyncDispose]();
  expect(seen).toEqual({ opened: 2, ended: 2 });
});

it('none is made for a request that comes as the port closes: nobody would end it', async () => {
  const { seen, byHost } = tunnels();
  await byHost[Symbol.asyncDispose]();
  await expect(byHost.connect('db.internal', 5432, signal)).rejects.toMatchObject({ code: 'TUNNEL_CLOSED' });
  expect(seen).toEqual({ opened: 0, ended: 0 });
});
