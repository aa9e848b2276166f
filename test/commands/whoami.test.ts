import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ForgeStage, startForgeStage, yaml } from '../identity/forge-stage.ts';

let stage: ForgeStage;
beforeAll(async () => {
  stage = await startForgeStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  stage.aws.world.faults.clear();
  stage.newHome();
  await stage.signIn('dana');
});

const json = async (...argv: string[]) => {
  const seen = await stage.run('whoami', '--output', 'json', ...argv);
  return { ...seen, data: seen.out === '' ? undefined : JSON.parse(seen.out) };
};

describe('forge whoami', () => {
  it('says who, where, for how long, and when that was checked', async () => {
    const { code, data } = await json('dev');
    expect(code).toBe(0);
    expect(data).toMatchObject({
      person: 'dana@tapp.example',
      environment: 'dev',
      signIn: { session: 'tapp', renewable: false },
      caller: { account: '111111111111', role: 'Forge-Developer' },
      storage: 'file',
      complete: true,
    });
    expect(Date.parse(data.caller.expiresAt)).toBeGreaterThan(Date.now());
    const before = stage.aws.world.events.all().length;
    const second = await json('dev');
    expect(stage.aws.world.events.all()).toHaveLength(before);
    expect(second.data.caller.checkedAt).toBe(data.caller.checkedAt);
    const fresh = await json('dev', '--refresh');
    expect(stage.aws.world.events.all().length).toBeGreaterThan(before);
    expect(Date.parse(fresh.data.caller.checkedAt)).toBeGreaterThan(Date.parse(data.caller.checkedAt));
  });

  it('is 4 without a sign-in, with one line that says what to type', async () => {
    stage.newHome();
    const { code, out, err } = await stage.run('whoami');
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err.trimEnd().split('\n').at(-1)).toContain('forge login');
  });

  it('is 4 when the portal has ended the sign-in', async () => {
    stage.aws.world.faults.add({
      service: 'sso',
      operation: 'GetRoleCredentials',
      status: 401,
      error: 'UnauthorizedException',
      message: 'Session token not found or invalid',
      delayMs: 0,
      drop: false,
      times: 1,
    });
    expect((await stage.run('whoami', 'dev')).code).toBe(4);
  });

  it('is 5 for an environment that is named and not yours; without naming it tells what it can', async () => {
    expect((await json('prod-cash')).code).toBe(5);
    expect((await json('prod-wealth')).code).toBe(5);
    await stage.signIn('casey');
    const { code, data, err } = await json();
    expect(code).toBe(0);
    expect(data).toMatchObject({ person: 'casey@tapp.example', caller: null });
    expect(err).toContain("You don't hold permission set");
  });

  it('asks AWS who the keys of the environment variables are, without any configuration', async () => {
    const keys = stage.aws.world.userKeys('ci');
    stage.newHome({
      yaml: 'version: 1\n',
      env: { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
    });
    const { code, data } = await json();
    expect(code).toBe(0);
    expect(data).toMatchObject({
      person: 'ci',
      signIn: null,
      caller: {
        arn: 'arn:aws:iam::111111111111:user/ci',
        role: 'ci',
        expiresAt: null,
        source: 'environment variables',
      },
      environments: [],
    });
    const wrong = await (async () => {
      Object.assign(stage.host().env, { AWS_SECRET_ACCESS_KEY: 'wrong' });
      return json();
    })();
    expect(wrong).toMatchObject({ code: 4, out: '' });
  });

  it('shows foreign text escaped', async () => {
    const { accounts } = stage.aws.world.organisation;
    const dev = accounts.findIndex(({ name }) => name === 'dev');
    const original = accounts[dev];
    if (original === undefined) throw new Error('no dev');
    accounts[dev] = { ...original, name: 'dev\x1b[2J\u202e' };
    const { out } = await stage.run('whoami', '--all');
    accounts[dev] = original;
    expect(out).toContain('dev\\x1b[2J\\u{202e}');
    expect(out).not.toContain('\x1b');
  });

  it('plans without asking', async () => {
    const before = stage.aws.world.events.all().length;
    const { code, out } = await stage.run('whoami', 'dev-chain', '--all', '--plan');
    expect(code).toBe(0);
    expect(out).toContain('sso GetRoleCredentials');
    expect(out).toContain(
      'sts:AssumeRole, sts:SetSourceIdentity on arn:aws:iam::111111111111:role/developer-rds-access',
    );
    expect(out).toContain('Nothing was done (--plan).');
    expect(stage.aws.world.events.all()).toHaveLength(before);
  });
});

