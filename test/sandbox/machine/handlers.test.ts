import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addVersion } from '../../../src/sandbox/aws/s3/bucket.ts';
import { configurationBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { personKeys, roleKeys } from '../aws/person-keys.ts';
import { failureOf } from '../clients.ts';
import { day, emergencyTags, type MachineStage, minute, startMachineStage, wealth } from './machine-stage.ts';

/** The handlers as they are deployed, with their own roles' keys, on the sandbox's AWS and its clock. */
let stage: MachineStage;
beforeEach(async () => {
  stage = await startMachineStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

describe('a grant', () => {
  it('is recorded, ends by itself, and is sealed with what CloudTrail has; keys that were issued end too', async () => {
    const id = await stage.approved();
    await stage.admit('dana');
    await stage.settle();
    expect(stage.log).toEqual([]);
    expect(stage.kinds(id)).toEqual(['open']);
    expect(stage.said().map((text) => text.split(' ')[0])).toEqual([':key:', ':white_check_mark:']);
    await stage.turn(58 * minute);
    expect(stage.isIn('dana')).toBe(true);
    const { accessToken } = await stage.aws.signIn('dana');
    const keys = await roleKeys(stage.aws, accessToken, 'Forge-Prod-Database', wealth);
    const assume = new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${wealth}:role/readonly-rds-access`,
      RoleSessionName: 'dana@tapp.example',
      SourceIdentity: 'dana@tapp.example',
    });
    await stage.sts(keys).send(assume);
    await stage.turn(3 * minute);
    expect(stage.isIn('dana')).toBe(false);
    expect(await failureOf(stage.sts(keys).send(assume))).toMatchObject({ name: 'AccessDenied' });
    await stage.turn(25 * minute);
    expect(stage.kinds(id)).toEqual(['open', 'use', 'revoke', 'export', 'seal']);
    expect(stage.file(id, 'cloudtrail-000001.jsonl')).toContain('"eventName":"AssumeRole"');
    await stage.turn(2 * day);
    expect(stage.verify().findings).toEqual([]);
    expect(stage.said().at(-1)).toContain('is sealed. Ledger 0');
  });

  it('that nobody asked for is taken away before the approver has turned round', async () => {
    const membershipId = await stage.admit('dana');
    await stage.settle();
    expect(stage.isIn('dana')).toBe(false);
    expect(stage.kinds(`UN-${membershipId}`)).toEqual(['open', 'revoke']);
    expect(stage.said()[0]).toContain('Access that nobody sanctioned');
  });

  it('to oneself is refused by IAM, and told', async () => {
    const mia = await personKeys(stage.aws, 'mia', 'Forge-BreakGlass-Approve-tier1');
    expect(await failureOf(stage.admit('mia', mia))).toMatchObject({ name: 'AccessDeniedException' });
    await stage.settle();
    expect(stage.said()).toHaveLength(1);
    expect(stage.said()[0]).toContain('mia');
    expect(stage.sessions()).toEqual([]);
  });
});

describe('tier 0', () => {
  it('is told to all and recorded without the client doing anything', async () => {
    const keys = await stage.breakTheGlass(emergencyTags);
    await stage.settle();
    expect(stage.said()[0]).toContain('broke the glass');
    const [session = ''] = stage.sessions();
    await stage.turn(61 * minute);
    await stage.turn(2 * day);
    expect(stage.kinds(session)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(stage.verify().findings).toEqual([]);
    expect(stage.verify().sessions[0]?.session).toMatchObject({
      sanctioned: true,
      accessKeyId: keys.accessKeyId,
    });
  });

  it('without an incident is refused by AWS, and told', async () => {
    expect(await failureOf(stage.breakTheGlass({ 'forge:tier': '0' }))).toMatchObject({
      name: 'AccessDenied',
    });
    await stage.settle();
    expect(stage.said()[0]).toContain('was refused by AWS');
    expect(stage.sessions()).toEqual([]);
  });
});

describe('the policy', () => {
  it('under another name than its own is refused by every handler, until it is put right', async () => {
    const bucket = stage.aws.world.organisation.buckets.find(({ name }) => name === configurationBucket);
    const [[key, versions] = []] = [...(bucket?.objects ?? [])];
    const own = versions?.[0]?.body.toString() ?? '';
    if (bucket === undefined || key === undefined || versions === undefined) throw new Error('no policy');
    const body = Buffer.from(own.replace('"approvals":1', '"approvals":2'));
    expect(body.toString()).not.toBe(own);
    addVersion(bucket, key, { body, lastModified: 0 });
    const membershipId = await stage.admit('dana');
    await stage.settle();
    expect(stage.log.join('\n')).toContain('has other content than its name says');
    expect(stage.sessions()).toEqual([]);
    bucket.objects.set(key, versions);
    await stage.turn(5 * minute);
    expect(stage.isIn('dana')).toBe(false);
    expect(stage.kinds(`UN-${membershipId}`)).toEqual(['open', 'revoke']);
  });
});
