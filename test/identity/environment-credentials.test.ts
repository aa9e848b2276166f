import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RoleStep } from '../../src/config/config.ts';
import {
  type CredentialsRequest,
  credentialsFor,
  mayCache,
} from '../../src/identity/environment-credentials.ts';
import type { IdentityParts } from '../../src/identity/identity-parts.ts';
import { totpCode, totpStep } from '../../src/sandbox/totp.ts';
import { createSandboxBrowser } from '../sandbox/sandbox-browser.ts';
import { configOf, type ForgeStage, filesBelow, startForgeStage, yaml } from './forge-stage.ts';

let stage: ForgeStage;
beforeAll(async () => {
  stage = await startForgeStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => void stage.newHome());

async function get(
  environment: string | undefined,
  more: Partial<CredentialsRequest> = {},
  parts: IdentityParts = stage.parts(),
) {
  const config = await configOf(stage.host());
  const found = environment === undefined ? undefined : config.environments.get(environment);
  return credentialsFor(parts, {
    config,
    environment: found,
    profile: undefined,
    region: undefined,
    roles: [],
    ...more,
  });
}

const step = (roleArn: string, more: Partial<RoleStep> = {}): RoleStep => ({
  roleArn: roleArn.startsWith('arn:') ? roleArn : `arn:aws:iam::111111111111:role/${roleArn}`,
  externalId: undefined,
  mfaSerial: undefined,
  durationSeconds: 3_600,
  ...more,
});
const keysOf = (name: string) => {
  const keys = stage.aws.world.userKeys(name);
  return { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };
};
const lastEvent = (name: string) => stage.aws.world.events.all().findLast((event) => event.name === name);

describe('credentials of an environment', () => {
  it('are those of the permission set, then of its chain, in the name of the person', async () => {
    await stage.signIn('dana');
    const found = await get('dev-chain', { roles: [] });
    expect(found.callerArn).toBe(
      'arn:aws:sts::111111111111:assumed-role/developer-rds-access/dana@tapp.example',
    );
    expect(lastEvent('AssumeRole')).toMatchObject({ parameters: expect.anything() });
    expect(JSON.stringify(lastEvent('AssumeRole'))).toContain('"dana@tapp.example"');
    const tokens = { own: found.sessionToken?.reveal() };
    expect(tokens.own?.length).toBeGreaterThan(100);
  });

  it('ask AWS once; the second time nothing is asked', async () => {
    await stage.signIn('dana');
    await get('dev-chain');
    const before = stage.aws.world.events.all().length;
    const second = await get('dev-chain');
    expect(stage.aws.world.events.all()).toHaveLength(before);
    expect(second.callerArn).toContain('dana@tapp.example');
    await get('dev-chain', { fresh: true });
    expect(stage.aws.world.events.all().length).toBeGreaterThan(before);
  });

  it('go with the sign-in: another person gets none of the first', async () => {
    await stage.signIn('dana');
    await get('dev');
    await stage.signIn('sam');
    await expect(get('dev')).rejects.toMatchObject({ kind: 'denied' });
  });

  it('are the first of those that groups hold there and the person has', async () => {
    const groups = `groups:
  grp-forge-qa-engineers: { environments: { dev: Forge-QA-ReadOnly, qa: Forge-QA } }
  grp-forge-developers: { environments: { dev: Forge-Developer } }
`;
    stage.newHome({ yaml: yaml + groups });
    await stage.signIn('quinn');
    const found = await get('dev');
    expect(found.callerArn).toMatch(/AWSReservedSSO_Forge-QA-ReadOnly_[0-9a-f]{16}\/quinn@tapp\.example$/);
    expect(stage.host().err()).toContain(
      "You don't hold Forge-Developer in 111111111111: using Forge-QA-ReadOnly.",
    );
    const before = stage.aws.world.events.all().length;
    expect((await get('dev')).accessKeyId).toBe(found.accessKeyId);
    expect(stage.aws.world.events.all()).toHaveLength(before);
    await stage.signIn('casey');
    const refused = get('dev');
    await expect(refused).rejects.toMatchObject({ kind: 'denied', code: 'ACCESS_DENIED' });
    await expect(refused).rejects.toThrow('Forge-Developer');
  });

  it('of a chain never last longer than an hour, and of an IAM user as long as the step says', async () => {
    await stage.signIn('dana');
    const long = { durationSeconds: 43_200 };
    const chained = await get('dev', { roles: [step('developer-rds-access', long)] });
    expect((chained.expiration ?? 0) - stage.aws.world.now()).toBeLessThanOrEqual(3_600_000);
    stage.newHome({ env: keysOf('ci'), yaml: yaml.replace(/sign_in: .*\n/, '') });
    const tooLong = get('dev', { roles: [step('developer-rds-access', long)] });
    // The role itself ends at an hour: AWS is asked for what the step says, and says no.
    await expect(tooLong).rejects.toThrow(/DurationSeconds/);
    const user = await get('dev', { roles: [step('developer-rds-access')] });
    expect(user.callerArn).toBe('arn:aws:sts::111111111111:assumed-role/developer-rds-access/ci');
  });

  it('say who gives access when there is none', async () => {
    const groups = 'groups:\n  grp-forge-developers: { environments: { qa: Forge-Developer } }\n';
    stage.newHome({ yaml: yaml + groups });
    await stage.signIn('casey');
    await expect(get('qa')).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      hint: 'Access to qa comes with the group grp-forge-developers. What you hold: forge whoami --all',
    });
    // Who has what the group gives is not sent to the group.
    await stage.signIn('dana');
    await expect(get('qa', { roles: [step('gone')] })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Access denied: dana@tapp.example as Forge-Developer in 222222222222 may not /,
      ),
      hint: 'Your access to qa, by Forge-Developer, does not include this role. What else you hold: forge whoami --all',
    });
  });
});

