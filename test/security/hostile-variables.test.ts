import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** Variables of PostgreSQL, AWS and Node that lie around in a shell (or were put there) and would lead a token elsewhere. */
const hasPsql = spawnSync('psql', ['--version']).status === 0;
let sandbox: TestSandbox;
let attacker: { readonly port: number; readonly seen: () => string; close(): void };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
  attacker = await listen();
});
afterAll(async () => {
  attacker?.close();
  await sandbox?.[Symbol.asyncDispose]();
});

/** Takes whatever comes and answers as a PostgreSQL without TLS that wants the password in the clear. */
async function listen() {
  let seen = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      if (chunk.length === 8) socket.write('N');
      else socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, seen: () => seen, close: () => server.close() };
}

function hostileVariables(home: string): Record<string, string> {
  const folder = join(home, 'hostile');
  mkdirSync(folder, { recursive: true });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const { port } = attacker;
  return {
    PGHOST: '127.0.0.1',
    PGHOSTADDR: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'attacker',
    PGDATABASE: `host=127.0.0.1 port=${port} sslmode=disable`,
    PGPASSWORD: 'wrong',
    PGPASSFILE: file('pgpass', `*:*:*:*:wrong\n`),
    PGSERVICE: 'evil',
    PGSERVICEFILE: file('service', `[evil]\nhost=127.0.0.1\nport=${port}\nsslmode=disable\n`),
    PGSYSCONFDIR: folder,
    PGSSLMODE: 'disable',
    PGSSLROOTCERT: file('ca', ''),
    PGSSLNEGOTIATION: 'direct',
    PGGSSENCMODE: 'prefer',
    PGREQUIREAUTH: 'none',
    PGOPTIONS: '-c default_transaction_read_only=off -c statement_timeout=0',
    PGREQUIRESSL: '0',
    PGTARGETSESSIONATTRS: 'standby',
    PGLOADBALANCEHOSTS: 'random',
    SSLKEYLOGFILE: join(folder, 'keylog'),
  };
}

const question = "select current_user || '@' || current_database()";

describe.each(['builtin', ...(hasPsql ? ['psql'] : [])])('with %s', (client) => {
  it('PG* variables lead neither the connection nor the token anywhere else', async () => {
    const home = sandbox.state.people.find(({ nickname }) => nickname === 'dana')?.home ?? '';
    const env = hostileVariables(home);
    const run = await sandbox.forge(['db', 'connect', 'dev', '--client', client], {
      env,
      stdin: `${question};\n`,
    });
    expect(run.stderr).not.toContain('Error');
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('developer@shop_dev');
    expect(run.stdout).not.toContain('attacker');
    expect(attacker.seen()).toBe('');
    expect(readdirSync(join(home, 'hostile'))).not.toContain('keylog');
  });
});

it('query and token take nothing from them either', async () => {
  const home = sandbox.state.people.find(({ nickname }) => nickname === 'dana')?.home ?? '';
  const env = hostileVariables(home);
  const run = await sandbox.forge(['db', 'query', 'dev', question], { env });
  expect(run.stderr).not.toContain('Error');
  expect(run.stdout).toContain('developer@shop_dev');
  const token = await sandbox.forge(['db', 'token', 'dev'], { env });
  expect(token.stdout).toMatch(/^dev-shop\.cluster-\w+\.us-east-1\.rds\.amazonaws\.com:\d+\/\?/);
  expect(attacker.seen()).toBe('');
});

it.each([
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ['AWS_ENDPOINT_URL_SSO', 'http://192.0.2.1'],
  ['AWS_ENDPOINT_URL_STS', 'ftp://127.0.0.1'],
  ['AWS_ENDPOINT_URL_STS', 'https://user:password@127.0.0.1'],
  ['AWS_ENDPOINT_URL_STS', 'http://127.0.0.1.evil.example'],
  ['AWS_ENDPOINT_URL_STS', 'http://[::ffff:192.0.2.1]'],
])('%s=%s ends the command before a token is sent', async (name, value) => {
  const run = await sandbox.forge(['whoami', '--env', 'dev', '--refresh'], { env: { [name]: value } });
  expect(run.stderr).toContain(name);
  expect(run.code).toBe(2);
});

it('the journal of all that holds no token, and of keys only their names', async () => {
  const issued = sandbox.world.keys.all();
  expect(issued.length).toBeGreaterThan(2);
  const state = sandbox.state.people.find(({ nickname }) => nickname === 'dana')?.home ?? '';
  const journal = join(state, '.local', 'state', 'forge', 'audit');
  for (const name of readdirSync(journal)) {
    if (!name.endsWith('.jsonl')) continue;
    const text = readFileSync(join(journal, name), 'utf8');
    expect(text).not.toMatch(/X-Amz-Signature|aoa[A-Z]|IQoJb3JpZ2lu/);
    for (const { secretAccessKey, sessionToken } of issued) {
      expect(text).not.toContain(secretAccessKey);
      if (sessionToken !== undefined) expect(text).not.toContain(sessionToken.slice(0, 40));
    }
  }
});
