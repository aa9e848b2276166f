import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { isoSeconds } from '../../src/lib/iso-seconds.ts';
import { endpointData, findAwsClis, makeAwsHome } from '../support/aws-cli.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { allowOnPage } from '../support/sign-in-page.ts';

/** One sign-in for forge and the AWS CLI, whichever began it: with the real CLIs against the sandbox. */
const clis = findAwsClis();
const v2 = clis.find(({ major }) => major === 2);
if (clis.length === 0)
  process.stderr.write('\nSkipped for lack of aws: one sign-in for forge and the AWS CLI\n');
else if (v2 === undefined) process.stderr.write('\nSkipped for lack of aws v2: aws sso login, then forge\n');

let sandbox: TestSandbox;
let session: string;

beforeAll(async () => {
  if (clis.length === 0) return;
  sandbox = await startTestSandbox();
  ({ session } = sandbox.world.organisation);
}, 60_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const fileOf = (home: string) =>
  tokenFile({ directories: { home } } as Parameters<typeof tokenFile>[0], { session });
const read = (home: string) => JSON.parse(readFileSync(fileOf(home), 'utf8')) as Record<string, string>;
const extra = (home: string) => ({ AWS_DATA_PATH: endpointData(join(home, 'data'), sandbox.state.url) });
const registrations = async () => (await sandbox.admin.calls())['sso-oidc:RegisterClient'] ?? 0;

/** Runs `aws sso login` and confirms its page. */
async function awsSsoLogin(path: string, home: string): Promise<void> {
  const env = sandbox.environment({ home, env: extra(home) });
  const child = spawn(path, ['sso', 'login', '--sso-session', session, '--no-browser'], { env });
  let said = '';
  let allowing: Promise<void> | undefined;
  const onText = (chunk: Buffer) => {
    said += chunk;
    const url = /https?:\/\/\S+user_?code=[\w-]+(?=\s)/i.exec(said)?.[0];
    if (url !== undefined) allowing ??= allowOnPage(url, 'dana');
  };
  child.stdout.on('data', onText);
  child.stderr.on('data', onText);
  const code = await new Promise((resolve) => child.on('close', resolve));
  await allowing;
  expect(code, said).toBe(0);
}

function expire(home: string): void {
  writeFileSync(
    fileOf(home),
    readFileSync(fileOf(home), 'utf8').replace(
      /"expiresAt": "[^"]*"/,
      `"expiresAt": "${isoSeconds(Date.now() + 90_000)}"`,
    ),
  );
}

describe.skipIf(clis.length === 0)('after forge login', () => {
  it.each(clis)(
    '$version needs no sign-in of its own, and renews the same token',
    async ({ path }) => {
      const home = await makeAwsHome(sandbox);
      await sandbox.signIn('dana', { home });
      const ask = () =>
        sandbox.run(path, ['sts', 'get-caller-identity', '--profile', 'dev', '--output', 'json'], {
          home,
          env: extra(home),
        });
      const first = await ask();
      expect(first.code, first.stderr).toBe(0);
      expect(JSON.parse(first.stdout).Arn).toMatch(/AWSReservedSSO_Forge-Developer_[0-9a-f]{16}\/dana@/);

      expire(home);
      const before = read(home).accessToken;
      // Role credentials that the CLI keeps would spare it the token.
      rmSync(join(home, '.aws', 'cli'), { recursive: true, force: true });
      const second = await ask();
      expect(second.code, second.stderr).toBe(0);
      const renewed = read(home).accessToken;
      expect(renewed).not.toBe(before);
      const login = await sandbox.forge(['login', '--output', 'json'], { home });
      expect(login.code, login.stderr).toBe(0);
      expect(JSON.parse(login.stdout)).toMatchObject({
        signedIn: 'already',
        person: expect.stringMatching(/^dana@/),
      });
      expect(read(home).accessToken).toBe(renewed);
    },
    60_000,
  );
});

describe.skipIf(v2 === undefined)('after aws sso login', () => {
  const path = v2?.path ?? '';

  it('forge is signed in, renews the same token, and the AWS CLI goes on', async () => {
    const home = await makeAwsHome(sandbox);
    await awsSsoLogin(path, home);
    const login = await sandbox.forge(['login', '--output', 'json'], { home });
    expect(login.code, login.stderr).toBe(0);
    expect(JSON.parse(login.stdout)).toMatchObject({
      signedIn: 'already',
      person: expect.stringMatching(/^dana@/),
    });

    const written = readFileSync(fileOf(home), 'utf8');
    expire(home);
    const renewed = await sandbox.forge(['login', '--output', 'json'], { home });
    expect(JSON.parse(renewed.stdout)).toMatchObject({ signedIn: 'already' });
    expect(read(home).accessToken).not.toBe(JSON.parse(written).accessToken);
    // Same keys in the same order, same spacing, same mode.
    const shape = (text: string) => text.replace(/": "[^"]*"/g, '": ""');
    expect(shape(readFileSync(fileOf(home), 'utf8'))).toBe(shape(written));
    expect(statSync(fileOf(home)).mode & 0o777).toBe(0o600);
    const identity = await sandbox.run(path, ['sts', 'get-caller-identity', '--profile', 'dev'], {
      home,
      env: extra(home),
    });
    expect(identity.code, identity.stderr).toBe(0);
  }, 60_000);

  it('both use one registration, whoever made it', async () => {
    const forgeFirst = await makeAwsHome(sandbox);
    await sandbox.signIn('dana', { home: forgeFirst });
    let before = await registrations();
    await awsSsoLogin(path, forgeFirst);
    expect(await registrations()).toBe(before);

    const awsFirst = await makeAwsHome(sandbox);
    await awsSsoLogin(path, awsFirst);
    before = await registrations();
    expect((await sandbox.forge(['logout'], { home: awsFirst })).code).toBe(0);
    await sandbox.signIn('dana', { home: awsFirst });
    expect(await registrations()).toBe(before);
    expect(readdirSync(join(awsFirst, '.aws', 'sso', 'cache'))).toHaveLength(2);
  }, 60_000);

  it('forge logout signs the AWS CLI out too, and the reverse', async () => {
    const home = await makeAwsHome(sandbox);
    await awsSsoLogin(path, home);
    expect((await sandbox.forge(['logout'], { home })).code).toBe(0);
    const identity = await sandbox.run(path, ['sts', 'get-caller-identity', '--profile', 'dev'], {
      home,
      env: extra(home),
    });
    expect(identity.code).not.toBe(0);
    await sandbox.signIn('dana', { home });
    const logout = await sandbox.run(path, ['sso', 'logout'], { home, env: extra(home) });
    expect(logout.code, logout.stderr).toBe(0);
    const again = await sandbox.forge(['logout'], { home });
    expect(again.stdout).toContain('Already signed out.');
  }, 60_000);
});
