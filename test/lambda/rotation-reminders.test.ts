import { describe, expect, it } from 'vitest';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
import { assumeRoleEvent, minute } from '../support/break-glass-story.ts';

const hour = 60 * minute;
const sweeping = { sweeping: true };
const user = 'arn:aws:iam::999999999999:user/forge/forge-emergency-a';
const key = 'AKIAOFFLINEEXAMPLE22';

/** Dana and Mia opened tier 3 with the key. */
const opened = (cloud: Cloud) =>
  cloud.deliver({
    source: 'aws.sts',
    detail: assumeRoleEvent(
      { userIdentity: { type: 'IAMUser', arn: user, accountId: '999999999999', accessKeyId: key } },
      {
        roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-EmergencyOffline',
        sourceIdentity: 'dana+mia',
        tags: [
          { key: 'forge:tier', value: '3' },
          { key: 'forge:incident', value: 'INC-99' },
        ],
      },
    ),
  });
let events = 0;
const removed = (cloud: Cloud, change: Record<string, unknown> = {}, accessKeyId = key) =>
  cloud.trail.push({
    account: '999999999999',
    event: {
      eventID: `00000000-0000-4000-9000-${String(++events).padStart(12, '0')}`,
      eventTime: new Date(cloud.now()).toISOString().replace(/\.\d+/, ''),
      eventSource: 'iam.amazonaws.com',
      eventName: 'DeleteAccessKey',
      awsRegion: 'us-east-1',
      userIdentity: { type: 'IAMUser', arn: user, accountId: '999999999999' },
      requestParameters: { accessKeyId },
      responseElements: null,
      ...change,
    },
  });
const reminders = (cloud: Cloud) => cloud.said.filter(({ text }) => text.includes('forge breakglass rotate'));

describe('the key that tier 3 was opened with', () => {
  it('is missed once a day until CloudTrail has seen its removal', async () => {
    const cloud = createCloud();
    opened(cloud);
    await cloud.run(23 * hour, sweeping);
    expect(reminders(cloud)).toEqual([]);
    await cloud.run(2 * hour, sweeping);
    expect(reminders(cloud).map(({ text }) => text)).toEqual([
      expect.stringMatching(/key of \*forge-emergency-a\* was used .* by \*dana\+mia\*, and is not replaced/),
    ]);
    await cloud.run(24 * hour, sweeping);
    expect(reminders(cloud)).toHaveLength(2);
    removed(cloud);
    await cloud.run(4 * 24 * hour, sweeping);
    expect(reminders(cloud)).toHaveLength(2);
  });

  it.each([
    ['another key', {}, 'AKIAANOTHEREXAMPLE22'],
    ['a call that was denied', { errorCode: 'AccessDenied' }, key],
    ['only its being off', { eventName: 'UpdateAccessKey' }, key],
  ])('is missed still after the removal of %s', async (_name, change, accessKeyId) => {
    const cloud = createCloud();
    opened(cloud);
    await cloud.run(hour, sweeping);
    removed(cloud, change, accessKeyId);
    await cloud.run(24 * hour, sweeping);
    expect(reminders(cloud)).toHaveLength(1);
  });

  it('by many sweeps at once, whatever dies: told once', async () => {
    const cloud = createCloud();
    opened(cloud);
    await cloud.run(25 * hour);
    cloud.crashAt(20, 'after');
    await Promise.all([cloud.sweep(), cloud.sweep()]);
    await cloud.run(hour, sweeping);
    expect(reminders(cloud)).toHaveLength(1);
  });
});
