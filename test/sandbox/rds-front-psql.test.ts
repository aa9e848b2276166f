import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { hasProgram } from '../support/programs.ts';
import { startTestFronts, type TestFronts } from './fronts.ts';

let fronts: TestFronts;
beforeAll(async () => {
  fronts = await startTestFronts();
});
afterAll(() => fronts[Symbol.asyncDispose]());

interface PsqlOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly interruptAfter?: number;
}

function psql(args: readonly string[], options: PsqlOptions = {}) {
  const dev = fronts.cluster('dev-shop');
  const child = spawn('psql', ['-X', '-A', '-t', '-q', '-w', ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: fronts.host.directories.home,
      PGHOST: dev.endpoint,
      PGHOSTADDR: '127.0.0.1',
      PGPORT: String(dev.port),
      PGUSER: 'developer',
      PGDATABASE: 'shop_dev',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: fronts.caFile,
      PGPASSWORD: fronts.token(),
      ...options.env,
    },
  });
  if (options.interruptAfter !== undefined) setTimeout(() => child.kill('SIGINT'), options.interruptAfter);
  child.stdin.end(options.stdin ?? '');
  const out: Buffer[] = [];
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise<{ code: number | null; out: Buffer; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err }));
  });
}

describe.skipIf(!hasProgram('psql', 'the RDS front with the real psql'))(
  'psql, unmodified, at the RDS front',
  () => {
    it('is let in with a valid token over verified TLS', async () => {
      const { code, out, err } = await psql(['-c', 'select current_user, count(*) from orders']);
      expect({ code, out: out.toString(), err }).toEqual({ code: 0, out: 'developer|3000\n', err: '' });
    });

    it('sends back 50 MB whole', async () => {
      const started = performance.now();
      const { code, out } = await psql(['-c', `select repeat('x', 1000) from generate_series(1, 50000)`]);
      expect(code).toBe(0);
      expect(out.length).toBe(50_000 * 1001);
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    it('copies in and out', async () => {
      const rows = Array.from({ length: 20_000 }, (_, index) => `${index}\tvalue ${index}`).join('\n');
      const copied = await psql(
        [
          '-c',
          'create table copied (id integer, text text)',
          '-c',
          '\\copy copied from stdin',
          '-c',
          'copy copied to stdout',
        ],
        { stdin: `${rows}\n\\.\n` },
      );
      expect(copied.err).toBe('');
      expect(copied.out.toString()).toBe(`${rows}\n`);
    });

    it('cancels on Ctrl-C, on the server too', async () => {
      const started = performance.now();
      const { code, err } = await psql(['-c', `select pg_sleep(30), 'the one to cancel'`], {
        interruptAfter: 700,
      });
      expect(code).not.toBe(0);
      expect(err).toMatch(/canceling statement due to user request/);
      expect(performance.now() - started).toBeLessThan(10_000);
      const { rows } = await fronts.postgres.admin.query(
        `select count(*)::int as running from pg_stat_activity where query like '%the one to cancel%' and state = 'active' and pid <> pg_backend_pid()`,
      );
      expect(rows).toEqual([{ running: 0 }]);
    });

    it('reads at the reader, which refuses to write', async () => {
      const dev = fronts.cluster('dev-shop');
      const env = { PGHOST: dev.readerEndpoint, PGPASSWORD: fronts.token({ host: dev.readerEndpoint }) };
      const read = await psql(['-c', 'select pg_is_in_recovery(), count(*) from customers'], { env });
      expect(read.out.toString()).toBe('t|600\n');
      const write = await psql(['-v', 'VERBOSITY=verbose', '-c', 'delete from payments'], { env });
      expect(write.err).toMatch(/25006.*cannot execute DELETE in a read-only transaction/);
    });

    it('takes the name of an instance as well', async () => {
      const instance = fronts.cluster('dev-shop').instances.find((entry) => !entry.writer)?.endpoint ?? '';
      const env = { PGHOST: instance, PGPASSWORD: fronts.token({ host: instance }) };
      expect((await psql(['-c', 'select pg_is_in_recovery()'], { env })).out.toString()).toBe('t\n');
    });

    it('refuses another authority, another name, and no TLS', async () => {
      const other = join(fronts.host.directories.temporary, 'other-ca.pem');
      writeFileSync(other, createCertificateAuthority('somebody else', Date.now()).certificate);
      expect((await psql(['-c', 'select 1'], { env: { PGSSLROOTCERT: other } })).err).toMatch(
        /certificate verify failed/,
      );
      const qa = fronts.cluster('qa-shop').endpoint;
      expect((await psql(['-c', 'select 1'], { env: { PGHOST: qa } })).err).toMatch(
        /does not match host name/,
      );
      const bare = await psql(['-c', 'select 1'], { env: { PGSSLMODE: 'disable' } });
      expect(bare.code).toBe(2);
      expect(bare.err).toMatch(
        /FATAL: {2}no pg_hba\.conf entry for host "127\.0\.0\.1", user "developer", database "shop_dev", no encryption/,
      );
    });

    const refusals: readonly (readonly [string, () => Readonly<Record<string, string>>, RegExp, RegExp])[] = [
      [
        'an old token',
        () => ({ PGPASSWORD: fronts.token({ now: Date.now() - 16 * 60_000 }) }),
        /PAM authentication failed for user "developer"/,
        /expired/i,
      ],
      [
        'a token for the reader at the writer',
        () => ({ PGPASSWORD: fronts.token({ host: fronts.cluster('dev-shop').readerEndpoint }) }),
        /PAM authentication failed/,
        /another endpoint/,
      ],
      [
        'a token for another port',
        () => ({ PGPASSWORD: fronts.token({ port: 5432 }) }),
        /PAM authentication failed/,
        /another endpoint or port/,
      ],
      [
        'a token for another user',
        () => ({ PGUSER: 'forge_rw' }),
        /PAM authentication failed for user "forge_rw"/,
        /another database user/,
      ],
      [
        'a user that IAM does not allow',
        () => ({
          PGUSER: 'forge_rw',
          PGPASSWORD: fronts.token({
            user: 'forge_rw',
            keys: fronts.keysOf('111111111111', 'readonly-rds-access'),
          }),
        }),
        /PAM authentication failed for user "forge_rw"/,
        /not authorized to perform: rds-db:connect/,
      ],
      [
        'credentials of another account',
        () => ({
          PGUSER: 'forge_ro',
          PGPASSWORD: fronts.token({
            user: 'forge_ro',
            keys: fronts.keysOf('222222222222', 'readonly-rds-access'),
          }),
        }),
        /PAM authentication failed/,
        /./,
      ],
      [
        'a token with one letter changed',
        () => ({ PGPASSWORD: fronts.token().replace(/.$/, (letter) => (letter === '0' ? '1' : '0')) }),
        /PAM authentication failed/,
        /signature/i,
      ],
      [
        'a user without rds_iam',
        () => ({ PGUSER: 'noiam', PGPASSWORD: fronts.token({ user: 'noiam' }) }),
        /password authentication failed for user "noiam"/,
        /not a member of rds_iam/,
      ],
      [
        'a user that does not exist',
        () => ({ PGUSER: 'nobody', PGPASSWORD: fronts.token({ user: 'nobody' }) }),
        /password authentication failed for user "nobody"/,
        /does not exist/,
      ],
      [
        'the owner of the server',
        () => ({ PGUSER: 'rdsadmin', PGPASSWORD: fronts.token({ user: 'rdsadmin' }) }),
        /password authentication failed for user "rdsadmin"/,
        /does not exist/,
      ],
      [
        "another cluster's database",
        () => ({ PGDATABASE: 'cash' }),
        /database "cash" does not exist/,
        /does not exist/,
      ],
    ];
    it.each(refusals)('refuses %s, and tells why in its own log only', async (_, env, said, reason) => {
      const { code, err } = await psql(['-c', 'select 1'], { env: env() });
      expect(code).toBe(2);
      expect(err).toMatch(said);
      expect(fronts.lastReason()).toMatch(reason);
    });

    it('refuses a token once the credentials that signed it have ended', async () => {
      const keys = fronts.keysOf('111111111111', 'developer-rds-access', 1);
      const token = fronts.token({ keys });
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      const { err } = await psql(['-c', 'select 1'], { env: { PGPASSWORD: token } });
      expect(err).toMatch(/PAM authentication failed/);
    });

    it('sees rds_iam as it is in the server, at once', async () => {
      const { admin } = fronts.postgres;
      await admin.query('revoke rds_iam from forge_rw');
      try {
        const env = { PGUSER: 'forge_rw', PGPASSWORD: fronts.token({ user: 'forge_rw' }) };
        expect((await psql(['-c', 'select 1'], { env })).err).toMatch(/password authentication failed/);
      } finally {
        await admin.query('grant rds_iam to forge_rw');
      }
    });

    it('forge_ro may read and not write, in the writer too', async () => {
      const env = { PGUSER: 'forge_ro', PGPASSWORD: fronts.token({ user: 'forge_ro' }) };
      const { err } = await psql(
        [
          '-v',
          'VERBOSITY=verbose',
          '-c',
          'delete from orders',
          '-c',
          'set role rdsadmin',
          '-c',
          `copy orders to program 'true'`,
        ],
        { env },
      );
      expect(err.match(/42501/g)).toHaveLength(3);
    });

    it('a connection that says nothing is cut after five seconds', async () => {
      const started = performance.now();
      await new Promise<void>((resolve) => {
        const socket = connect(fronts.cluster('dev-shop').port, '127.0.0.1');
        socket.on('close', () => resolve());
        socket.on('error', () => {});
      });
      const waited = performance.now() - started;
      expect(waited).toBeGreaterThan(4_000);
      expect(waited).toBeLessThan(9_000);
    });
  },
);
