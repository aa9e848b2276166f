import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsCli, endpointData, findAwsClis, makeAwsHome } from '../support/aws-cli.ts';
import { hasProgram } from '../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { allowOnPage } from '../support/sign-in-page.ts';

/**
 * forge and the AWS CLI side by side on the sandbox: the same person, and a token of either opens the same
 * database. How the two share and renew one sign-in file is test/identity/aws-cli.test.ts.
 */
const clis = findAwsClis();
const v2 = clis.find(({ major }) => major === 2);
const tests = 'the AWS CLI and forge are the same person, and open the same database';
if (clis.length === 0) process.stderr.write(`\nSkipped for lack of aws: ${tests}\n`);
else if (v2 === undefined) process.stderr.write('\nSkipped for lack of aws v2: forge after aws sso login\n');
const withPsql = hasProgram('psql', "the AWS CLI's token opens the database");

let sandbox: TestSandbox;
beforeAll(async () => {
  if (clis.length > 0) sandbox = await startTestSandbox();
});
afterAll(() => sandbox?.[Symbol.asyncDispose]());

function aws({ path }: AwsCli, home: string, args: readonly string[], env: Record<string, string> = {}) {
  const data = endpointData(join(home, 'data'), sandbox.state.url);
  return sandbox.run(path, args, { home, env: { AWS_DATA_PATH: data, AWS_PAGER: '', ...env } });
}

async function callerOf(cli: AwsCli, home: string, args: readonly string[]): Promise<Caller> {
  const run = await aws(cli, home, ['sts', 'get-caller-identity', '--output', 'json', ...args]);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return JSON.parse(run.stdout) as Caller;
}
interface Caller {
  readonly Arn: string;
  readonly Account: string;
}

async function callerOfForge(home: string, env: Record<string, string | undefined> = {}): Promise<Caller> {
  const run = await sandbox.forge(['whoami', '--output', 'json'], { home, env });
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const { caller } = JSON.parse(run.stdout) as { caller: { arn: string; account: string } };
  return { Arn: caller.arn, Account: caller.account };
}

describe.skipIf(clis.length === 0).concurrent.each(clis)('$version after forge login', (cli) => {
  it('is who forge is, by sso-session, by credential_process and by forge exec', async () => {
    const home = await makeAwsHome(sandbox);
    await sandbox.signIn('dana', { home });
    const profiles = await sandbox.forge(['config', 'aws-profiles'], { home });
    expect(profiles, profiles.stderr).toMatchObject({ code: 0 });
    expect(profiles.stdout.split('\n')).toContain('forge-dev');
    const inExec = ['exec', 'dev', '--', cli.path, 'sts', 'get-caller-identity', '--output', 'json'];
    const data = { AWS_DATA_PATH: endpointData(join(home, 'data'), sandbox.state.url) };
    const [forge, bySession, byProcess, byExec] = await Promise.all([
      callerOfForge(home),
      callerOf(cli, home, ['--profile', 'dev']),
      callerOf(cli, home, ['--profile', 'forge-dev']),
      sandbox.forge(inExec, { home, env: data }),
    ]);
    expect(forge.Arn).toMatch(/^arn:aws:sts::111111111111:assumed-role\/AWSReservedSSO_Forge-Developer_/);
    expect(bySession).toMatchObject(forge);
    expect(byProcess).toMatchObject(forge);
    expect(JSON.parse(byExec.stdout)).toMatchObject(forge);
    // And forge by the profile that the AWS CLI has, without a forge.yaml.
    expect(await callerOfForge(home, { FORGE_CONFIG: undefined, AWS_PROFILE: 'dev' })).toEqual(forge);
  });

  it.skipIf(!withPsql)('makes a token that opens the database that forge opens', async () => {
    const home = await makeAwsHome(sandbox);
    await sandbox.signIn('dana', { home });
    const place = sandbox.state.databases.find(({ target }) => target === 'dev/shop');
    const [endpoint, port] = [place?.endpoint ?? '', String(place?.port)];
    // connect.sh: the keys of the database's role, then a token with them.
    const role = ['--role-arn', 'arn:aws:iam::111111111111:role/developer-rds-access'];
    const name = ['--role-session-name', 'dana@tapp.example', '--source-identity', 'dana@tapp.example'];
    const assumed = await aws(cli, home, [
      ...['sts', 'assume-role', ...role, ...name, '--profile', 'dev', '--output', 'json'],
    ]);
    expect(assumed, assumed.stderr).toMatchObject({ code: 0 });
    const { Credentials } = JSON.parse(assumed.stdout) as { Credentials: Record<string, string> };
    const keys = {
      AWS_ACCESS_KEY_ID: Credentials.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: Credentials.SessionToken ?? '',
    };
    const where = ['--hostname', endpoint, '--port', port, '--username', 'developer'];
    const region = ['--region', 'us-east-1'];
    const theirs = await aws(cli, home, ['rds', 'generate-db-auth-token', ...where, ...region], keys);
    expect(theirs, theirs.stderr).toMatchObject({ code: 0 });
    const ours = await sandbox.forge(['db', 'token', 'dev'], { home });
    const withSameKeys = await sandbox.forge(
      ['db', 'token', '--host', endpoint, '--port', port, '--user', 'developer'],
      { home, env: { ...keys, FORGE_CONFIG: undefined } },
    );

    const who = 'select current_user, current_database()';
    const answers = await Promise.all(
      [theirs, ours, withSameKeys].map(({ stdout }) =>
        sandbox.run('psql', ['-X', '-A', '-t', '-w', '-c', who], {
          home,
          env: {
            PGHOST: endpoint,
            PGPORT: port,
            PGUSER: 'developer',
            PGDATABASE: 'shop_dev',
            PGPASSWORD: stdout.trim(),
          },
        }),
      ),
    );
    for (const answer of answers)
      expect(answer, answer.stderr).toMatchObject({ code: 0, stdout: 'developer|shop_dev\n' });
    expect(shapeOf(withSameKeys.stdout)).toEqual(shapeOf(theirs.stdout));
  });

  it('asks forge for keys of its own when they end, and hears why when there are none', async () => {
    const home = await makeAwsHome(sandbox);
    await sandbox.signIn('dana', { home });
    expect((await sandbox.forge(['config', 'aws-profiles'], { home })).code).toBe(0);
    expect((await sandbox.forge(['logout'], { home })).code).toBe(0);
    const run = await aws(cli, home, ['sts', 'get-caller-identity', '--profile', 'forge-dev']);
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain('Error: You are not signed in.\nforge login');
  });
});

