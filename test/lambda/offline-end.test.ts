import { expect, it } from 'vitest';
import { killKey } from '../../src/breakglass/protocol/keys.ts';
import { encodeKill } from '../../src/breakglass/protocol/kill.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import { assumeRoleEvent, eventId, minute, people } from '../support/break-glass-story.ts';

const emergency = `EV-${eventId}` as const;
const opened = (cloud: Cloud, sourceIdentity: string) =>
  cloud.deliver({
    source: 'aws.sts',
    detail: assumeRoleEvent(
      {
        userIdentity: {
          type: 'IAMUser',
          arn: 'arn:aws:iam::999999999999:user/forge/forge-emergency-a',
          accountId: '999999999999',
        },
      },
      {
        roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-EmergencyOffline',
        durationSeconds: 14_400,
        sourceIdentity,
        tags: [
          { key: 'forge:tier', value: '3' },
          { key: 'forge:incident', value: 'INC-99' },
        ],
      },
    ),
  });

it('tier 3, stopped by an approver, loses what was issued: by both names, which all that came of it carries', async () => {
  const cloud = createCloud();
  opened(cloud, 'dana+mia');
  await cloud.run(minute);
  expect(cloud.cuts).toEqual([]);
  const by = people.mia;
  const key = killKey(emergency, by.userId);
  const paper = { v: 1, kind: 'kill', sessionId: emergency, by, reason: 'enough' } as const;
  cloud.put({ key, bytes: encodeKill(paper) });
  cloud.deliver(objectCreated(key));
  await cloud.run(minute);
  expect(cloud.cuts).toEqual([expect.objectContaining({ account: '333333333333', userId: 'dana+mia' })]);
});

it('tier 3 in one name is not sanctioned: everybody of the account is cut off, and it is told', async () => {
  const cloud = createCloud();
  opened(cloud, 'dana');
  await cloud.run(minute);
  expect(cloud.cuts).toEqual([expect.objectContaining({ account: '333333333333', userId: '*' })]);
  expect(cloud.said.map(({ text }) => text).join('\n')).toContain('was used as it must not be');
});