describe('forge whoami --all', () => {
  it('is what forge whoami goes by while it is kept, and forge.yaml only then', async () => {
    const before = await json();
    expect(new Set(before.data.environments.map(({ held }: { held: unknown }) => held))).toEqual(
      new Set([null]),
    );
    expect((await stage.run('whoami')).out).toContain('whether you hold it is not asked here');
    await json('--all');
    const { data } = await json();
    const named = (name: string) =>
      data.environments.filter(({ environment }: { environment: string }) => environment === name);
    expect(named('dev')).toMatchObject([{ permissionSet: 'Forge-Developer', held: true }]);
    expect(named('prod-wealth')).toMatchObject([{ held: false }]);
    expect(data.environments.every(({ environment }: { environment: unknown }) => environment !== null)).toBe(
      true,
    );
    expect((await stage.run('whoami')).out).toContain('not yours');
    expect((await json('--refresh')).data.environments[0].held).toBeNull();
  });

  it('lists what the portal says, environments first, with those that are not yours', async () => {
    const { data } = await json('--all');
    expect(data.environments).toEqual([
      row('dev', '111111111111', 'Forge-Developer', true),
      row('dev-chain', '111111111111', 'Forge-Developer', true),
      row('qa', '222222222222', 'Forge-Developer', true),
      row('prod-wealth', '333333333333', 'Forge-Wealth-ReadOnly', false),
      row('prod-cash', '444444444444', null, false),
      {
        environment: null,
        account: '999999999999',
        accountName: 'access',
        production: false,
        permissionSet: 'Forge-BreakGlass-Request',
        held: true,
      },
    ]);
    function row(environment: string, account: string, permissionSet: string | null, held: boolean) {
      const production = environment.startsWith('prod');
      const accountName = held ? environment.replace('-chain', '') : null;
      return { environment, account, accountName, production, permissionSet, held };
    }
  });

  it('gives what it has when an account does not answer, says so, and does not keep it', async () => {
    stage.newHome({ env: { AWS_MAX_ATTEMPTS: '1' } });
    await stage.signIn('dana');
    await stage.run('whoami', 'dev');
    const fault = { service: 'sso', operation: 'ListAccountRoles', delayMs: 0, drop: false, message: 'no' };
    stage.aws.world.faults.add({ ...fault, status: 500, error: 'InternalServerException', times: 1 });
    const partial = await json('--all');
    expect(partial.code).toBe(0);
    expect(partial.data.complete).toBe(false);
    expect(partial.err).toContain('1 of 3 accounts did not answer');
    expect((await json('--all')).data.complete).toBe(true);
    const before = stage.calls('ListAccountRoles');
    expect((await json('--all')).data.complete).toBe(true);
    expect(stage.calls('ListAccountRoles')).toBe(before);
    expect(statSync(join(stage.host().directories.cache, 'roles.json')).mode & 0o777).toBe(0o600);
    await stage.signIn('sam');
    expect((await json('--all')).data.environments[0].permissionSet).toBe('Forge-SRE');
  });

  it('does not promise what other commands refuse: production that forge.yaml opens to nobody', async () => {
    stage.newHome();
    await stage.signIn('alex');
    const { out } = await stage.run('whoami', '--all');
    expect(out).toMatch(
      /^prod-cash +444444444444 .*Forge-Admin +at the portal; here break-glass only, production$/m,
    );
    expect(out).toMatch(/^prod-wealth +333333333333 .*yes, production$/m);
    expect((await stage.run('whoami', 'prod-cash')).code).toBe(5);
    await stage.signIn('dana');
  });

  it('fails when no account answers, and when the sign-in has ended in the middle', async () => {
    stage.newHome({ env: { AWS_MAX_ATTEMPTS: '1' } });
    await stage.signIn('dana');
    const fault = { service: 'sso', operation: 'ListAccountRoles', delayMs: 0, drop: false, message: 'no' };
    stage.aws.world.faults.add({ ...fault, status: 500, error: 'InternalServerException', times: 3 });
    expect(await json('--all')).toMatchObject({ code: 6, out: '' });
    stage.aws.world.faults.add({ ...fault, status: 401, error: 'UnauthorizedException', times: 1 });
    expect(await json('--all')).toMatchObject({ code: 4, out: '' });
  });

  it('lists 1 000 roles of 200 accounts without one throttled call; again in no time', async () => {
    stage.newHome({ yaml: yaml.replace('Forge-Developer', 'Forge-SRE') });
    await stage.aws.admin('POST', 'bulk', { person: 'sam', accounts: 200, rolesEach: 5 });
    await stage.signIn('sam');
    const from = stage.aws.world.events.all().length;
    const started = performance.now();
    const { code, data, err } = await json('--all');
    const took = performance.now() - started;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(data.environments.filter((one: { held: boolean }) => one.held).length).toBeGreaterThanOrEqual(
      1_000,
    );
    const events = stage.aws.world.events.all().slice(from);
    expect(events.filter((event) => event.errorCode === 'TooManyRequestsException')).toEqual([]);
    expect(took).toBeGreaterThan(9_000);
    expect(took).toBeLessThan(40_000);
    expect((await json('--all')).data.environments).toEqual(data.environments);
    // What was answered is kept: nobody is asked again.
    expect(stage.aws.world.events.all().length).toBe(from + events.length);
  }, 60_000);

  it('waits and asks again when somebody else has used the rate up', async () => {
    const fault = {
      service: 'sso',
      operation: 'ListAccountRoles',
      delayMs: 0,
      drop: false,
      message: 'slow down',
    };
    stage.aws.world.faults.add({ ...fault, status: 429, error: 'TooManyRequestsException', times: 7 });
    const { code, data } = await json('--all');
    expect(code).toBe(0);
    expect(data.complete).toBe(true);
  }, 30_000);
});
