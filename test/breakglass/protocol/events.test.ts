import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emergencyUseFromEvent,
  parseExpiration,
  personOf,
} from '../../../src/breakglass/protocol/emergency-use.ts';
import { judge } from '../../../src/breakglass/protocol/judge.ts';
import { judgeEmergency } from '../../../src/breakglass/protocol/judge-emergency.ts';
import { foundMembership, membershipFromEvent } from '../../../src/breakglass/protocol/membership.ts';
import type { Refusal } from '../../../src/breakglass/protocol/refusals.ts';
import { isSameGrant } from '../../../src/breakglass/protocol/same-grant.ts';
import {
  assumeRoleEvent,
  emergencyRole,
  eventId,
  groups,
  membershipEvent,
  membershipId,
  minute,
  noon,
  people,
  ssoIdentity,
  storyPapers,
  storyPolicy,
} from '../../support/break-glass-story.ts';

describe('a membership in an event', () => {
  const expected = {
    membershipId,
    groupId: groups.database,
    userId: people.dana.userId,
    identityStoreId: 'd-9067f7c0de',
    made: {
      eventId,
      at: noon,
      region: 'us-east-1',
      call: 'CreateGroupMembership',
      errorCode: undefined,
      by: {
        arn: 'arn:aws:sts::999999999999:assumed-role/AWSReservedSSO_Forge-BreakGlass-Approve-tier1_0123456789abcdef/mia@tapp.example',
        account: '999999999999',
        userId: people.mia.userId,
        permissionSet: 'Forge-BreakGlass-Approve-tier1',
        sessionName: 'mia@tapp.example',
      },
    },
  };

  it('is of whom it is, in capitals, too', () => {
    const event = membershipEvent();
    const text = JSON.stringify(event)
      .replaceAll(people.dana.userId, people.dana.userId.toUpperCase())
      .replaceAll(groups.database, groups.database.toUpperCase());
    expect(text).not.toBe(JSON.stringify(event));
    expect(membershipFromEvent(JSON.parse(text))).toEqual(expected);
  });

  it('is read from the event alone and from EventBridge’s envelope', () => {
    expect(membershipFromEvent(membershipEvent())).toEqual(expected);
    const envelope = {
      version: '0',
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.identitystore',
      detail: membershipEvent(),
    };
    expect(membershipFromEvent(envelope)).toEqual(expected);
  });

  it('is read in either spelling of its members', () => {
    const event = membershipEvent({
      requestParameters: {
        IdentityStoreId: 'd-9067f7c0de',
        GroupId: groups.database,
        MemberId: { UserId: people.dana.userId },
      },
      responseElements: { MembershipId: membershipId, IdentityStoreId: 'd-9067f7c0de' },
    });
    expect(membershipFromEvent(event)).toEqual(expected);
  });

  it('is read from what the console calls, which has no id', () => {
    const event = membershipEvent({
      eventSource: 'sso-directory.amazonaws.com',
      eventName: 'AddMemberToGroup',
      requestParameters: {
        identityStoreId: 'd-9067f7c0de',
        groupId: groups.database,
        member: { memberId: people.dana.userId },
      },
      responseElements: null,
    });
    expect(membershipFromEvent(event)).toMatchObject({
      membershipId: undefined,
      userId: people.dana.userId,
      made: { call: 'AddMemberToGroup' },
    });
  });

  it('that was refused says so', () => {
    const denied = membershipEvent({ errorCode: 'AccessDeniedException', responseElements: null });
    expect(membershipFromEvent(denied)).toMatchObject({
      membershipId: undefined,
      made: { errorCode: 'AccessDeniedException' },
    });
    expect(membershipFromEvent(membershipEvent({ errorMessage: 'no' }))?.made?.errorCode).toBe('Error');
  });

  it.each([
    ['another call', { eventName: 'DeleteGroupMembership' }],
    ['another service’s call of the name', { eventSource: 'ssm.amazonaws.com' }],
    ['a group that is no id', { requestParameters: { groupId: '../x', memberId: { userId: membershipId } } }],
    ['no member', { requestParameters: { groupId: groups.database, memberId: {} } }],
    ['no parameters', { requestParameters: null }],
    ['no time', { eventTime: undefined }],
    ['a time in words', { eventTime: 'yesterday' }],
    ['no id', { eventID: 7 }],
    ['an id that would leave its key', { eventID: '../../x' }],
  ])('is none: %s', (_what, change) => {
    expect(membershipFromEvent(membershipEvent(change))).toBeUndefined();
  });

  it('is nothing in whatever else there is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.json(), (value, json) => {
        expect(membershipFromEvent(value)).toBeUndefined();
        expect(emergencyUseFromEvent(JSON.parse(json))).toBeUndefined();
      }),
    );
  });

  it('with anything in any place is read or not, and judged', () => {
    const policy = storyPolicy();
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(membershipEvent())),
        fc.anything(),
        fc.double(),
        (key, value, now) => {
          const membership = membershipFromEvent(membershipEvent({ [key]: value }));
          if (membership === undefined) return;
          const { session } = judge(membership, storyPapers(), policy, now);
          expect(Number.isFinite(Date.parse(session.expiresAt))).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the same grant', () => {
  const membership = membershipFromEvent(membershipEvent());
  if (membership === undefined) throw new Error('no membership');
  const { session } = judge(membership, storyPapers(), storyPolicy(), noon);
  const open = { session, event: membershipEvent(), decisions: [] };

  it('is the event once more, wrapped or not, or the membership found', () => {
    expect(isSameGrant(open, membership)).toBe(true);
    expect(isSameGrant({ ...open, event: { detail: membershipEvent() } }, membership)).toBe(true);
    const { groupId, userId, identityStoreId } = membership;
    expect(isSameGrant(open, foundMembership({ membershipId, groupId, userId, identityStoreId }))).toBe(true);
    expect(isSameGrant({ session, decisions: [] }, membership)).toBe(true);
  });

  it('is not another membership, nor the same made again', () => {
    expect(isSameGrant(open, { ...membership, membershipId: groups.readOnly })).toBe(false);
    expect(isSameGrant(open, { ...membership, membershipId: undefined })).toBe(false);
    const again = membershipFromEvent(membershipEvent({ eventID: '8f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3d' }));
    expect(again && isSameGrant(open, again)).toBe(false);
  });
});

