import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Access, type AccessRequest, withAccess } from '../../src/access/with-access.ts';
import { journalFiles, journalFolder } from '../../src/audit/journal.ts';
import { type JournalRecord, parseRecord } from '../../src/audit/journal-record.ts';
import { verifyJournal } from '../../src/audit/verify-journal.ts';
import { ForgeError } from '../../src/errors.ts';
import { configOf, type ForgeStage, startForgeStage, yaml } from '../identity/forge-stage.ts';

let stage: ForgeStage;
beforeAll(async () => {
  stage = await startForgeStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  stage.newHome();
  await stage.signIn('dana');
});

async function enter<Value>(
  environment: string | undefined,
  use: (access: Access) => Promise<Value>,
  more: Partial<AccessRequest> = {},
): Promise<Value> {
  const config = await configOf(stage.host());
  return withAccess(
    { ...stage.parts(), config },
    {
      environment: environment === undefined ? undefined : config.environments.get(environment),
      targetName: environment ?? 'db.example',
      region: 'us-east-1',
      roles: [],
      purpose: 'db connect',
      reason: undefined,
      write: false,
      ...more,
    },
    use,
  );
}

async function records(): Promise<JournalRecord['event'][]> {
  const folder = journalFolder(stage.host());
  const files = journalFiles(folder);
  const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
  return lines.map((line) => parseRecord(line)?.event ?? { at: '', type: 'unreadable' });
}

const role = (name: string, account = '111111111111') => ({
  roleArn: `arn:aws:iam::${account}:role/${name}`,
  externalId: undefined,
  mfaSerial: undefined,
  durationSeconds: 3_600,
});

