import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  IAMClient,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emergencyUseFromEvent } from '../../../src/breakglass/protocol/emergency-use.ts';
import { judgeEmergency } from '../../../src/breakglass/protocol/judge-emergency.ts';
import { offlineRoleName, offlineUserName } from '../../../src/sandbox/break-glass/arns.ts';
import { handlerPolicy } from '../../../src/sandbox/machine/handler-policy.ts';
import { eventsForRecorder } from '../../../src/sandbox/machine/rules.ts';
import { totpCode, totpStep } from '../../../src/sandbox/totp.ts';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../clients.ts';
import { personKeys } from './person-keys.ts';

let stage: AwsStage;
let offset = 0;
beforeEach(async () => {
  offset = 0;
  stage = await startAwsStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const user = () => {
  const found = stage.world.organisation.users.find(({ name }) => name === offlineUserName);
  if (found?.mfa === undefined) throw new Error('no user');
  return { ...found, mfa: found.mfa };
};
const own = () => stage.world.userKeys(offlineUserName);
const code = () => totpCode(user().mfa.secret, totpStep(stage.world.now()));
/** A code opens once: the next one. */
const later = (ms = 30_000) => {
  offset += ms;
  stage.world.setClockOffset(offset);
};
const iam = (keys: Keys) =>
  new IAMClient({
    endpoint: stage.endpoint.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: credentialsOf(keys),
    systemClockOffset: offset,
  });
const sts = (keys: Keys) => {
  const client = stage.sts(keys);
  client.config.systemClockOffset = offset;
  return client;
};
const whoAmI = (keys: Keys) => sts(keys).send(new GetCallerIdentityCommand({}));

async function withMfa(keys: Keys = own()): Promise<IAMClient> {
  const { Credentials } = await sts(keys).send(
    new GetSessionTokenCommand({ SerialNumber: user().mfa.serialNumber, TokenCode: code() }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = Credentials ?? {};
  return iam({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
}

describe('access keys of an IAM user', () => {
  it('are made, work after a moment, are made inactive and removed; never more than two', async () => {
    const client = await withMfa();
    const { AccessKey } = await client.send(new CreateAccessKeyCommand({}));
    const { AccessKeyId = '', SecretAccessKey = '', UserName } = AccessKey ?? {};
    expect([UserName, AccessKeyId]).toEqual([offlineUserName, expect.stringMatching(/^AKIA[A-Z2-7]{16}$/)]);
    const fresh = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: undefined };
    expect(await failureOf(whoAmI(fresh))).toMatchObject({ name: 'InvalidClientTokenId', status: 403 });
    later(1_000);
    expect((await whoAmI(fresh)).Arn).toBe(`arn:aws:iam::999999999999:user/forge/${offlineUserName}`);
    expect(await failureOf(client.send(new CreateAccessKeyCommand({})))).toMatchObject({
      name: 'LimitExceededException',
      status: 409,
    });
    const old = own().accessKeyId;
    await client.send(new UpdateAccessKeyCommand({ AccessKeyId: old, Status: 'Inactive' }));
    expect(await failureOf(whoAmI(own()))).toMatchObject({ name: 'InvalidClientTokenId' });
    const { AccessKeyMetadata } = await client.send(new ListAccessKeysCommand({}));
    expect(AccessKeyMetadata?.map(({ AccessKeyId: id, Status }) => [id, Status])).toEqual([
      [old, 'Inactive'],
      [AccessKeyId, 'Active'],
    ]);
    await client.send(new DeleteAccessKeyCommand({ AccessKeyId: old }));
    expect(await failureOf(client.send(new DeleteAccessKeyCommand({ AccessKeyId: old })))).toMatchObject({
      name: 'NoSuchEntityException',
      status: 404,
    });
    const all = JSON.stringify(stage.world.events.all());
    expect(all).toContain('CreateAccessKey');
    expect(all).not.toContain(SecretAccessKey);
  });

  it('are changed by their user alone, with MFA, and by no administrator', async () => {
    for (const keys of [own(), await personKeys(stage, 'alex', 'Forge-Admin')]) {
      const client = iam(keys);
      const input = { UserName: offlineUserName, AccessKeyId: own().accessKeyId };
      for (const command of [
        new CreateAccessKeyCommand({ UserName: offlineUserName }),
        new UpdateAccessKeyCommand({ ...input, Status: 'Inactive' }),
        new DeleteAccessKeyCommand(input),
      ]) {
        expect(await failureOf(client.send(command as CreateAccessKeyCommand))).toMatchObject({
          name: 'AccessDenied',
        });
      }
    }
    const other = { UserName: 'ci' };
    expect(await failureOf((await withMfa()).send(new CreateAccessKeyCommand(other)))).toMatchObject({
      name: 'AccessDenied',
    });
    const ask = new GetAccessKeyLastUsedCommand({ AccessKeyId: own().accessKeyId });
    later();
    expect(await failureOf((await withMfa()).send(ask))).toMatchObject({ name: 'AccessDenied' });
  });
});

describe('the role of tier 3', () => {
  const roleArn = `arn:aws:iam::333333333333:role/forge/${offlineRoleName}`;
  const tags = (changes: Record<string, string | undefined> = {}) =>
    Object.entries({
      'forge:tier': '3',
      'forge:incident': 'INC-1',
      'forge:reason': 'down',
      'forge:id': 'BG-1',
      ...changes,
    }).flatMap(([Key, Value]) => (Value === undefined ? [] : [{ Key, Value }]));
  const assume = (input: Partial<AssumeRoleCommandInput> = {}, region = 'us-east-1') => {
    const client = sts(own());
    client.config.region = async () => region;
    return client.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: 'sam+sven',
        SourceIdentity: 'sam+sven',
        DurationSeconds: 14_400,
        SerialNumber: user().mfa.serialNumber,
        TokenCode: code(),
        Tags: tags(),
        ...input,
      }),
    );
  };

  it('opens for two names with a code and an incident, for four hours, and the recorder finds it sanctioned', async () => {
    const { Credentials } = await assume();
    const left = (Credentials?.Expiration?.getTime() ?? 0) - stage.world.now();
    expect(left).toBeGreaterThan(14_390_000);
    const event = stage.world.events.all().findLast(({ name }) => name === 'AssumeRole');
    const policy = handlerPolicy(stage.world.organisation);
    // The user's account is told, and the role's: of one session.
    const told = event === undefined ? [] : eventsForRecorder(event);
    const verdicts = told.map((one) => {
      const use = emergencyUseFromEvent(one);
      return use && judgeEmergency(use, policy, stage.world.now());
    });
    expect(verdicts[0]).toMatchObject({
      sanctioned: true,
      session: { tier: 3, userName: 'sam+sven', environment: 'prod-wealth', ticket: 'INC-1' },
    });
    expect(told.map(({ account }) => account)).toEqual(['999999999999', '333333333333']);
    expect(verdicts[1]).toEqual(verdicts[0]);
  });

  it.each<[string, Partial<AssumeRoleCommandInput>, string?]>([
    ['no code', { SerialNumber: undefined, TokenCode: undefined }],
    ['one name', { SourceIdentity: 'sam' }],
    ['no name', { SourceIdentity: undefined }],
    ['another tier', { Tags: tags({ 'forge:tier': '0' }) }],
    ['no incident', { Tags: tags({ 'forge:incident': undefined }) }],
    ['no reason', { Tags: tags({ 'forge:reason': undefined }) }],
    ['a tag of its own', { Tags: tags({ team: 'x' }) }],
    ['another region', {}, 'eu-west-1'],
  ])('stays shut: %s', async (_name, input, region) => {
    expect((await failureOf(assume(input, region))).name).toBe('AccessDenied');
  });

  it('stays shut for MFA that was a quarter of an hour ago', async () => {
    const { Credentials } = await sts(own()).send(
      new GetSessionTokenCommand({ SerialNumber: user().mfa.serialNumber, TokenCode: code() }),
    );
    later(15 * 60_000);
    const client = sts({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken,
    });
    const input = { RoleArn: roleArn, RoleSessionName: 'sam+sven', SourceIdentity: 'sam+sven', Tags: tags() };
    expect((await failureOf(client.send(new AssumeRoleCommand(input)))).name).toBe('AccessDenied');
  });
});