/** What two tokens of the same keys have in common: all but the time and what it makes of the signature. */
function shapeOf(token: string): Record<string, string | number> {
  const [host = '', query = ''] = token.trim().split('?');
  const parts = Object.fromEntries(
    [...new URLSearchParams(query)].map(([name, value]) =>
      /Date|Signature|Credential/.test(name) ? [name, value.length] : [name, value],
    ),
  );
  return { host, ...parts };
}

describe.skipIf(v2 === undefined)('after aws sso login', () => {
  it('forge works without a sign-in of its own, and renews the one there is', async () => {
    const cli = v2 as AwsCli;
    const home = await makeAwsHome(sandbox);
    await awsSsoLogin(cli, home);
    const [forge, theirs] = await Promise.all([
      callerOfForge(home),
      callerOf(cli, home, ['--profile', 'dev']),
    ]);
    expect(theirs).toMatchObject(forge);
    const query = ['db', 'query', 'dev', 'select current_user', '--output', 'csv', '--no-header'];
    expect(await sandbox.forge(query, { home })).toMatchObject({
      code: 0,
      stdout: 'developer\n',
      stderr: '',
    });

    const refreshes = async () => (await sandbox.admin.calls())['sso-oidc:CreateToken'] ?? 0;
    const before = await refreshes();
    await expireToken(home);
    expect(await callerOfForge(home)).toEqual(forge);
    expect(await refreshes()).toBe(before + 1);
    expect(await callerOf(cli, home, ['--profile', 'dev'])).toMatchObject(forge);
    expect(await refreshes()).toBe(before + 1);
  });
});

/** `aws sso login`, and a person at the page whose address it prints. */
async function awsSsoLogin({ path }: AwsCli, home: string): Promise<void> {
  const { session } = sandbox.world.organisation;
  const data = endpointData(join(home, 'data'), sandbox.state.url);
  const child = spawn(path, ['sso', 'login', '--sso-session', session, '--no-browser'], {
    env: sandbox.environment({ home, env: { AWS_DATA_PATH: data } }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let allowing: Promise<void> | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const url = /https?:\/\/\S+user_?code=[\w-]+(?=\s)/i.exec(said)?.[0];
      if (url !== undefined) allowing ??= allowOnPage(url, 'dana');
    });
  }
  const code = await new Promise((resolve) => child.on('close', resolve));
  await allowing;
  expect(code, said).toBe(0);
}

async function expireToken(home: string): Promise<void> {
  const cache = join(home, '.aws', 'sso', 'cache');
  for (const name of await readdir(cache)) {
    const text = await readFile(join(cache, name), 'utf8');
    if (!text.includes('"accessToken"')) continue;
    await writeFile(
      join(cache, name),
      text.replace(/"expiresAt": "[^"]*"/, '"expiresAt": "2020-01-01T00:00:00Z"'),
    );
  }
}
