import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { expectClearFailure, type FailingRun, type Failure } from './clear-failure.ts';
import { copyHome } from './home-folder.ts';
import {
  closedPort,
  garbage,
  hangsUp,
  type StrangeServer,
  silent,
  silentInTls,
  startStrangeServer,
  withoutTls,
} from './strange-servers.ts';

/** Whatever is wrong, what comes out: see clear-failure.ts. Nothing here changes what the others see. */
let sandbox: TestSandbox;
/** Of dana, signed in. */
let home: string;
let folder: string;
const servers: StrangeServer[] = [];

beforeAll(async () => {
  sandbox = await startTestSandbox();
  home = await sandbox.newHome();
  folder = await sandbox.newHome();
  await sandbox.signIn('dana', { home });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  await sandbox?.[Symbol.asyncDispose]();
});

const fails = (run: Partial<FailingRun> & Pick<FailingRun, 'args'>, expected: Failure) =>
  expectClearFailure(sandbox, { home, ...run }, expected);

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}
/** The sandbox's own forge.yaml, changed. */
async function changedConfig(name: string, change: (yaml: string) => string): Promise<string> {
  const yaml = await readFile(sandbox.state.config, 'utf8');
  const changed = change(yaml);
  expect(changed).not.toBe(yaml);
  return file(name, changed);
}
const select = ['db', 'query', 'dev', 'select 1'];

describe.concurrent('a configuration', () => {
  it('that is not YAML', async () => {
    const config = await file('bad.yaml', 'version: 1\nenvironments:\n  dev: {account: "111"\n');
    await fails(
      { args: ['whoami', '--config', config] },
      {
        kind: 'usage',
        code: 'CONFIG_INVALID',
        says: /bad\.yaml:\d+:\d+: /,
        next: /Keys of one mapping begin in the same column/,
      },
    );
  });

  it('with a key that does not exist', async () => {
    const config = await changedConfig('key.yaml', (yaml) => yaml.replace('default_env', 'defalt_env'));
    await fails(
      { args: ['whoami'], env: { FORGE_CONFIG: config } },
      {
        kind: 'usage',
        code: 'CONFIG_INVALID',
        says: /key\.yaml:\d+:1: The file has no key "defalt_environment"\.$/,
        next: /^Did you mean: default_environment\./,
      },
    );
  });

  it('that is not there', async () => {
    await fails(
      { args: ['whoami', '--config', join(folder, 'none.yaml')] },
      { kind: 'usage', code: 'CONFIG_NOT_FOUND', says: /none\.yaml/, next: /forge config init/ },
    );
  });
});

describe.concurrent('a name', () => {
  it('of no environment', async () => {
    await fails(
      { args: ['whoami', 'prd-cash'] },
      {
        kind: 'usage',
        code: 'UNKNOWN_ENVIRONMENT',
        says: /There is no environment "?prd-cash/,
        next: /^Did you mean:? prod-cash/,
      },
    );
  });

  it('of no database', async () => {
    await fails(
      { args: ['db', 'query', 'dev/shp', 'select 1'] },
      { kind: 'usage', code: 'UNKNOWN_TARGET', says: /no database "shp" in dev/, next: /dev\/shop/ },
    );
  });

  it('of no command', async () => {
    await fails(
      { args: ['db', 'qery', 'dev'] },
      { kind: 'usage', code: 'UNKNOWN_COMMAND', says: /"forge db qery"/, next: /forge db query/ },
    );
  });
});

