import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chainProblem } from '../../../src/audit/verify-statements.ts';
import { bundleScript } from '../../support/bundle-script.ts';
import { startPlainPostgres } from '../../support/plain-postgres.ts';
import { createTestHost } from '../../support/test-host.ts';
import { bind, execute, parse, query, RawClient, sync } from './raw-client.ts';

/** A forge that can be killed: the proxy in a process of its own, with its stream. */
const worker = new URL('../../../bench/db-proxy-worker.ts', import.meta.url).pathname;

it('killed at any moment, nothing has run that is not recorded, and the seals hold', async () => {
  await using postgres = await startPlainPostgres();
  const host = createTestHost();
  const script = await bundleScript(worker, host.directories.temporary);
  using direct = await RawClient.open(postgres.folder);
  direct.send(query('create table ran (n int)'));
  await direct.until('Z');
  let next = 0;
  for (let round = 0; round < 6; round++) {
    // What the disk has not yet, the system has: a kill of forge takes neither.
    const child = fork(script, [round % 2 === 0 ? 'durable' : 'written', `${postgres.folder}/.s.PGSQL.5432`]);
    const [{ host: at, root }] = (await once(child, 'message')) as [{ host: string; root: string }];
    const clients = await Promise.all([RawClient.open(at), RawClient.open(at), RawClient.open(at)]);
    const first = next;
    // Simple, prepared, many in one chunk; killed after as many answers as this round says.
    const busy = clients.map(async (client, index) => {
      while (!client.closed) {
        const inserts = Array.from(
          { length: index === 0 ? 1 : 20 },
          () => `insert into ran values (${next++})`,
        );
        if (index === 0) client.send(query(inserts[0] ?? ''));
        else client.send(...inserts.flatMap((sql) => [parse(sql), bind(), execute(), sync]));
        await client.until('Z'.repeat(inserts.length));
        if (next - first > 100 + round * 37) child.kill('SIGKILL');
      }
    });
    await Promise.all(busy);
    const text = readFileSync(join(root, '.local/state/forge/streams/bench/statements-bench.jsonl'), 'utf8');
    const lines = text.split('\n').slice(0, -1);
    expect(chainProblem(lines, undefined)).toBeUndefined();
    const recorded = new Set<number>();
    for (const line of lines) {
      const number = /\((\d+)\)/.exec(String(JSON.parse(line).sql))?.[1];
      if (number !== undefined) recorded.add(Number(number));
    }
    // What was sent may still be running: the server ends with its connections.
    await expect
      .poll(async () => {
        direct.send(
          query(
            "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
          ),
        );
        return (await direct.until('Z')).some(({ type }) => type === 'D');
      })
      .toBe(false);
    direct.send(query(`select n from ran where n >= ${first}`));
    const ran = (await direct.until('Z'))
      .filter(({ type }) => type === 'D')
      .map(({ body }) => Number(body.subarray(6)));
    expect(ran.length).toBeGreaterThan(50);
    expect(ran.filter((number) => !recorded.has(number))).toEqual([]);
    rmSync(root, { recursive: true, force: true });
  }
  host.dispose();
});