describe('a sign-in that has ended', () => {
  const present = (answer: boolean, asked: string[]): IdentityParts => {
    const parts = stage.parts();
    const confirm = async ({ message }: { message: string }) => {
      asked.push(message);
      return answer;
    };
    return { ...parts, prompt: { ...parts.prompt, possible: true, confirm } };
  };

  it('is offered anew to a person at the terminal, and work goes on', async () => {
    stage.newHome({ env: { SSH_CONNECTION: 'somewhere else' } });
    const asked: string[] = [];
    const work = get('dev', {}, present(true, asked));
    const page = () => /https?:\/\/\S+user_code=\S+/.exec(stage.host().err())?.[0];
    while (page() === undefined) await Promise.race([sleep(20), work]);
    const browser = createSandboxBrowser(stage.aws.endpoint.url);
    await browser.approve((page() ?? '').replace(/^https?:\/\/[^/]+/, stage.aws.endpoint.url), 'dana');
    expect((await work).callerArn).toContain('/dana@tapp.example');
    expect(asked).toEqual(['You are not signed in. Sign in now?']);
  }, 30_000);

  it('stays ended when the person says no', async () => {
    const asked: string[] = [];
    await expect(get('dev', {}, present(false, asked))).rejects.toMatchObject({ code: 'SIGNED_OUT' });
    expect(asked).toHaveLength(1);
  });
});

describe('a role that does not take SourceIdentity', () => {
  const plainTrust = () => {
    const { roles } = stage.aws.world.organisation;
    const index = roles.findIndex(
      ({ name, account }) => name === 'readonly-rds-access' && account === '111111111111',
    );
    const role = roles[index];
    if (role === undefined) throw new Error('no such role');
    const [statement] = [role.trust.Statement].flat();
    if (statement === undefined) throw new Error('no statement');
    roles[index] = {
      ...role,
      trust: { ...role.trust, Statement: { ...statement, Action: ['sts:AssumeRole'] } },
    };
    return {
      [Symbol.dispose]: () => {
        roles[index] = role;
      },
    };
  };

  it('is assumed without it, and the person is told', async () => {
    using _trust = plainTrust();
    await stage.signIn('dana');
    const found = await get('dev', { roles: [step('readonly-rds-access')] });
    expect(found.callerArn).toContain('/readonly-rds-access/dana@tapp.example');
    expect(stage.host().err()).toContain(
      'Warning: arn:aws:iam::111111111111:role/readonly-rds-access does not take',
    );
  });

  it('is not assumed in production', async () => {
    using _trust = plainTrust();
    stage.newHome({
      yaml: yaml.replace(
        'permission_set: Forge-Developer }',
        'permission_set: Forge-Developer, production: true }',
      ),
    });
    await stage.signIn('dana');
    await expect(get('dev', { roles: [step('readonly-rds-access')] })).rejects.toMatchObject({
      kind: 'denied',
      code: 'SOURCE_IDENTITY_REFUSED',
    });
  });
});

