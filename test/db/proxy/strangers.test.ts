import { connect } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { slowness } from '../../support/slowness.ts';
import { type ProxyStage, stageTarget, startProxyStage } from './proxy-stage.ts';

let stage: ProxyStage;
beforeAll(async () => {
  stage = await startProxyStage();
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());

it('two hundred who connect and say nothing keep nobody out who has the password', async () => {
  const { endpoint } = await stage.start({ endpoint: { kind: 'tcp' } });
  if (endpoint.kind !== 'tcp') throw new Error('no port');
  const { host, port, password } = endpoint;
  const early = new pg.Client({ host, port, ...stageTarget, password: password.reveal() });
  await early.connect();
  const silent = await Promise.all(
    Array.from(
      { length: 200 },
      () =>
        new Promise<ReturnType<typeof connect>>((resolve) => {
          const socket = connect(port, host, () => resolve(socket));
          socket.on('error', () => {});
        }),
    ),
  );
  const before = performance.now();
  const late = new pg.Client({ host, port, ...stageTarget, password: password.reveal() });
  await late.connect();
  const took = performance.now() - before;
  expect(took).toBeLessThan(1_000 * (await slowness()));
  for (const client of [early, late]) {
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  }
  for (const socket of silent) socket.destroy();
});
