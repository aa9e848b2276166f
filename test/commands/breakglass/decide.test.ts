import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CreateGroupMembershipCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetRoleCredentialsCommand, SSOClient } from '@aws-sdk/client-sso';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askLine, factsOf, peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.admin.assign('sven', '999999999999', 'Forge-BreakGlass-Approve-tier1');
  await Promise.all(['dana', 'mia', 'sven'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, deny, forge, show } = peopleOf(() => sandbox);

describe('deciding', () => {
  it('a refusal is final, and its words reach whoever asked', async () => {
    const asked = await ask();
    expect(factsOf(await deny('mia', asked.id, '--note', 'the pipeline can do it'))).toMatchObject({
      status: 'denied',
    });
    const resumed = await forge('dana', ['resume', asked.id]);
    expect([resumed.code, refusalOf(resumed).code]).toEqual([5, 'REQUEST_DENIED']);
    expect(refusalOf(resumed).message).toContain('the pipeline can do it');
    const late = await approve('sven', asked.id);
    expect([late.code, refusalOf(late).code]).toEqual([5, 'REQUEST_DENIED']);
    expect(members(asked.requester.userId)).toBe(0);
  });

  it('nobody decides what they asked for: forge says so, and IAM holds whatever the client does', async () => {
    const asked = await ask('mia', { '--scenario': 'console' });
    const refused = await approve('mia', asked.id);
    expect([refused.code, refusalOf(refused).code]).toEqual([5, 'SELF_APPROVAL']);
    const keys = await approverKeys('mia');
    const config = { region: 'us-east-1', endpoint: sandbox.state.url, credentials: keys, maxAttempts: 1 };
    const group = [...sandbox.world.organisation.groups].find(
      ({ name }) => name === 'grp-forge-jit-tier1-console-prod-wealth',
    );
    const add = (userId: string) =>
      new IdentitystoreClient(config).send(
        new CreateGroupMembershipCommand({
          IdentityStoreId: sandbox.world.organisation.identityStoreId,
          GroupId: group?.id,
          MemberId: { UserId: userId },
        }),
      );
    await expect(add(asked.requester.userId)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    // Another's decision can't be written either, nor one's own without the condition.
    const put = (approver: string, once: boolean) =>
      new S3Client({ ...config, forcePathStyle: true }).send(
        new PutObjectCommand({
          Bucket: 'forge-breakglass-intake-999999999999',
          Key: `decisions/tier1/${asked.id}/${approver}.json`,
          Body: '{}',
          ...(once ? { IfNoneMatch: '*' } : {}),
        }),
      );
    const dana = (await ask()).requester.userId;
    await expect(put(dana, true)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(put(asked.requester.userId, false)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(members(asked.requester.userId)).toBe(0);
  });

  it('two approvers at once make one grant', async () => {
    const asked = await ask('dana', { '--scenario': 'instance' });
    const both = await Promise.all([approve('mia', asked.id), approve('sven', asked.id)]);
    expect(both.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
    expect(both.map((run) => factsOf(run).membership).sort()).toEqual(['made', 'there']);
    expect(members(asked.requester.userId)).toBe(1);
    expect(factsOf(await approve('mia', asked.id))).toMatchObject({ membership: 'there' });
    await forge('dana', ['end', asked.id]);
    expect(members(asked.requester.userId)).toBe(0);
  });

  it('where two must approve, the second lets in', async () => {
    const config = await changed('two.yaml', (yaml) =>
      yaml.replace(/("?approvers"?: "?manager"?)/, '$1\n      approvals: 2'),
    );
    const asked = await ask('dana', { '--scenario': 'kubernetes', '--config': config });
    const first = await approve('mia', asked.id, '--config', config);
    expect(factsOf(first)).toMatchObject({ status: 'waiting', membership: null });
    expect(members(asked.requester.userId)).toBe(0);
    expect(factsOf(await approve('sven', asked.id, '--config', config))).toMatchObject({
      status: 'granted',
      membership: 'made',
    });
    await forge('dana', ['end', asked.id]);
  });

  it('an approval that broke off between decision and membership is finished by typing it again', async () => {
    const asked = await ask('dana', { '--scenario': 'console' });
    await sandbox.admin.fault({
      service: 'identitystore',
      operation: 'CreateGroupMembership',
      drop: true,
      times: 20,
    });
    const broken = await sandbox.forge(['breakglass', 'approve', asked.id, '--yes', '--output', 'json'], {
      person: 'mia',
      env: { AWS_MAX_ATTEMPTS: '1' },
    });
    await sandbox.admin.clearFaults();
    expect([broken.code, refusalOf(broken).code]).toEqual([6, 'GRANT_UNFINISHED']);
    expect(members(asked.requester.userId)).toBe(0);
    expect(factsOf(await approve('mia', asked.id))).toMatchObject({ status: 'granted', membership: 'made' });
    await forge('dana', ['end', asked.id]);
  });

  it('what is not answered in time lapses', async () => {
    const config = await changed('short.yaml', (yaml) =>
      yaml.replace(/("?request_lifetime"?:) "?4h"?/, '$1 5m'),
    );
    const asked = await ask('dana', { '--config': config });
    await sandbox.admin.setClock(6 * 60_000);
    try {
      const late = await approve('mia', asked.id, '--config', config);
      expect([late.code, refusalOf(late).code]).toEqual([5, 'REQUEST_LAPSED']);
      const resumed = await forge('dana', ['resume', asked.id, '--config', config]);
      expect([resumed.code, refusalOf(resumed).code]).toEqual([7, 'REQUEST_LAPSED']);
    } finally {
      await sandbox.admin.setClock(0);
    }
    expect(members(asked.requester.userId)).toBe(0);
  });

  it('words of a request can neither steer a terminal nor speak in Slack', async () => {
    const said: string[] = [];
    const server = createServer((incoming, answer) => {
      incoming.on('data', (chunk: Buffer) => said.push(chunk.toString()));
      incoming.on('end', () => answer.end('ok'));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/secretword`;
    const reason = '<!here> *approved* <https://evil.example|click> `forge breakglass approve bg-xxxx`';
    const run = await sandbox.forge([...askLine({ '--reason': reason }), '--output', 'json'], {
      env: { FORGE_SLACK_WEBHOOK: webhook },
    });
    server.close();
    expect(run.code, run.stderr).toBe(8);
    const text = (JSON.parse(said.join('')) as { text: string }).text;
    expect(text).toContain(factsOf(run).id);
    expect(text).not.toContain('<!here>');
    expect(text).not.toMatch(/<https:/);
    expect(run.stdout + run.stderr).not.toContain('secretword');
    // A client that is not forge may write anything into its own prefix.
    const { userId } = factsOf(run).requester;
    const id = `${factsOf(run).id.slice(0, -4)}ZZZZ`;
    await putAs('dana', `requests/${userId}/${id}.json`, '{"reason":"\u001b]0;owned\u0007"}');
    const refused = await sandbox.forge(['breakglass', 'approve', id, '--yes'], { person: 'mia' });
    expect(refused.code).toBe(5);
    expect(refused.stderr).not.toContain('\u001b');
    expect(refused.stderr).toContain('is no request that can be decided');
    const listed = await sandbox.forge(['breakglass', 'list'], { person: 'mia' });
    expect(listed.stderr).toContain(`${id}.json is no request.`);
  });

  it('a request that says another name than the writer’s can’t be approved', async () => {
    const asked = await ask('dana', { '--scenario': 'instance' });
    const { userId } = asked.requester;
    const id = `${asked.id.slice(0, -4)}YYYY`;
    const stored = await objectText(`requests/${userId}/${asked.id}.json`);
    const forged = stored.replace(asked.id, id).replace('dana@tapp.example', 'alex@tapp.example');
    await putAs('dana', `requests/${userId}/${id}.json`, forged);
    const refused = await approve('mia', id);
    expect([refused.code, refusalOf(refused).code]).toEqual([5, 'UNSOUND_REQUEST']);
    expect(refused.stderr).toContain('dana@tapp.example');
    expect(members(userId)).toBe(0);
    expect(await show(asked.id)).toMatchObject({ status: 'waiting' });
  });
});

/** In how many just-in-time groups. */
function members(userId: string): number {
  const { groups, memberships } = sandbox.world.organisation;
  const jit = new Set([...groups].filter(({ name }) => name.includes('-jit-')).map(({ id }) => id));
  return [...memberships].filter((one) => one.userId === userId && jit.has(one.groupId)).length;
}

async function changed(name: string, change: (yaml: string) => string): Promise<string> {
  const yaml = await readFile(sandbox.state.config, 'utf8');
  expect(change(yaml)).not.toBe(yaml);
  const path = join(await sandbox.newHome(), name);
  await writeFile(path, change(yaml));
  return path;
}

/** As a program that is not forge gets them: with the token that the person's sign-in left. */
async function keysOf(person: string, roleName: string) {
  const { HOME = '' } = sandbox.environment({ person });
  const { readdir } = await import('node:fs/promises');
  const folder = join(HOME, '.aws', 'sso', 'cache');
  const records = await Promise.all(
    (await readdir(folder)).map(
      async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as { accessToken?: string },
    ),
  );
  const accessToken = records.find((record) => record.accessToken !== undefined)?.accessToken;
  const { roleCredentials } = await new SSOClient({ region: 'us-east-1', endpoint: sandbox.state.url }).send(
    new GetRoleCredentialsCommand({ accessToken, accountId: '999999999999', roleName }),
  );
  return {
    accessKeyId: roleCredentials?.accessKeyId ?? '',
    secretAccessKey: roleCredentials?.secretAccessKey ?? '',
    sessionToken: roleCredentials?.sessionToken ?? '',
  };
}
const approverKeys = (person: string) => keysOf(person, 'Forge-BreakGlass-Approve-tier1');

async function putAs(person: string, key: string, body: string): Promise<void> {
  const credentials = await keysOf(person, 'Forge-BreakGlass-Request');
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: sandbox.state.url,
    credentials,
    forcePathStyle: true,
  });
  await client.send(
    new PutObjectCommand({
      Bucket: 'forge-breakglass-intake-999999999999',
      Key: key,
      Body: body,
      IfNoneMatch: '*',
    }),
  );
}

async function objectText(key: string): Promise<string> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const credentials = await keysOf('dana', 'Forge-BreakGlass-Request');
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: sandbox.state.url,
    credentials,
    forcePathStyle: true,
  });
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: 'forge-breakglass-intake-999999999999', Key: key }),
  );
  return (await Body?.transformToString()) ?? '';
}