describe('withAccess', () => {
  it('gives keys of the environment to `use`, named after the person, with a record around it', async () => {
    const access = await enter(
      'dev',
      async (given) => {
        expect((await records()).map(({ type }) => type)).toEqual(['access.opened']);
        return given;
      },
      { roles: [role('developer-rds-access')], reason: 'INC-1' },
    );
    expect(access.person).toBe('dana@tapp.example');
    expect(access.credentials.callerArn).toBe(
      'arn:aws:sts::111111111111:assumed-role/developer-rds-access/dana@tapp.example',
    );
    const [opened, closed] = await records();
    expect(opened).toMatchObject({
      type: 'access.opened',
      id: access.id,
      target: 'dev',
      environment: 'dev',
      purpose: 'db connect',
      person: 'dana@tapp.example',
      caller: access.credentials.callerArn,
      reason: 'INC-1',
      write: false,
    });
    expect(closed).toMatchObject({ type: 'access.closed', id: access.id, outcome: 'ended' });
    expect((await verifyJournal(stage.host())).problem).toBeUndefined();
    expect(JSON.stringify(await records())).not.toContain(access.credentials.secretAccessKey.reveal());
  });

  it('renews keys for the person who opened it, and for nobody who signed in meanwhile', async () => {
    await enter('dev', async (access) => {
      expect((await access.renew()).callerArn).toBe(access.credentials.callerArn);
      stage.aws.world.organisation.assignments.push({
        principalType: 'USER',
        principal: 'alex@tapp.example',
        account: '111111111111',
        permissionSet: 'Forge-Developer',
      });
      await stage.signIn('alex');
      await expect(access.renew()).rejects.toMatchObject({ kind: 'denied', code: 'PERSON_CHANGED' });
    });
  });

  it('asks nothing when it renews: the terminal is somebody else’s by then', async () => {
    const config = await configOf(stage.host());
    let asked = 0;
    const ask = async () => {
      asked++;
      return '123456' as never;
    };
    const prompt = { possible: true, text: ask, secret: ask, confirm: ask, select: ask };
    const step = { ...role('developer-rds-access'), mfaSerial: 'arn:aws:iam::111111111111:mfa/dana' };
    const request = {
      environment: config.environments.get('dev'),
      targetName: 'dev',
      region: 'us-east-1',
      write: false,
    };
    const roles: (typeof step)[] = [];
    await withAccess(
      { ...stage.parts(), config, prompt },
      { ...request, roles, purpose: 'ssm', reason: undefined },
      async (access) => {
        roles.push(step);
        await expect(access.renew()).rejects.toBeInstanceOf(ForgeError);
      },
    );
    expect(asked).toBe(0);
  });

  it('closes the record of what failed, and of what was interrupted', async () => {
    const failure = new ForgeError('unreachable', 'gone', { code: 'GONE' });
    await expect(enter('dev', () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(
      enter('dev', async () => {
        stage.host().interrupt();
        throw new ForgeError('interrupted', 'Interrupted.', { code: 'INTERRUPTED' });
      }),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const closed = (await records()).filter(({ type }) => type === 'access.closed');
    expect(closed.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['failed', 'GONE'],
      ['failed', 'INTERRUPTED'],
    ]);
  });

  it('asks AWS for nothing where nobody has standing access, and records the attempt', async () => {
    const before = stage.aws.world.events.all().length;
    await expect(enter('prod-cash', async () => 'in')).rejects.toMatchObject({ code: 'BREAK_GLASS_NEEDED' });
    expect(stage.aws.world.events.all()).toHaveLength(before);
    expect(await records()).toMatchObject([{ type: 'access.refused', code: 'BREAK_GLASS_NEEDED' }]);
  });

  it('does nothing with keys of another account than the configuration says', async () => {
    const [key, secret] = [
      stage.aws.world.userKeys('ci').accessKeyId,
      stage.aws.world.userKeys('ci').secretAccessKey,
    ];
    stage.newHome({
      yaml: yaml.replace(/sign_in: .*\n/, ''),
      env: { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret },
    });
    const use = async () => 'in';
    expect(await enter('dev', use)).toBe('in');
    await expect(enter('qa', use)).rejects.toMatchObject({ kind: 'denied', code: 'WRONG_ACCOUNT' });
    expect((await records()).filter(({ type }) => type === 'access.opened')).toHaveLength(1);
  });

  it.each([
    ['account', (path: string) => path.replace('account_id=111111111111', 'account_id=222222222222')],
    ['permission set', (path: string) => path.replace('role_name=Forge-Developer', 'role_name=Forge-Other')],
  ])('does nothing with keys that a confused portal gives for another %s', async (_, confuse) => {
    const { organisation } = stage.aws.world;
    const role = organisation.roles.find(({ name }) => name.startsWith('AWSReservedSSO_Forge-Developer'));
    organisation.permissionSets.push({
      name: 'Forge-Other',
      description: '',
      sessionSeconds: 3_600,
      policies: role?.policies ?? [],
    });
    const account = '111111111111';
    const principal = 'dana@tapp.example';
    organisation.assignments.push({
      principalType: 'USER',
      principal,
      permissionSet: 'Forge-Other',
      account,
    });
    const portal = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const headers = { 'x-amz-sso_bearer_token': String(request.headers['x-amz-sso_bearer_token']) };
        const answer = await fetch(`${stage.aws.endpoint.url}${confuse(request.url ?? '')}`, { headers });
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(await answer.text());
      });
    });
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
    const { port } = portal.address() as AddressInfo;
    stage.newHome({ env: { AWS_ENDPOINT_URL_SSO: `http://127.0.0.1:${port}` } });
    await stage.signIn('dana');
    let used = false;
    const attempt = enter('dev', async () => {
      used = true;
    });
    await expect(attempt).rejects.toMatchObject({ kind: 'denied', code: 'WRONG_CALLER' });
    expect(used).toBe(false);
    expect(await records()).toEqual([]);
    portal.close();
  });

  it('takes a role only from the account of the environment', async () => {
    await expect(
      enter('dev', async () => 'in', { roles: [role('readonly-rds-access', '222222222222')] }),
    ).rejects.toMatchObject({ kind: 'denied' });
  });

  it('opens production only with a record; elsewhere a journal that fails is a warning', async () => {
    const lock = () => {
      const folder = journalFolder(stage.host());
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(folder, 0o777);
    };
    lock();
    expect(await enter('dev', async () => 'in')).toBe('in');
    expect(stage.host().err()).toContain('Warning: This access is not in the journal.');

    stage.newHome();
    await stage.signIn('casey');
    expect(await enter('prod-wealth', async () => 'in')).toBe('in');
    lock();
    let used = false;
    await expect(
      enter('prod-wealth', async () => {
        used = true;
      }),
    ).rejects.toMatchObject({ code: 'JOURNAL_FAILED' });
    expect(used).toBe(false);
  });

  it('asks AWS for nothing when the keys come with the environment and no configuration says whose', async () => {
    stage.newHome({ env: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'not a secret' } });
    const before = stage.aws.world.events.all().length;
    const access = await enter(undefined, async (given) => given);
    expect(access.credentials.source).toBe('environment variables');
    expect(access.person).toBe('tester');
    expect(stage.aws.world.events.all()).toHaveLength(before);
    expect(existsSync(join(stage.host().directories.cache, 'credentials'))).toBe(false);
  });
});