describe.concurrent('a sign-in', () => {
  const damaged = async (change: (record: Record<string, string>) => string) => {
    const copy = await copyHome(home, await sandbox.newHome());
    const cache = join(copy, '.aws', 'sso', 'cache');
    const tokenFile = join(cache, await tokenFileName(cache));
    await writeFile(tokenFile, change(JSON.parse(await readFile(tokenFile, 'utf8'))));
    return copy;
  };
  const signedOut = (says: RegExp): Failure => ({
    kind: 'signed-out',
    code: 'SIGNED_OUT',
    says,
    next: /^forge login$/,
  });

  it('that never was', async () => {
    const empty = await sandbox.newHome();
    await fails({ args: select, home: empty }, signedOut(/You are not signed in\.$/));
  });

  it('that has expired, and that Identity Center does not renew', async () => {
    const expired = await damaged((record) =>
      JSON.stringify({ ...record, expiresAt: '2020-01-01T00:00:00Z', refreshToken: 'revoked' }),
    );
    await fails({ args: ['whoami'], home: expired }, signedOut(/Your sign-in has ended\.$/));
  });

  it('whose access token is refused', async () => {
    const refused = await damaged((record) => JSON.stringify({ ...record, accessToken: 'aoaForged' }));
    await fails({ args: ['whoami'], home: refused }, signedOut(/Your sign-in has ended\.$/));
  });

  it('of which another program wrote only half', async () => {
    const half = await damaged((record) => JSON.stringify(record).slice(0, 300));
    const { run } = await failsWithDamage({ args: ['whoami'], home: half });
    expect(run.code).toBe(4);
  });

  /** The damaged file is there before and after: tidiness can't be asked of it. */
  async function failsWithDamage(failing: { readonly args: readonly string[]; readonly home: string }) {
    const run = await sandbox.forge(failing.args, { home: failing.home });
    expect(run.stdout).toBe('');
    expect(run.stderr).toBe('Error: You are not signed in.\nforge login\n');
    return { run };
  }
});

async function tokenFileName(cache: string): Promise<string> {
  for (const name of await readdir(cache)) {
    if ((await readFile(join(cache, name), 'utf8')).includes('"accessToken"')) return name;
  }
  throw new Error(`no token in ${cache}`);
}

describe.concurrent('access', () => {
  it('by a permission set that the person does not hold', async () => {
    await fails(
      { args: ['db', 'query', 'prod-wealth', 'select 1'] },
      {
        kind: 'denied',
        code: 'BREAK_GLASS_NEEDED',
        says: /You don't hold permission set Forge-Wealth-ReadOnly in account 333333333333/,
        next: /^forge breakglass --tier 1 --scenario database --env prod-wealth .*\n.*grp-forge-wealth-prod.*forge whoami --all/m,
      },
    );
  });

  it('by a role that does not let the person in', async () => {
    await fails(
      { args: [...select, '--role', 'arn:aws:iam::111111111111:role/gone'] },
      {
        kind: 'denied',
        code: 'ACCESS_DENIED',
        says: /dana@tapp\.example as Forge-Developer in 111111111111 may not sts:AssumeRole on arn:aws:iam::111111111111:role\/gone\.$/,
        next: /forge whoami --all/,
      },
    );
  });

  it('to production that nobody has standing', async () => {
    await fails(
      { args: ['db', 'query', 'prod-cash', 'select 1'] },
      {
        kind: 'denied',
        code: 'BREAK_GLASS_NEEDED',
        says: /No one has standing access to prod-cash\.$/,
        next: /^forge breakglass --tier 1 --scenario database --env prod-cash --ticket … --reason "…"$/m,
      },
    );
  });

  it('as a user of the database who may not log in by IAM', async () => {
    await fails(
      { args: [...select, '--user', 'noiam'] },
      { kind: 'denied', code: 'NOT_IAM_ROLE', says: /rds_iam/, next: /grant rds_iam/i },
    );
  });
});

