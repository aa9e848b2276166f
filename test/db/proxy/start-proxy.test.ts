import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, describe as group, it } from 'vitest';
import { errorResponse, frame } from '../../../src/db/proxy/server-messages.ts';
import { UpstreamRefused } from '../../../src/db/proxy/upstream.ts';
import { psqlInstalled } from '../../support/plain-postgres.ts';
import { slowness } from '../../support/slowness.ts';
import { type ProxyStage, stageTarget, stageUpstream, startProxyStage } from './proxy-stage.ts';
import { errorField, query, RawClient, startup, typesOf } from './raw-client.ts';

let stage: ProxyStage;
let folder: string;
beforeAll(async () => {
  stage = await startProxyStage();
  folder = stage.proxy.endpoint.host;
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());

const socketOf = (of: string) => connect(`${of}/.s.PGSQL.5432`);
const settings = (host = folder) => ({ host, port: 5432, ...stageTarget, password: '' });

/** The error that ends a login. */
async function refusalOf(parameters: Record<string, string>, of = folder): Promise<string> {
  using client = new RawClient(socketOf(of));
  client.send(startup({ ...stageTarget, ...parameters }));
  await client.end();
  const error = client.messages.find(({ type }) => type === 'E');
  return ['S', 'C', 'M'].map((field) => errorField(error, field)).join(' ');
}

group('who is let in', () => {
  it('the socket is this person’s alone', () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(`${folder}/.s.PGSQL.5432`).mode & 0o777).toBe(0o600);
  });

  it('only the target’s user and database, and no settings that guard something', async () => {
    expect(await refusalOf({ user: 'postgres' })).toMatch(
      /^FATAL 28000 .*signed in as rdsadmin here, not as postgres/,
    );
    expect(await refusalOf({ database: 'other' })).toMatch(/^FATAL 3D000 .*not to other/);
    expect(await refusalOf({ replication: 'database' })).toMatch(/^FATAL 0A000/);
    expect(await refusalOf({ default_transaction_read_only: 'off' })).toMatch(/^FATAL 42501/);
    expect(await refusalOf({ options: '-c role=postgres' })).toMatch(/^FATAL 42501/);
    expect(await refusalOf({ options: '-crole=postgres' })).toMatch(/^FATAL 42501/);
    expect(await refusalOf({ options: '--session-authorization=postgres' })).toMatch(/^FATAL 42501/);
    expect(await refusalOf({ search_path: 'public, "aws_s3"' })).toMatch(/^FATAL 42501 .*aws_s3/);
    expect(await refusalOf({ options: '-d 5' })).toMatch(/^FATAL 42601/);
  });

  it('harmless settings arrive', async () => {
    using client = await RawClient.open(folder, {
      application_name: 'mine',
      DateStyle: 'German',
      options: '-c search_path=pg_catalog --work-mem=8MB -c application_name=less',
    });
    client.send(query('show datestyle; show search_path; show work_mem; show application_name'));
    const rows = (await client.until('Z')).filter(({ type }) => type === 'D');
    expect(rows.map(({ body }) => body.toString('latin1', 6))).toEqual([
      'German, DMY',
      'pg_catalog',
      '8MB',
      'mine',
    ]);
  });

  it('protocol 3.2 with a long key, later ones and unknown options negotiated, 2.0 refused', async () => {
    const keyLength = (client: RawClient) => client.messages.find(({ type }) => type === 'K')?.body.length;
    using newer = await RawClient.open(folder, {}, 0x30002);
    expect([typesOf(newer.messages)[0], keyLength(newer)]).toEqual(['R', 36]);
    using newest = await RawClient.open(folder, { '_pq_.nope': '1' }, 0x3270f);
    expect(newest.messages[0]?.body).toEqual(Buffer.from('\0\x03\0\x02\0\0\0\x01_pq_.nope\0', 'latin1'));
    using older = await RawClient.open(folder);
    expect(keyLength(older)).toBe(8);
    using oldest = new RawClient(socketOf(folder));
    oldest.send(startup(stageTarget, 0x20000));
    await oldest.end();
    expect(errorField(oldest.messages[0], 'C')).toBe('08P01');
  });

  it('encryption is answered with no, on the same connection', async () => {
    const socket = socketOf(folder);
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (chunk) => resolve(chunk.toString())),
    );
    socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    expect(await answer).toBe('N');
    using client = new RawClient(socket);
    client.send(startup(stageTarget));
    expect(typesOf(await client.until('Z'))).toMatch(/^RS+KZ$/);
  });

  it('what is no startup ends the connection', async () => {
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01',
      '\0\0\0\x04',
      '\0\0\0\x09\0\x03\0\0x',
    ]) {
      using client = new RawClient(socketOf(folder));
      client.send(Buffer.from(bytes, 'latin1'));
      await client.end();
      expect(typesOf(client.messages)).toBe('E');
    }
  });

  it('a port of 127.0.0.1 wants its password', async () => {
    const { endpoint } = await stage.start({ endpoint: { kind: 'tcp' } });
    if (endpoint.kind !== 'tcp') throw new Error('no port');
    const at = { host: endpoint.host, port: endpoint.port, ...stageTarget };
    const wrong = new pg.Client({ ...at, password: 'guess' });
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' });
    const none = new pg.Client({ ...at, password: '' });
    await expect(none.connect()).rejects.toMatchObject({ code: expect.stringMatching(/28P01|08P01/) });
    const right = new pg.Client({ ...at, password: endpoint.password.reveal() });
    await right.connect();
    expect((await right.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await right.end();
    await expect(stage.start({ endpoint: { kind: 'tcp', port: endpoint.port } })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
    });
  });

  it('the server’s refusal is the client’s, and another failure a sentence', async () => {
    const response = errorResponse('FATAL', { sqlState: '28000', message: 'no pg_hba.conf entry' });
    const refused = await stage.start({
      upstream: () => Promise.reject(new UpstreamRefused(response, 'no')),
    });
    expect(await refusalOf({}, refused.endpoint.host)).toBe('FATAL 28000 no pg_hba.conf entry');
    const failed = await stage.start({ upstream: () => Promise.reject(new Error('The VPN is off.')) });
    expect(await refusalOf({}, failed.endpoint.host)).toBe('FATAL 08001 The VPN is off.');
  });
});