describe('a role that demands MFA', () => {
  const user = () => stage.aws.world.organisation.users.find(({ name }) => name === 'offline');
  const offline = () =>
    step('arn:aws:iam::111111111111:role/Forge-Offline-ReadOnly', { mfaSerial: user()?.mfa?.serialNumber });
  const code = () => totpCode(user()?.mfa?.secret ?? '', totpStep(stage.aws.world.now()));
  const home = (env: Record<string, string> = {}) =>
    stage.newHome({ env: { ...keysOf('offline'), ...env }, yaml: 'version: 1\ncredential_store: file\n' });
  let minutes = 0;
  beforeEach(() => {
    // A code opens once.
    minutes += 2;
    stage.aws.world.setClockOffset(minutes * 60_000);
  });
  afterAll(() => stage.aws.world.setClockOffset(0));

  it('takes the code of --mfa-code, or of FORGE_MFA_CODE, or asks', async () => {
    home();
    const given = await get(undefined, { roles: [offline()], mfaCode: code() });
    expect(given.callerArn).toContain('assumed-role/Forge-Offline-ReadOnly/offline');

    stage.aws.world.setClockOffset((minutes + 1) * 60_000);
    home({ FORGE_MFA_CODE: code() });
    expect((await get(undefined, { roles: [offline()] })).callerArn).toContain('Offline-ReadOnly/offline');

    minutes += 3;
    stage.aws.world.setClockOffset(minutes * 60_000);
    home();
    const asked: string[] = [];
    const parts = stage.parts();
    const secret = async ({ message }: { message: string }) => {
      asked.push(message);
      return code();
    };
    const found = await get(
      undefined,
      { roles: [offline()] },
      { ...parts, prompt: { ...parts.prompt, secret } },
    );
    expect(found.callerArn).toContain('Offline-ReadOnly/offline');
    expect(asked).toEqual([`MFA code of ${user()?.mfa?.serialNumber}`]);
    // Kept: nobody is asked twice within the hour.
    await get(undefined, { roles: [offline()] }, { ...parts, prompt: { ...parts.prompt, secret } });
    expect(asked).toHaveLength(1);
  });

  it('is refused with a wrong code, and says which flag answers without a terminal', async () => {
    home();
    const wrong = String((Number(code()) + 1) % 1_000_000).padStart(6, '0');
    await expect(get(undefined, { roles: [offline()], mfaCode: wrong })).rejects.toMatchObject({
      kind: 'denied',
    });
    await expect(get(undefined, { roles: [offline()], mfaCode: '12' })).rejects.toMatchObject({
      code: 'INVALID_MFA_CODE',
    });
    await expect(get(undefined, { roles: [offline()] })).rejects.toMatchObject({
      code: 'INPUT_NEEDED',
      hint: expect.stringContaining('FORGE_MFA_CODE'),
    });
  });
});

describe('production', () => {
  it('leaves no keys anywhere in the home', async () => {
    await stage.signIn('casey');
    const found = await get('prod-wealth', {
      roles: [step('arn:aws:iam::333333333333:role/readonly-rds-access')],
    });
    const secrets = [found.secretAccessKey.reveal(), found.sessionToken?.reveal() ?? '', found.accessKeyId];
    // Whatever forge wrote of the first step too: the sandbox knows every key it has handed out.
    const { home } = stage.host().directories;
    for (const { path, text } of filesBelow(home)) {
      for (const secret of secrets) expect(text.includes(secret), `${path} holds a key`).toBe(false);
    }
    expect(filesBelow(home).filter(({ path }) => path.includes('/credentials/'))).toEqual([]);
  });

  it('is also its account under another name, and what a chain leads into', async () => {
    stage.newHome({
      yaml: `${yaml}  alias: { account: "333333333333", region: us-east-1, permission_set: Forge-Wealth-ReadOnly }\n`,
    });
    await stage.signIn('casey');
    await get('alias');
    expect(
      filesBelow(stage.host().directories.home).filter(({ path }) => path.includes('/credentials/')),
    ).toEqual([]);
    const config = await configOf(stage.host());
    const environment = config.environments.get('dev');
    const into = (account: string) => [{ roleArn: `arn:aws:iam::${account}:role/x` }];
    expect(mayCache({ config, environment }, '111111111111', [])).toBe(true);
    const marked = environment && { ...environment, production: true };
    expect(mayCache({ config, environment: marked }, '111111111111', [])).toBe(false);
    expect(mayCache({ config, environment }, '111111111111', into('333333333333'))).toBe(false);
    expect(mayCache({ config, environment: undefined }, '444444444444', [])).toBe(false);
    expect(mayCache({ config, environment: undefined }, undefined, into('222222222222'))).toBe(true);
  });
});

