import { describe, expect, it } from 'vitest';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
import { assumeRoleEvent, minute, storyPolicy } from '../support/break-glass-story.ts';

/** Whatever tier 3's user does is told; what it opens is one session, though two accounts are told of it. */
const arn = 'arn:aws:iam::999999999999:user/forge/forge-emergency-a';
const offline = {
  type: 'IAMUser',
  arn,
  accountId: '999999999999',
  userName: 'forge-emergency-a',
  accessKeyId: 'AKIAOFFLINEEXAMPLE22',
};
let events = 0;
const id = () => `00000000-0000-4000-b000-${String(++events).padStart(12, '0')}`;

const call = (cloud: Cloud, eventName: string, change: Record<string, unknown> = {}) =>
  cloud.deliver({
    source: 'aws.iam',
    'detail-type': 'AWS API Call via CloudTrail',
    detail: {
      eventID: id(),
      eventTime: new Date(cloud.now()).toISOString().replace(/\.\d+Z/, 'Z'),
      eventSource: 'iam.amazonaws.com',
      eventName,
      awsRegion: 'us-east-1',
      sourceIPAddress: '203.0.113.7',
      userIdentity: offline,
      requestParameters: null,
      responseElements: null,
      ...change,
    },
  });
const texts = (cloud: Cloud) => cloud.said.map(({ text }) => text);

describe('a use of tier 3’s user', () => {
  it('is told: which call, from where, and whether AWS refused; the same again once in five minutes', async () => {
    const cloud = createCloud();
    for (let times = 0; times < 3; times++) call(cloud, 'CreateAccessKey');
    call(cloud, 'ListUsers', { errorCode: 'AccessDenied' });
    await cloud.run(minute);
    expect(texts(cloud)).toEqual([
      expect.stringMatching(
        /^:rotating_light: \*forge-emergency-a\*, the user of tier 3, was used: CreateAccessKey of iam\.amazonaws\.com, from 203\.0\.113\.7\.\n/,
      ),
      expect.stringContaining('ListUsers of iam.amazonaws.com, from 203.0.113.7; AWS refused it.'),
    ]);
    await cloud.run(5 * minute);
    call(cloud, 'CreateAccessKey');
    await cloud.run(minute);
    expect(cloud.said).toHaveLength(3);
    expect(cloud.archive.size).toBe(0);
  });

  it('is told of a sign-in that failed, which names no ARN', async () => {
    const cloud = createCloud();
    const { arn: _, ...unknown } = offline;
    const change = {
      eventSource: 'signin.amazonaws.com',
      userIdentity: unknown,
      responseElements: { ConsoleLogin: 'Failure' },
    };
    call(cloud, 'ConsoleLogin', change);
    await cloud.run(minute);
    expect(texts(cloud)).toEqual([expect.stringContaining('ConsoleLogin of signin.amazonaws.com')]);
    expect(texts(cloud)[0]).toContain('AWS refused it');
  });

  it('is nothing where there is no tier 3, or of anybody else, and what it writes is no markup', async () => {
    const without = storyPolicy({ emergencyRoles: [] });
    const cloud = createCloud(without);
    call(cloud, 'ListUsers');
    await cloud.run(minute);
    expect(cloud.said).toEqual([]);
    const other = createCloud();
    call(other, 'ListUsers', { userIdentity: { ...offline, type: 'AssumedRole' } });
    call(other, 'ListUsers', { sourceIPAddress: '<!channel> *x*' });
    await other.run(minute);
    expect(other.said).toHaveLength(1);
    expect(texts(other)[0]).not.toContain('<!channel>');
  });
});

describe('tier 3, of which both accounts are told', () => {
  const sharedEventID = '00000000-0000-4000-8000-00000000005a';
  const parameters = {
    roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-EmergencyOffline',
    sourceIdentity: 'dana+mia',
    tags: [
      { key: 'forge:tier', value: '3' },
      { key: 'forge:incident', value: 'INC-99' },
    ],
  };
  const asCaller = () =>
    assumeRoleEvent(
      { userIdentity: offline, sharedEventID, eventID: id(), recipientAccountId: '999999999999' },
      parameters,
    );
  const asOwner = () =>
    assumeRoleEvent(
      {
        userIdentity: { type: 'AWSAccount', principalId: 'AIDAEXAMPLE', accountId: '999999999999' },
        sharedEventID,
        eventID: id(),
      },
      parameters,
    );

  it.each([
    ['the role’s first', [asOwner, asCaller]],
    ['the user’s first', [asCaller, asOwner]],
  ])('is one session, and its key is missed: %s', async (_, order) => {
    const cloud = createCloud();
    for (const event of order) cloud.deliver({ source: 'aws.sts', detail: event() });
    cloud.trail.push({ account: '999999999999', event: asCaller() });
    await cloud.run(minute);
    const keys = [...cloud.archive.keys()].filter(
      (key) => key.endsWith('/000000.json') && key.startsWith('sessions/'),
    );
    expect(keys).toEqual([`sessions/EV-${sharedEventID}/000000.json`]);
    expect(cloud.said).toHaveLength(1);
    expect(texts(cloud)[0]).toContain('*dana+mia* broke the glass');
    await cloud.run(25 * 60 * minute, { sweeping: true });
    expect(texts(cloud).join('\n')).toMatch(/key of \*forge-emergency-a\* was used .* by \*dana\+mia\*/);
  });
});

it('a refusal without its parameters is told by what its message names', async () => {
  const cloud = createCloud();
  const refused = (resource: string) =>
    assumeRoleEvent({
      eventID: id(),
      errorCode: 'AccessDenied',
      errorMessage: `User: arn:aws:sts::999999999999:assumed-role/x/Emergency is not authorized to perform: sts:AssumeRole on resource: ${resource}`,
      requestParameters: null,
      responseElements: null,
    });
  cloud.deliver({ source: 'aws.sts', detail: refused('arn:aws:iam::333333333333:role/readonly-rds-access') });
  await cloud.run(minute);
  expect(cloud.said).toEqual([]);
  cloud.deliver({
    source: 'aws.sts',
    detail: refused('arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency'),
  });
  await cloud.run(minute);
  expect(texts(cloud)).toEqual([expect.stringMatching(/tried an emergency role and was refused by AWS/)]);
});