group('programs', () => {
  it('a pool of pg, parallel, with notifications and errors', async () => {
    const pool = new pg.Pool({ ...settings(), max: 5 });
    const rows = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, index) => (await pool.query('select $1::int as n', [index])).rows[0].n,
      ),
    );
    expect(rows).toEqual(Array.from({ length: 40 }, (_, index) => index));
    const client = await pool.connect();
    const notified = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
    await client.query('listen here');
    await pool.query("notify here, 'hello'");
    expect(await notified).toBe('hello');
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    client.release();
    await pool.end();
    await expect.poll(() => stage.proxy.clients).toBe(0);
  });

  it.runIf(psqlInstalled)('psql: \\d, \\copy, \\watch, variables', async () => {
    const script = [
      'create temp table w (a int);',
      "\\copy w from program 'seq 3'",
      '\\d w',
      'select 1 as x \\gset',
      'select :x + sum(a) from w;',
      '\\copy w to stdout',
      'select nope;',
      'select 5 \\watch 0.01',
    ];
    const env = {
      ...process.env,
      PGHOST: folder,
      PGUSER: stageTarget.user,
      PGDATABASE: stageTarget.database,
    };
    const child = spawn('psql', ['-X', '-At'], { env, stdio: 'pipe' });
    child.stdin.end(`${script.join('\n')}\n`);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        text += chunk;
      });
    await expect.poll(() => text).toMatch(/\n5\n[\s\S]*\n5\n/);
    child.kill('SIGKILL');
    expect(text).toContain('a|integer|||\n7\n1\n2\n3\n');
    expect(text).toContain('column "nope" does not exist');
  });

  it.runIf(psqlInstalled)('psql: Ctrl-C stops what runs', async () => {
    const env = {
      ...process.env,
      PGHOST: folder,
      PGUSER: stageTarget.user,
      PGDATABASE: stageTarget.database,
    };
    const child = spawn('psql', ['-X', '-c', 'select pg_sleep(100)'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    await expect
      .poll(() => stage.watcher.statements.some(({ sql }) => sql.includes('pg_sleep(100)')))
      .toBe(true);
    const again = setInterval(() => child.kill('SIGINT'), 200);
    await new Promise((resolve) => child.on('close', resolve));
    clearInterval(again);
    expect(text).toContain('canceling statement due to user request');
  });

  it('a wrong key cancels nothing', async () => {
    using client = await RawClient.open(folder);
    const key = client.messages.find(({ type }) => type === 'K')?.body ?? Buffer.alloc(0);
    client.send(query('select pg_sleep(0.3)'));
    const cancel = async (body: Buffer) => {
      using other = new RawClient(socketOf(folder));
      const head = Buffer.from([0, 0, 0, 8 + body.length, 0x04, 0xd2, 0x16, 0x2e]);
      other.send(head, body);
      await other.end();
      expect(other.messages).toEqual([]);
    };
    const wrong = Buffer.from(key);
    wrong.writeUInt8(wrong.readUInt8(7) ^ 1, 7);
    await cancel(wrong);
    expect(typesOf(await client.until('Z'))).toBe('TDCZ');
    client.send(query('select pg_sleep(60)'));
    const answered = client.until('Z');
    while (!client.messages.some(({ type }) => type === 'E')) await cancel(key);
    expect(
      errorField(
        (await answered).find(({ type }) => type === 'E'),
        'C',
      ),
    ).toBe('57014');
  });
});

