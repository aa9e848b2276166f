import { describe, expect, it } from 'vitest';
import type { Person } from '../../src/breakglass/protocol/document-parts.ts';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
import { assumeRoleEvent, groups, membershipEvent, minute, people } from '../support/break-glass-story.ts';

/** What AWS refused is told, and not once for each try. */
let tries = 0;
const next = () => ({
  eventID: `00000000-0000-4000-a000-${String(++tries).padStart(12, '0')}`,
});
const eventTime = (cloud: Cloud) => new Date(cloud.now()).toISOString().replace(/\.\d+Z/, 'Z');

/** The same person asks for and makes the membership. */
function tryOneself(cloud: Cloud, { userId, userName }: Person, groupId: string): void {
  const { userIdentity, requestParameters } = membershipEvent() as {
    userIdentity: { arn: string; onBehalfOf: object };
    requestParameters: object;
  };
  const event = membershipEvent({
    ...next(),
    eventTime: eventTime(cloud),
    errorCode: 'AccessDeniedException',
    responseElements: null,
    userIdentity: {
      ...userIdentity,
      arn: userIdentity.arn.replace(/[^/]+$/, userName),
      onBehalfOf: { ...userIdentity.onBehalfOf, userId },
    },
    requestParameters: { ...requestParameters, groupId, memberId: { userId } },
  });
  cloud.deliver({ source: 'aws.identitystore', detail: event });
}
const texts = (cloud: Cloud) => cloud.said.map(({ text }) => text);

describe('tries to approve oneself', () => {
  it('are one message a person and five minutes, which says that nobody got in', async () => {
    const cloud = createCloud();
    for (let round = 0; round < 8; round++)
      for (const group of [groups.kubernetes, groups.database]) tryOneself(cloud, people.mia, group);
    tryOneself(cloud, people.lee, groups.database);
    await cloud.run(minute);
    expect(cloud.said).toHaveLength(2);
    const [first = '', second = ''] = texts(cloud);
    expect(first).toMatch(
      /^:no_entry: \*mia@tapp.example\* tried to let themselves into tier 1 \(kubernetes\) in \*prod-wealth\*/,
    );
    expect(first).toContain('AWS refused it: nobody got in');
    expect(first).not.toMatch(/was given|taken away/);
    expect(second).toContain('lee@tapp.example');
    await cloud.run(5 * minute);
    tryOneself(cloud, people.mia, groups.readOnly);
    await cloud.run(minute);
    expect(texts(cloud).slice(2)).toEqual([expect.stringContaining('tier 2 in *prod-cash*')]);
    expect(cloud.archive.size).toBe(0);
  });
});

describe('tries of an emergency role', () => {
  it('are one message, whatever the caller names the role session', async () => {
    const cloud = createCloud();
    const { userIdentity } = assumeRoleEvent() as { userIdentity: object };
    for (const name of ['a', 'b', 'c'])
      cloud.deliver({
        source: 'aws.sts',
        detail: assumeRoleEvent({
          ...next(),
          errorCode: 'AccessDenied',
          responseElements: null,
          userIdentity: {
            ...userIdentity,
            arn: `arn:aws:sts::333333333333:assumed-role/some-role/${name}`,
            onBehalfOf: undefined,
          },
        }),
      });
    await cloud.run(minute);
    expect(texts(cloud)).toEqual([expect.stringContaining('tried an emergency role and was refused')]);
  });
});