describe('the use of an emergency role', () => {
  const policy = storyPolicy();
  const use = (change: Record<string, unknown> = {}, parameters: Record<string, unknown> = {}) => {
    const found = emergencyUseFromEvent(assumeRoleEvent(change, parameters));
    if (found === undefined) throw new Error('no use');
    return found;
  };

  it('is read, and sanctioned until its credentials end', () => {
    expect(use()).toMatchObject({
      roleArn: emergencyRole,
      accessKeyId: 'ASIAEMERGENCYEXAMPLE',
      sourceIdentity: people.sven.userId,
      at: noon,
      expiresAt: noon + 60 * minute,
      denied: false,
    });
    expect(personOf(use())).toBe(people.sven.userId);
    expect(judgeEmergency(use(), policy, noon)).toEqual({
      sanctioned: true,
      session: expect.objectContaining({
        id: `EV-${eventId}`,
        sanctioned: true,
        tier: 0,
        userId: people.sven.userId,
        userName: 'sven@tapp.example',
        roleArn: emergencyRole,
        accessKeyId: 'ASIAEMERGENCYEXAMPLE',
        ticket: 'INC-99',
        reason: 'Site down',
        openedAt: '2026-11-21T12:00:00Z',
        expiresAt: '2026-11-21T13:00:00Z',
      }),
    });
  });

  it('of tier 3 is in two people’s names', () => {
    const offline = (sourceIdentity: string) =>
      use(
        { userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::333333333333:user/forge-emergency-1' } },
        {
          roleArn: `${emergencyRole}Offline`,
          durationSeconds: 14_400,
          sourceIdentity,
          tags: [
            { key: 'forge:tier', value: '3' },
            { key: 'forge:incident', value: 'INC-99' },
          ],
        },
      );
    expect(judgeEmergency(offline('dana+mia'), policy, noon)).toMatchObject({
      sanctioned: true,
      session: { tier: 3, userName: 'dana+mia', expiresAt: '2026-11-21T16:00:00Z' },
    });
    for (const one of ['dana', 'dana+dana', 'dana+', '+', 'dana+mia+lee'])
      expect([one, judgeEmergency(offline(one), policy, noon)]).toMatchObject([
        one,
        { refusal: 'wrong-source' },
      ]);
  });

  it('that was denied is an attempt, and opens nothing', () => {
    const denied = use({ errorCode: 'AccessDenied', responseElements: null });
    expect(denied).toMatchObject({ denied: true, accessKeyId: undefined, expiresAt: noon });
    expect(judgeEmergency(denied, policy, noon)).toMatchObject({ refusal: 'call-failed' });
  });

  const tags = (change: Record<string, string>) => ({
    tags: Object.entries({ tier: '0', incident: 'INC-99', reason: 'Site down', ...change }).map(
      ([key, value]) => ({
        key: `forge:${key}`,
        value,
      }),
    ),
  });
  it.each<[string, Refusal, Record<string, unknown>, Record<string, unknown>]>([
    ['without tags', 'no-incident', {}, { tags: undefined }],
    ['without an incident', 'no-incident', {}, tags({ incident: ' ' })],
    ['without a reason', 'no-incident', {}, tags({ reason: '' })],
    ['as another tier', 'no-incident', {}, tags({ tier: '1' })],
    ['with another’s id', 'wrong-source', {}, { sourceIdentity: people.mia.userId }],
    ['without a source identity', 'wrong-source', {}, { sourceIdentity: undefined }],
    ['with a name for an id', 'wrong-source', {}, { sourceIdentity: 'sven' }],
    ['in another region', 'wrong-region', { awsRegion: 'ap-southeast-1' }, {}],
    ['for longer than allowed', 'too-long', {}, { durationSeconds: 7_200 }],
    ['of a role that no tier has', 'unknown-role', {}, { roleArn: emergencyRole.replace('forge/', '') }],
  ])('%s is not sanctioned and ends now', (_how, refusal, change, parameters) => {
    const verdict = judgeEmergency(use(change, parameters), policy, noon + 3_000);
    expect(verdict).toMatchObject({
      sanctioned: false,
      refusal,
      session: { id: `EV-${eventId}`, expiresAt: '2026-11-21T12:00:03Z' },
    });
  });

  it.each([
    ['my-breakglass', 'AssumeRole'],
    ['MyBreakGlassRole', 'AssumeRole'],
    ['break-glass', 'AssumeRoleWithSAML'],
    ['AWSReservedSSO_Forge-Prod-EMERGENCY_0123456789abcdef', 'AssumeRoleWithSAML'],
    ['emergency-x', 'AssumeRoleWithWebIdentity'],
  ])('is seen by the role’s name in any case: %s', (role, eventName) => {
    const event = assumeRoleEvent({ eventName }, { roleArn: `arn:aws:iam::333333333333:role/a/${role}` });
    expect(emergencyUseFromEvent(event)?.roleArn).toContain(role);
  });

  it.each([
    ['another role', {}, { roleArn: 'arn:aws:iam::333333333333:role/emergency/deploy' }],
    ['another call', { eventName: 'GetCallerIdentity' }, {}],
    ['another service', { eventSource: 'iam.amazonaws.com' }, {}],
    ['a user', {}, { roleArn: 'arn:aws:iam::333333333333:user/emergency' }],
    [
      'the permission sets with which people ask and approve',
      { eventName: 'AssumeRoleWithSAML' },
      {
        roleArn:
          'arn:aws:iam::999999999999:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Forge-BreakGlass-Request_0123456789abcdef',
      },
    ],
  ])('is not seen in %s', (_what, change, parameters) => {
    expect(emergencyUseFromEvent(assumeRoleEvent(change, parameters))).toBeUndefined();
  });

  it('at no time, or without an end, is not sanctioned and has both', () => {
    for (const change of [{ at: Number.NaN }, { expiresAt: Number.NaN }, { expiresAt: 9e15 }]) {
      expect(judgeEmergency({ ...use(), ...change }, policy, noon)).toMatchObject({
        refusal: 'time-unknown',
        session: { openedAt: '2026-11-21T12:00:00Z', expiresAt: '2026-11-21T12:00:00Z' },
      });
    }
  });

  it('ends when AWS says, however it says it', () => {
    const one = Date.UTC(2026, 10, 21, 13);
    for (const text of [
      'Nov 21, 2026, 1:00:00 PM',
      'Nov 21, 2026 1:00:00 PM',
      'Nov 21, 2026, 1:00:00\u202fPM',
      '2026-11-21T13:00:00Z',
    ])
      expect([text, parseExpiration(text)]).toEqual([text, one]);
    expect(parseExpiration('Nov 21, 2026, 12:00:00 AM')).toBe(Date.UTC(2026, 10, 21));
    expect(parseExpiration('Nov 21, 2026, 12:00:00 PM')).toBe(noon);
    for (const text of ['soon', 'Foo 21, 2026, 1:00:00 PM', 12, undefined])
      expect(parseExpiration(text)).toBeUndefined();
    // What was answered is later than what was asked for: the later counts. Nonsense does not.
    const answered = (expiration: unknown) => ({ responseElements: { credentials: { expiration } } });
    expect(use(answered('Nov 21, 2026, 1:30:00 PM')).expiresAt).toBe(noon + 90 * minute);
    expect(use(answered('Nov 21, 2099, 1:30:00 PM')).expiresAt).toBe(noon + 720 * minute);
    expect(use(answered(null), { durationSeconds: 'x' }).expiresAt).toBe(noon + 60 * minute);
  });

  it('by somebody whom AWS names is that person’s, whatever was said', () => {
    const identity = ssoIdentity({ person: people.dana, account: '222222222222' });
    expect(judgeEmergency(use({ userIdentity: identity }), policy, noon)).toMatchObject({
      refusal: 'wrong-source',
    });
  });
});
