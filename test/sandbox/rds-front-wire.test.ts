import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestFronts, type TestFronts } from './fronts.ts';
import {
  gssRequest,
  nextChunk,
  open,
  passwordMessage,
  sslRequest,
  startupPacket,
  untilClosed,
  upgrade,
} from './raw-client.ts';

let fronts: TestFronts;
beforeAll(async () => {
  fronts = await startTestFronts();
});
afterAll(() => fronts[Symbol.asyncDispose]());

const dev = () => fronts.cluster('dev-shop');
const tls = () => ({ ca: fronts.fronts.authority, servername: dev().endpoint });
const login = () => startupPacket({ user: 'developer', database: 'shop_dev' });

async function encrypted() {
  const socket = await open(dev().port);
  socket.write(sslRequest);
  expect((await nextChunk(socket)).toString()).toBe('S');
  const secure = await upgrade(socket, tls());
  secure.on('error', () => {});
  return secure;
}

describe('the RDS front, spoken to by hand', () => {
  it('says no to GSS and goes on to TLS', async () => {
    const socket = await open(dev().port);
    socket.write(gssRequest);
    expect((await nextChunk(socket)).toString()).toBe('N');
    socket.write(sslRequest);
    expect((await nextChunk(socket)).toString()).toBe('S');
    socket.destroy();
  });

  it('takes no bytes sent along with the request for TLS', async () => {
    const socket = await open(dev().port);
    socket.write(Buffer.concat([sslRequest, login()]));
    expect((await untilClosed(socket)).toString()).toMatch(
      /C08P01\0Mreceived unencrypted data after SSL request/,
    );
  });

  it('asks for the password in clear text inside TLS, and for nothing else first', async () => {
    const secure = await encrypted();
    secure.write(login());
    expect((await nextChunk(secure)).toString('hex')).toBe('520000000800000003');
    secure.destroy();
  });

  it('lets a valid token in by hand as well, and gives a key', async () => {
    const secure = await encrypted();
    secure.write(login());
    await nextChunk(secure);
    secure.write(passwordMessage(fronts.token()));
    let said = Buffer.alloc(0);
    while (!/Z\0\0\0\x05I$/.test(said.toString('latin1')))
      said = Buffer.concat([said, await nextChunk(secure)]);
    expect(said.subarray(0, 9).toString('hex')).toBe('520000000800000000');
    expect(said.toString('latin1')).toMatch(/K\0\0\0\x0c/);
    secure.destroy();
  });

  it.each([
    ['another message', Buffer.from('510000000a73656c6563', 'hex')],
    ['an endless password', Buffer.from('70ffffffff', 'hex')],
    ['a password of 64 kB and more', Buffer.from('7000010005', 'hex')],
    ['a negative length', Buffer.from('7000000000', 'hex')],
  ])('closes on %s in place of a password', async (_, bytes) => {
    const secure = await encrypted();
    secure.write(login());
    await nextChunk(secure);
    secure.write(bytes);
    expect((await untilClosed(secure)).toString()).toMatch(/C08P01/);
  });

  it.each([
    ['a web browser', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a length of 4 GB', Buffer.from('ffffffff00030000', 'hex')],
    ['an unknown request', Buffer.from('0000000804d2ffff', 'hex')],
  ])('closes on %s', async (_, bytes) => {
    const socket = await open(dev().port);
    socket.write(bytes);
    expect((await untilClosed(socket)).length).toBeLessThan(80);
  });

  it('takes TLS without asking (PostgreSQL 17) when the client names the protocol, and not else', async () => {
    const direct = (ALPNProtocols: string[] | undefined) =>
      new Promise<string>((resolve) => {
        const secure = connectTls({
          ...tls(),
          host: '127.0.0.1',
          port: dev().port,
          ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
        });
        secure.on('error', () => {});
        secure.once('secureConnect', () => secure.write(login()));
        secure.once('data', (chunk: Buffer) => {
          secure.destroy();
          resolve(chunk.toString('latin1').charAt(0));
        });
        secure.once('close', () => resolve('closed'));
      });
    expect(await direct(['postgresql'])).toBe('R');
    expect(await direct(undefined)).toBe('closed');
    expect(await direct(['h2'])).toBe('closed');
  });

  it('without a name in TLS means the endpoint of the token', async () => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: dev().port,
      user: 'developer',
      database: 'shop_dev',
      password: fronts.token({ host: dev().readerEndpoint }),
      ssl: { ca: fronts.fronts.authority, checkServerIdentity: () => undefined },
    });
    await client.connect();
    const { rows } = await client.query('select pg_is_in_recovery() as standby');
    expect(rows).toEqual([{ standby: true }]);
    await client.end();
  });
});

describe('pg, unmodified, at the RDS front', () => {
  const options = () => ({
    host: '127.0.0.1',
    port: dev().port,
    user: 'developer',
    database: 'shop_dev',
    password: async () => fronts.token(),
    ssl: tls(),
  });

  it('queries with parameters, in a pool', async () => {
    const pool = new pg.Pool({ ...options(), max: 8 });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, id) => pool.query('select $1::int + 1 as next, current_user', [id])),
    );
    expect(answers.map((answer) => answer.rows[0].next)).toEqual(
      Array.from({ length: 40 }, (_, id) => id + 1),
    );
    await pool.end();
  });

  it('is told the SQLSTATE of a refusal', async () => {
    const client = new pg.Client({ ...options(), password: 'hunter2' });
    await expect(client.connect()).rejects.toMatchObject({
      code: '28000',
      message: 'PAM authentication failed for user "developer"',
    });
  });

  it('is one of a hundred at most; the others are told so', async () => {
    const clients = Array.from({ length: 104 }, () => new pg.Client(options()));
    for (const client of clients) client.on('error', () => {});
    const outcomes = await Promise.allSettled(clients.map((client) => client.connect()));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(4);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({
        reason: { code: '53300', message: 'sorry, too many clients already' },
      });
    }
    await Promise.all(
      clients.map((client, index) => outcomes[index]?.status === 'fulfilled' && client.end()),
    );
  });

  it('does not fill memory when it reads slowly', async () => {
    const secure = await encrypted();
    secure.write(login());
    await nextChunk(secure);
    secure.write(passwordMessage(fronts.token()));
    await nextChunk(secure);
    secure.pause();
    const sql = Buffer.from(`select repeat('x', 1000) from generate_series(1, 400000)\0`);
    const head = Buffer.alloc(5);
    head.write('Q');
    head.writeUInt32BE(sql.length + 4, 1);
    const before = process.memoryUsage().rss;
    secure.write(Buffer.concat([head, sql]));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
    secure.destroy();
  });
});
