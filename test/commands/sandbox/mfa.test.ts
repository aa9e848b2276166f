import { existsSync } from 'node:fs';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totpCode, totpStep, totpStepMs } from '../../../src/sandbox/totp.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
const whoami = ['whoami', '--profile', 'offline', '--output', 'json'];
const alex = { person: 'alex' };
const code = () => totpCode(sandbox.state.offline.mfaSecret, totpStep(sandbox.world.now()));
/** The clock goes on until the device shows a code that nobody has used. */
const nextCode = () => sandbox.admin.setClock(sandbox.world.now() - sandbox.world.hostNow() + totpStepMs);
const homeOf = (nickname: string) =>
  sandbox.state.people.find((person) => person.nickname === nickname)?.home ?? '';

beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

/** alex at a computer on which no keys are kept yet. */
async function freshAlex() {
  const home = await sandbox.newHome();
  await cp(join(homeOf('alex'), '.aws'), join(home, '.aws'), { recursive: true });
  return { person: 'alex', home };
}

describe('a profile with MFA in the sandbox', () => {
  it('wants a code: without one, and with a wrong one, nothing opens', async () => {
    const none = await sandbox.forge([...whoami, '--no-input'], alex);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain(sandbox.state.offline.mfaSerial);
    const now = totpStep(sandbox.world.now());
    const near = [-1, 0, 1, 2].map((ahead) => totpCode(sandbox.state.offline.mfaSecret, now + ahead));
    const wrong = ['000000', '111111', '222222', '333333', '444444'].find((one) => !near.includes(one)) ?? '';
    const refused = await sandbox.forge([...whoami, '--mfa-code', wrong], alex);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('invalid MFA one time pass code');
    const short = await sandbox.forge([...whoami, '--mfa-code', '123'], alex);
    expect(short).toMatchObject({ code: 2, stdout: '' });
    expect(short.stderr).toContain('six digits');
  });

  it('opens with the code, once; what it opened stays open for that person alone', async () => {
    const used = code();
    const opened = await sandbox.forge([...whoami, '--mfa-code', used], alex);
    expect(opened.stderr).toBe('');
    expect(opened.code).toBe(0);
    expect(JSON.parse(opened.stdout)).toMatchObject({
      signIn: null,
      caller: { account: '111111111111', role: 'Forge-Offline-ReadOnly', source: 'profile offline' },
    });
    expect(opened.stdout).toContain('assumed-role/Forge-Offline-ReadOnly/offline');
    expect((await sandbox.forge(whoami, alex)).code).toBe(0);
    const elsewhere = await freshAlex();
    const again = await sandbox.forge([...whoami, '--mfa-code', used], elsewhere);
    expect(again).toMatchObject({ code: 5, stdout: '' });
    await nextCode();
    const next = await sandbox.forge(whoami, { ...elsewhere, env: { FORGE_MFA_CODE: code() } });
    expect(next.code).toBe(0);
    expect((await sandbox.forge(whoami, { person: 'dana' })).code).toBe(2);
  });

  it('gives its keys to other programs, and keeps the code to itself', async () => {
    await nextCode();
    const print = 'console.log(JSON.stringify(process.env))';
    const run = await sandbox.forge(
      ['exec', 'dev', '--profile', 'offline', '--', process.execPath, '-e', print],
      { ...(await freshAlex()), env: { FORGE_MFA_CODE: code() } },
    );
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toMatchObject({ AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/) });
    expect(run.stdout).not.toContain('FORGE_MFA_CODE');
    const elsewhere = await sandbox.forge(['exec', 'qa', '--profile', 'offline', '--', 'true'], alex);
    expect(elsewhere).toMatchObject({ code: 5, stdout: '' });
  });

  it('a role that wants a SourceIdentity is not opened by a profile', async () => {
    await nextCode();
    const home = await freshAlex();
    const config = join(home.home, '.aws', 'config');
    const role = 'arn:aws:iam::444444444444:role/forge/Forge-BreakGlass-Offline';
    await writeFile(config, (await readFile(config, 'utf8')).replace(/role_arn = .*/, `role_arn = ${role}`));
    expect((await sandbox.forge([...whoami, '--mfa-code', code()], home)).code).toBe(5);
  });
});

describe('the secrets of the offline user', () => {
  it('are in sandbox.json and in its keeper’s ~/.aws, 0600, and nowhere else', async () => {
    const { accessKeyId, secretAccessKey, mfaSecret } = sandbox.state.offline;
    const { folder } = sandbox.state;
    const found: string[] = [];
    for (const name of await readdir(folder, { recursive: true })) {
      const file = join(folder, name);
      if (!(await stat(file)).isFile()) continue;
      const text = await readFile(file, 'latin1');
      if (![secretAccessKey, mfaSecret].some((secret) => text.includes(secret))) continue;
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      found.push(name);
    }
    expect(found.sort()).toEqual(['homes/alex/.aws/credentials', 'sandbox.json']);
    expect((await stat(join(homeOf('alex'), '.aws'))).mode & 0o777).toBe(0o700);
    expect(existsSync(join(homeOf('dana'), '.aws', 'credentials'))).toBe(false);
    const status = await sandbox.forge(['sandbox', 'status', '--output', 'json'], alex);
    expect(JSON.parse(status.stdout).offline).toEqual({
      arn: 'arn:aws:iam::999999999999:user/offline',
      mfaSerial: 'arn:aws:iam::999999999999:mfa/offline',
      keeper: 'alex',
      profile: 'offline',
      roleArn: 'arn:aws:iam::111111111111:role/Forge-Offline-ReadOnly',
    });
    for (const secret of [accessKeyId, secretAccessKey, mfaSecret])
      expect(status.stdout).not.toContain(secret);
  });
});

describe('forge sandbox mfa', () => {
  it('shows the code of the device: digits alone for a script, the time left for people', async () => {
    await sandbox.admin.setClock(0);
    const shown = await sandbox.forge(['sandbox', 'mfa'], alex);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^\d{6}\n$/);
    const step = totpStep(sandbox.world.now());
    const near = [step - 1, step].map((one) => totpCode(sandbox.state.offline.mfaSecret, one));
    expect(near).toContain(shown.stdout.trim());
    expect(shown.stderr).toMatch(/shows the next code in \d+ s; each opens once/);
    const json = await sandbox.forge(['sandbox', 'mfa', '--output', 'json'], alex);
    expect(JSON.parse(json.stdout)).toMatchObject({ serialNumber: sandbox.state.offline.mfaSerial });
    expect(json.stdout).not.toContain(sandbox.state.offline.mfaSecret);
  });

  it('says so when no sandbox runs', async () => {
    const run = await sandbox.forge(['sandbox', 'mfa'], { env: { FORGE_SANDBOX: '/no/such/folder' } });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('forge sandbox start');
  });
});