describe.concurrent('on the way to a database', () => {
  const at = async (greet: Parameters<typeof startStrangeServer>[0]) => {
    const server = await startStrangeServer(greet);
    servers.push(server);
    return [...select, '--port', String(server.port)];
  };

  it('the authority is another one', async () => {
    const other = createCertificateAuthority('somebody else', Date.now());
    await fails(
      { args: [...select, '--ca', await file('other.pem', other.certificate)] },
      {
        kind: 'failed',
        code: 'WRONG_AUTHORITY',
        says: /not signed by the authorities that are trusted .*other\.pem.* The token was not sent\.$/,
        next: /--ca.*forge db check dev/,
      },
    );
  });

  it('another database answers', async () => {
    const qa = sandbox.state.databases.find(({ target }) => target === 'qa/shop');
    await fails(
      { args: [...select, '--port', String(qa?.port)] },
      {
        kind: 'failed',
        code: 'WRONG_HOST_NAME',
        says: /not made out to dev-shop\.cluster-.*another server answers there\. The token was not sent\.$/,
        next: /forge db check dev/,
      },
    );
  });

  it('nothing listens', async () => {
    await fails(
      { args: [...select, '--port', String(await closedPort())] },
      { kind: 'unreachable', code: 'TCP_REFUSED', says: /refuses connections/, next: /forge db check dev/ },
    );
  });

  it('the server has no TLS', async () => {
    await fails(
      { args: await at(withoutTls) },
      { kind: 'failed', code: 'TLS_REFUSED', says: /offers no TLS/, next: /no RDS endpoint/ },
    );
  });

  it('the server speaks something else', async () => {
    await fails(
      { args: await at(garbage) },
      {
        kind: 'failed',
        code: 'NOT_POSTGRESQL',
        says: /does not speak PostgreSQL/,
        next: /Check host and port/,
      },
    );
  });

  it('the server hangs up', async () => {
    await fails(
      { args: await at(hangsUp) },
      { kind: 'unreachable', code: 'SERVER_CLOSED', says: /closed the connection/, next: /try again/ },
    );
  });

  it.each([
    ['never says a word', silent, 'when it was asked for TLS'],
    ['stops in the middle of TLS', silentInTls, 'during the TLS handshake'],
  ] as const)('the server %s: forge ends by itself', async (_, greet, when) => {
    const runs = await fails(
      { args: await at(greet) },
      {
        kind: 'unreachable',
        code: 'SERVER_SILENT',
        says: new RegExp(`says nothing ${when}`),
        next: /try again.*forge db check dev/,
      },
    );
    for (const { durationMs } of runs) expect(durationMs).toBeLessThan(40_000);
  });
});

describe.concurrent('surroundings', () => {
  it('that switch certificate checks off', async () => {
    const [run] = await fails(
      { args: ['whoami'], env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } },
      {
        kind: 'usage',
        code: 'UNSAFE_ENVIRONMENT',
        says: /switches certificate checks off/,
        next: /^Unset NODE_TLS_REJECT_UNAUTHORIZED/,
      },
    );
    // Not even Node's own warning: nothing was begun.
    expect(run.stderr).not.toContain('Warning');
  });

  it('that would send tokens in the clear', async () => {
    await fails(
      { args: ['whoami'], env: { AWS_ENDPOINT_URL: 'http://198.51.100.7' } },
      {
        kind: 'usage',
        code: 'UNSAFE_ENDPOINT',
        says: /AWS_ENDPOINT_URL would send credentials to 198\.51\.100\.7 unencrypted/,
        next: /https:\/\//,
      },
    );
  });

  it('without AWS', async () => {
    await fails(
      { args: ['whoami'], env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${await closedPort()}` } },
      { kind: 'unreachable', code: 'UNREACHABLE', says: /nothing listens there/, next: /Check the network/ },
    );
  });

  it('without a terminal, where a question would be asked', async () => {
    const casey = await sandbox.newHome();
    await sandbox.signIn('casey', { home: casey });
    await fails(
      { args: ['db', 'query', 'prod-wealth', 'select 1', '--write'], home: casey },
      {
        kind: 'usage',
        code: 'CONFIRM_NEEDED',
        says: /prod-wealth/,
        next: /--confirm prod-wealth/,
      },
    );
    await fails(
      { args: ['db', 'query', 'prod-wealth', 'select 1', '--write', '--confirm', 'prod-cash'], home: casey },
      {
        kind: 'usage',
        code: 'CONFIRM_MISMATCH',
        says: /"prod-cash".*prod-wealth/,
        next: /Nothing was done/,
      },
    );
  });

  it('whose reader goes away: nothing is said, as by any Unix tool', async () => {
    const sql = 'select generate_series(1, 3000000)';
    const copy = await copyHome(home, await sandbox.newHome());
    const script = '{ "$0" "$@"; echo "code $?" >&2; } | head -1';
    const run = await sandbox.run(
      'bash',
      [
        '-c',
        script,
        join(sandbox.state.folder, 'bin', 'forge'),
        'db',
        'query',
        'dev',
        sql,
        '--output',
        'csv',
      ],
      { home: copy },
    );
    expect(run).toMatchObject({ code: 0, stdout: 'generate_series\n', stderr: 'code 141\n' });
  });
});

it('makes no folder of its own in the working directory', async () => {
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await sandbox.forge(['whoami', 'nowhere'], { home, cwd: empty });
  expect(await readdir(empty)).toEqual([]);
});
