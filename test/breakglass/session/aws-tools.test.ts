import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsStage, startAwsStage } from '../../sandbox/clients.ts';
import { findAwsClis } from '../../support/aws-cli.ts';
import { runProgram } from '../../support/sandbox.ts';
import { type SessionStage, startSessionStage } from './session-stage.ts';
import type { SessionOrder } from './session-worker.ts';

const clis = findAwsClis();
const arn = 'arn:aws:sts::111111111111:assumed-role/developer-rds-access/break-glass';

let aws: AwsStage;
let stage: SessionStage;
let order: Pick<SessionOrder, 'keys' | 'keysLastMs'>;
beforeAll(async () => {
  [aws, stage] = await Promise.all([startAwsStage(), startSessionStage()]);
  const { Credentials: role } = await aws.sts(aws.world.userKeys('ci')).send(
    new AssumeRoleCommand({
      RoleArn: 'arn:aws:iam::111111111111:role/developer-rds-access',
      RoleSessionName: 'break-glass',
      SourceIdentity: 'ci',
    }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = role ?? {};
  order = {
    keys: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    keysLastMs: 3_600_000,
  };
  // What would come before the session's credentials in the order of the SDKs.
  const other = 'aws_access_key_id = AKIAOTHEROTHEROTHER\naws_secret_access_key = other-secret\n';
  stage.write('.aws/credentials', `[default]\n${other}`);
  stage.write('.boto', `[Credentials]\n${other}`);
  stage.write(
    '.aws/config',
    '[default]\nregion = eu-west-1\noutput = text\ncredential_process = /bin/false\n',
  );
}, 120_000);
afterAll(async () => {
  stage[Symbol.dispose]();
  await aws.endpoint.close();
});

const others = {
  AWS_ACCESS_KEY_ID: 'AKIAOTHEROTHEROTHER',
  AWS_SECRET_ACCESS_KEY: 'other-secret',
  AWS_PROFILE: 'default',
  AWS_PAGER: '',
};

describe('AWS tools in an active session', () => {
  if (clis.length === 0)
    process.stderr.write('\nSkipped for lack of aws: the AWS CLI in a break-glass session\n');

  it.each(clis)('$version is who the session is, whatever ~/.aws says', async ({ path }) => {
    const identity = ['sts', 'get-caller-identity', '--endpoint-url', aws.endpoint.url];
    const ask = [path, ...identity].map((word) => `'${word}'`).join(' ');
    const region = `'${path}' configure get region`;
    const save = `env > '${join(stage.home, 'inside')}'`;
    const command = ['sh', '-c', `${save}; ${ask} --query Arn; ${region}`];
    const { stdout, stderr, code } = await stage.run({ ...order, command }, { env: others });
    // `output = text` of the person holds, their region and keys do not.
    expect({ stdout, code }, stderr).toEqual({ stdout: `${arn}\nus-east-1\n`, code: 0 });

    const inside = Object.fromEntries(
      readFileSync(join(stage.home, 'inside'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('='))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(JSON.stringify(inside)).not.toContain(order.keys.secretAccessKey);
    const after = await runProgram(path, identity, inside);
    expect(after.code, after.stdout).not.toBe(0);
    expect(after.stdout).toBe('');
  });

  it('the SDK for JavaScript takes them too, and has them end with the session', async () => {
    const command = [process.execPath, await stage.script('sdk-worker.ts'), aws.endpoint.url];
    const { stdout, stderr } = await stage.run({ ...order, lastsMs: 600_000, command }, { env: others });
    expect(stdout, stderr).not.toBe('');
    const { Arn, expiration } = JSON.parse(stdout) as { Arn: string; expiration: string };
    expect(Arn).toBe(arn);
    const left = Date.parse(expiration) - stage.report().startedAt;
    expect(left).toBeLessThanOrEqual(600_000);
    expect(left).toBeGreaterThan(598_000);
  });
});
