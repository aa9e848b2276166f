import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeReadOnly } from '../../../src/db/guard/probe-read-only.ts';
import type { OpenUpstream } from '../../../src/db/proxy/upstream.ts';
import { type PlainPostgres, startPlainPostgres } from '../../support/plain-postgres.ts';
import { stageUpstream } from '../proxy/proxy-stage.ts';

let postgres: PlainPostgres;
const never = new AbortController().signal;

beforeAll(async () => {
  postgres = await startPlainPostgres();
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
});

const withOptions = (options: string, opened: { destroyed: boolean }[] = []): OpenUpstream => {
  const open = stageUpstream(postgres.folder);
  return async (wishes, signal) => {
    const upstream = await open({ ...wishes, settings: new Map([['options', options]]) }, signal);
    opened.push(upstream.stream);
    return upstream;
  };
};

describe('a write that forge tries itself', () => {
  it('fails where the session is read-only, and the connection is closed', async () => {
    const opened: { destroyed: boolean }[] = [];
    await probeReadOnly(withOptions('-c default_transaction_read_only=on', opened), never);
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it('works where it is not, and then nobody is let in', async () => {
    await expect(probeReadOnly(withOptions('-c work_mem=4MB'), never)).rejects.toMatchObject({
      code: 'READ_ONLY_NOT_HELD',
      message: 'The session should be read-only and is not: a table could be made, and was rolled back.',
    });
    const found = postgres.psql('-At', '-c', "select count(*) from pg_class where relname ~ 'forge_tries'");
    expect(found.trim()).toBe('0');
  });

  it('is not deceived by a role that may not make tables', async () => {
    postgres.psql('-c', 'create role looker login; revoke temporary on database postgres from public');
    const open = withOptions('-c role=looker');
    await expect(probeReadOnly(open, never)).rejects.toMatchObject({
      code: 'READ_ONLY_NOT_HELD',
      message: expect.stringContaining('SQLSTATE 42501'),
    });
    await probeReadOnly(withOptions('-c role=looker -c default_transaction_read_only=on'), never);
  });

  it('is without an answer when the server goes away, or the person', async () => {
    const silent = () => {
      const stream = new PassThrough({ read: () => {}, write: (_chunk, _encoding, done) => done() });
      return { stream, greeting: Buffer.alloc(0), processId: 1, cancel: async () => {} };
    };
    const gone = silent();
    const left = probeReadOnly(async () => gone, never);
    setImmediate(() => gone.stream.destroy());
    await expect(left).rejects.toMatchObject({ code: 'READ_ONLY_UNKNOWN' });
    const stop = new AbortController();
    const waiting = probeReadOnly(async () => silent(), stop.signal);
    setImmediate(() => stop.abort('SIGINT'));
    await expect(waiting).rejects.toBe('SIGINT');
  });
});