group('the end', () => {
  const reason = 'Your break-glass session has ended: mia revoked it.';

  async function ended(
    use: (client: RawClient) => Promise<void>,
  ): Promise<{ client: RawClient; took: number }> {
    const proxy = await stage.start();
    const client = await RawClient.open(proxy.endpoint.host);
    await use(client);
    const started = performance.now();
    await proxy.end(reason);
    const took = performance.now() - started;
    await client.end();
    return { client, took };
  }

  it.each<[string, (client: RawClient) => Promise<void>, boolean?]>([
    ['idle', async () => {}, true],
    [
      'in a statement, which is stopped',
      async (client) => {
        client.send(query("select 'long one', pg_sleep(60)"));
        using other = await RawClient.open(stage.direct);
        await expect
          .poll(async () => {
            other.send(
              query("select 1 from pg_stat_activity where query like '%long one%' and state = 'active'"),
            );
            return typesOf(await other.until('Z'));
          })
          .toContain('D');
      },
      true,
    ],
    [
      'in many rows',
      async (client) => {
        client.send(query('select repeat($$x$$, 3000) from generate_series(1, 100000)'));
        await client.until('D');
      },
      true,
    ],
    [
      'in a COPY',
      async (client) => {
        client.send(query('create temp table e (a int); copy e from stdin'));
        await client.until('G');
        client.send(frame('d', '1\n'));
      },
      true,
    ],
    [
      'not reading at all',
      async (client) => {
        client.send(query('select repeat($$x$$, 3000) from generate_series(1, 1000000)'));
        await client.until('D');
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 1_500);
      },
    ],
  ])('%s: 57P01 and a sentence, within a second', async (_what, use, told) => {
    const { client, took } = await ended(use);
    expect(took).toBeLessThan(1_000 * (await slowness()));
    const last = client.messages.at(-1);
    if (told === true)
      expect(['S', 'C', 'M'].map((field) => errorField(last, field))).toEqual(['FATAL', '57P01', reason]);
    using other = await RawClient.open(stage.direct);
    await expect
      .poll(async () => {
        other.send(
          query("select 1 from pg_stat_activity where query like '%long one%' and pid <> pg_backend_pid()"),
        );
        return typesOf(await other.until('Z'));
      })
      .not.toContain('D');
  });

  it('afterwards nobody is let in, what was under way has no known outcome, and nothing is left', async () => {
    const proxy = await stage.start();
    using client = await RawClient.open(proxy.endpoint.host);
    client.send(query('select 1, pg_sleep(61)'));
    await expect
      .poll(() => stage.watcher.statements.some(({ sql }) => sql.includes('pg_sleep(61)')))
      .toBe(true);
    await Promise.all([proxy.end(reason), proxy.end(reason)]);
    expect(stage.watcher.outcomes.at(-1)).toMatchObject({ end: expect.stringMatching(/lost|failed/) });
    await expect(RawClient.open(proxy.endpoint.host).then(({ closed }) => closed)).resolves.toBe(true);
    expect(() => statSync(proxy.endpoint.host)).toThrow('ENOENT');
  });

  it('ends while a client logs in, and when its signal is aborted', async () => {
    const stop = new AbortController();
    let opened = () => {};
    const opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const proxy = await stage.start({
      signal: stop.signal,
      upstream: (_wishes, signal) => {
        opened();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    using client = new RawClient(socketOf(proxy.endpoint.host));
    client.send(startup(stageTarget));
    await opening;
    stop.abort('SIGINT');
    await client.end();
    expect(errorField(client.messages.at(-1), 'C')).toBe('57P01');
  });

  it.each([
    [20, '08006'],
    [60_000, '57P01'],
  ])(
    'a server that is gone because access has ended says that, where it is known within %d ms',
    async (patience, code) => {
      const upstream = stageUpstream(stage.direct);
      let cut = () => {};
      const proxy = await stage.start({
        lossPatienceMs: patience,
        upstream: async (...asked) => {
          const opened = await upstream(...asked);
          cut = () => opened.stream.destroy();
          return opened;
        },
      });
      using client = await RawClient.open(proxy.endpoint.host);
      cut();
      // Nothing is sent into a connection that is not there, nor is it an error of its own.
      client.send(query('select 1'));
      if (code === '08006') await client.end();
      await proxy.end('your time is up');
      await client.end();
      expect(errorField(client.messages.at(-1), 'C')).toBe(code);
    },
  );

  it('a server that is gone is explained; one that says goodbye is not', async () => {
    const upstream = stageUpstream(stage.direct);
    let cut = () => {};
    const proxy = await stage.start({
      upstream: async (...asked) => {
        const opened = await upstream(...asked);
        cut = () => opened.stream.destroy();
        return opened;
      },
    });
    using first = await RawClient.open(proxy.endpoint.host);
    cut();
    await first.end();
    expect(errorField(first.messages.at(-1), 'C')).toBe('08006');
    using second = await RawClient.open(proxy.endpoint.host);
    second.send(query('select pg_terminate_backend(pg_backend_pid())'));
    await second.end();
    expect(errorField(second.messages.at(-1), 'M')).toBe(
      'terminating connection due to administrator command',
    );
  });
});