describe('ambient credentials', () => {
  const none = 'version: 1\ncredential_store: file\n';
  const ci = () => keysOf('ci');

  it('are the variables; AWS_PROFILE beside them is said to be ignored, once', async () => {
    stage.newHome({ yaml: none, env: { ...ci(), AWS_PROFILE: 'other' } });
    const found = await get(undefined);
    expect(found).toMatchObject({ source: 'environment variables', accessKeyId: ci().AWS_ACCESS_KEY_ID });
    expect(
      stage
        .host()
        .err()
        .match(/AWS_PROFILE \(other\) is ignored/g),
    ).toHaveLength(1);
  });

  it('are the profile that --profile names, whatever the variables say', async () => {
    const awsCredentials =
      '[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = s3cret = with equals\n';
    stage.newHome({ yaml: none, env: ci(), awsCredentials });
    const found = await get(undefined, { profile: 'mine' });
    expect(found).toMatchObject({ accessKeyId: 'AKIAMINE', source: 'profile mine', sessionToken: undefined });
    expect(found.secretAccessKey.reveal()).toBe('s3cret = with equals');
  });

  it.each([
    ['half of them', { AWS_ACCESS_KEY_ID: 'AKIA' }, 'usage', 'PARTIAL_CREDENTIALS'],
    [
      'expired ones',
      {
        AWS_ACCESS_KEY_ID: 'A',
        AWS_SECRET_ACCESS_KEY: 'B',
        AWS_CREDENTIAL_EXPIRATION: '2020-01-01T00:00:00Z',
      },
      'signed-out',
      'CREDENTIALS_EXPIRED',
    ],
    ['none', { AWS_ACCESS_KEY_ID: '', AWS_PROFILE: '' }, 'signed-out', 'NO_CREDENTIALS'],
    ['an unknown profile', { AWS_PROFILE: 'dve' }, 'usage', 'UNKNOWN_PROFILE'],
  ])('with %s in the environment fail with the reason', async (_, env, kind, code) => {
    stage.newHome({ yaml: none, env, awsConfig: '[profile dev]\nregion = us-east-1\n' });
    await expect(get(undefined)).rejects.toMatchObject({ kind, code });
  });

  it('of an SSO profile come through the sign-in that the AWS CLI knows', async () => {
    const awsConfig = `[sso-session tapp]
sso_start_url = https://d-9067f7c0de.awsapps.com/start
sso_region = us-east-1
[profile dev]
sso_session = tapp
sso_account_id = 111111111111
sso_role_name = Forge-Developer
[profile db]
role_arn = arn:aws:iam::111111111111:role/developer-rds-access
source_profile = dev
duration_seconds = 7200
`;
    stage.newHome({ yaml: none, env: { AWS_PROFILE: 'db' }, awsConfig });
    await expect(get(undefined)).rejects.toMatchObject({
      kind: 'signed-out',
      hint: expect.stringContaining('forge login'),
    });
    await stage.signIn('dana');
    const found = await get(undefined);
    expect(found).toMatchObject({
      source: 'profile db',
      callerArn: 'arn:aws:sts::111111111111:assumed-role/developer-rds-access/dana@tapp.example',
    });
    const before = stage.aws.world.events.all().length;
    await get(undefined);
    expect(stage.aws.world.events.all()).toHaveLength(before);
  });

  it('of a credential_process come through the SDK, and its failure shows no secret', async () => {
    const script = 'process.mjs';
    const home = stage.newHome({ yaml: none, env: { AWS_PROFILE: 'p' } });
    const path = join(home.directories.home, script);
    const canary = `CANARY${randomBytes(12).toString('hex')}`;
    writeFileSync(
      path,
      `console.log(JSON.stringify({ Version: 1, AccessKeyId: 'AKIAPROCESS', SecretAccessKey: ${JSON.stringify(canary)} }));`,
    );
    const config = join(home.directories.home, '.aws', 'config');
    writeFileSync(config, `[profile p]\ncredential_process = ${process.execPath} ${path}\n`);
    const found = await get(undefined);
    expect(found).toMatchObject({ accessKeyId: 'AKIAPROCESS', source: 'profile p' });
    expect(found.secretAccessKey.reveal()).toBe(canary);
    writeFileSync(path, `console.log(${JSON.stringify(canary)}); process.exit(3);`);
    const failed = get(undefined);
    await expect(failed).rejects.toMatchObject({ kind: 'signed-out', code: 'CREDENTIALS_UNAVAILABLE' });
    await expect(failed).rejects.not.toThrow(canary);
  });

  it('of a container come from where its variables say', async () => {
    const server = createServer((request, response) => {
      const allowed = request.headers.authorization === 'task-token';
      response.writeHead(allowed ? 200 : 403, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          AccessKeyId: 'ASIACONTAINER',
          SecretAccessKey: 'from-the-container',
          Token: 'token',
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/` };
    stage.newHome({ yaml: none, env: { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'task-token' } });
    expect(await get(undefined)).toMatchObject({ accessKeyId: 'ASIACONTAINER', source: 'container' });
    stage.newHome({ yaml: none, env });
    await expect(get(undefined)).rejects.toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    server.close();
  });

  it('never ask the instance unless a profile says so', async () => {
    mkdirSync(join(stage.newHome({ yaml: none }).directories.home, '.aws2'));
    const started = performance.now();
    await expect(get(undefined)).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
    expect(performance.now() - started).toBeLessThan(900);
  });
});
