import { describe, expect, it } from 'vitest';
import { judgeAmong } from '../../../src/breakglass/protocol/choose-request.ts';
import { newRequestId } from '../../../src/breakglass/protocol/ids.ts';
import { judge, type Papers } from '../../../src/breakglass/protocol/judge.ts';
import { requestKey } from '../../../src/breakglass/protocol/keys.ts';
import {
  foundMembership,
  type Membership,
  membershipFromEvent,
} from '../../../src/breakglass/protocol/membership.ts';
import type { Refusal } from '../../../src/breakglass/protocol/refusals.ts';
import {
  eventId,
  groups,
  membershipEvent,
  membershipId,
  minute,
  noon,
  people,
  requestId,
  ssoIdentity,
  storedDecision,
  storedRequest,
  storyPapers,
  storyPolicy,
  storyRequest,
} from '../../support/break-glass-story.ts';

const policy = storyPolicy();
const now = noon + 3_000;

function read(change: Record<string, unknown> = {}): Membership {
  const membership = membershipFromEvent(membershipEvent(change));
  if (membership === undefined) throw new Error('no membership');
  return membership;
}

function expectRefusal(refusal: Refusal, papers: Papers, membership = read(), rules = policy): void {
  const verdict = judge(membership, papers, rules, now);
  expect(verdict).toMatchObject({ sanctioned: false, refusal });
  expect(verdict.session).toMatchObject({
    id: `UN-${membership.membershipId ?? eventId}`,
    sanctioned: false,
    userId: membership.userId,
    expiresAt: '2026-11-21T12:00:03Z',
    approvers: [],
  });
}

/** The papers of a request that says something else. */
function asking(change: Parameters<typeof storyRequest>[0]): Papers {
  const request = storedRequest(storyRequest(change));
  return storyPapers({ request, decisions: [storedDecision(request)] });
}

describe('a grant is sanctioned', () => {
  it('when it was asked for, approved, and made by who approved it', () => {
    expect(judge(read(), storyPapers(), policy, now)).toEqual({
      sanctioned: true,
      request: storyRequest(),
      rule: { approvals: 1, tierMinutes: 240, grantMinutes: 120 },
      session: {
        id: requestId,
        sanctioned: true,
        tier: 1,
        userId: people.dana.userId,
        userName: 'dana@tapp.example',
        groupId: groups.database,
        membershipId,
        permissionSet: 'Forge-Prod-Database',
        scenario: 'database',
        account: '333333333333',
        environment: 'prod-wealth',
        ticket: 'OPS-4711',
        reason: 'Orders stuck since 11:40',
        openedAt: '2026-11-21T12:00:00Z',
        expiresAt: '2026-11-21T13:00:00Z',
        approvers: [people.mia],
        extends: undefined,
      },
    });
  });

  it('until the smallest of what was asked for and what each approver gave', () => {
    const request = storedRequest();
    const papers = storyPapers({ request, decisions: [storedDecision(request, 1, { minutes: 15 })] });
    expect(judge(read(), papers, policy, now).session.expiresAt).toBe('2026-11-21T12:15:00Z');
  });

  it('from the approval on when nobody saw the membership being made', () => {
    const found = foundMembership({
      membershipId,
      groupId: groups.database,
      userId: people.dana.userId,
      identityStoreId: undefined,
    });
    expect(judge(found, storyPapers(), policy, now)).toMatchObject({
      sanctioned: true,
      session: { openedAt: '2026-11-21T11:59:00Z', expiresAt: '2026-11-21T12:59:00Z' },
    });
    const unasked = storyPapers({ decisions: [] });
    expect(judge(found, unasked, policy, now)).toMatchObject({ refusal: 'too-few-approvals' });
  });

  it('by as many as the tier needs, whoever of them made it', () => {
    const request = storedRequest(
      storyRequest({
        tier: 2,
        account: '444444444444',
        environment: 'prod-cash',
        scenario: undefined,
        permissionSet: 'Forge-Prod-ReadOnly',
        groupId: groups.readOnly,
        ticket: undefined,
      }),
    );
    const decisions = [
      storedDecision(request, 2, { approver: people.sven, minutes: 45 }, { lastModified: noon }),
      storedDecision(request, 2, { approver: people.mia }),
    ];
    const membership = read({
      userIdentity: ssoIdentity({
        person: people.sven,
        role: 'AWSReservedSSO_Forge-BreakGlass-Approve-tier2_0123456789abcdef',
      }),
      requestParameters: {
        identityStoreId: 'd-9067f7c0de',
        groupId: groups.readOnly,
        memberId: { userId: people.dana.userId },
      },
    });
    const papers = { request, decisions, spent: false };
    expect(judge(membership, papers, policy, now)).toMatchObject({
      sanctioned: true,
      session: { expiresAt: '2026-11-21T12:45:00Z', approvers: [people.mia, people.sven] },
    });
    expectRefusal('too-few-approvals', { ...papers, decisions: decisions.slice(0, 1) }, membership);
  });

  it('when a second approver said yes a moment after the first let them in: one grant', () => {
    const request = storedRequest();
    const late = storedDecision(request, 1, { approver: people.lee }, { lastModified: noon + 20_000 });
    const papers = storyPapers({ request, decisions: [storedDecision(request), late] });
    expect(judge(read(), papers, policy, now).session.approvers).toEqual([people.mia]);
  });

  it('by the time of the bucket, whatever the request says of its age', () => {
    for (const createdAt of ['2020-01-01T00:00:00Z', '2036-01-01T00:00:00Z'])
      expect(judge(read(), asking({ createdAt }), policy, now).sanctioned).toBe(true);
    const request = storedRequest(storyRequest({ createdAt: '2026-11-21T11:59:59Z' }), {
      lastModified: noon - 241 * minute,
    });
    expectRefusal('request-lapsed', storyPapers({ request, decisions: [storedDecision(request)] }));
  });
});

describe('a grant is refused', () => {
  it('when the requester approved it, whatever the names', () => {
    const request = storedRequest();
    const own = storedDecision(request, 1, {
      approver: { userId: people.dana.userId, userName: 'mia@tapp.example' },
    });
    expectRefusal('approved-own', storyPapers({ request, decisions: [own] }));
    // Beside a true approval it still is an attempt.
    expectRefusal('approved-own', storyPapers({ request, decisions: [storedDecision(request), own] }));
  });

  it('when the person made it for themselves', () => {
    const membership = read({ userIdentity: ssoIdentity({ person: people.dana }) });
    expectRefusal('granted-own', storyPapers(), membership);
  });

  it.each([
    ['another permission set', { role: 'AWSReservedSSO_Forge-Admin_0123456789abcdef' }],
    ['another tier’s', { role: 'AWSReservedSSO_Forge-BreakGlass-Approve-tier2_0123456789abcdef' }],
    ['a role that looks like one', { role: 'AWSReservedSSO_Forge-BreakGlass-Approve-tier1' }],
    ['a role of that name in another account', { account: '333333333333' }],
  ])('when it was made with %s', (_what, identity) => {
    expectRefusal('granter-not-approver', storyPapers(), read({ userIdentity: ssoIdentity(identity) }));
  });

  it.each([
    ['an IAM user', { type: 'IAMUser', arn: 'arn:aws:iam::999999999999:user/ci', accountId: '999999999999' }],
    ['root', { type: 'Root', arn: 'arn:aws:iam::999999999999:root', accountId: '999999999999' }],
    ['a service', { type: 'AWSService', invokedBy: 'sso.amazonaws.com' }],
    ['an approver’s role without a person', { ...ssoIdentity(), onBehalfOf: undefined }],
    ['nobody', undefined],
  ])('when it was made by %s', (_who, userIdentity) => {
    expectRefusal('granter-unknown', storyPapers(), read({ userIdentity }));
  });

  it('when who made it is an approver but approved nothing', () => {
    const membership = read({ userIdentity: ssoIdentity({ person: people.lee }) });
    expectRefusal('granter-undecided', storyPapers(), membership);
  });

  it('when the decision is about other bytes', () => {
    const shown = storedRequest(storyRequest({ minutes: 60, reason: 'something small' }));
    const request = storedRequest();
    expectRefusal('decision-of-another', storyPapers({ request, decisions: [storedDecision(shown)] }));
  });

  it('when the decision is about another request', () => {
    const other = newRequestId(noon, new Uint8Array(10));
    const request = storedRequest();
    const foreign = storedDecision(request, 1, { requestId: other });
    expectRefusal('decision-misplaced', storyPapers({ request, decisions: [foreign] }));
    const moved = { ...foreign, key: storedDecision(request).key };
    expectRefusal('decision-of-another', storyPapers({ request, decisions: [moved] }));
  });

  it('when the decision lies under another’s prefix, or another tier’s', () => {
    const request = storedRequest();
    const key = storedDecision(request, 1, { approver: people.lee }).key;
    const moved = storedDecision(request, 1, {}, { key });
    expectRefusal('decision-misplaced', storyPapers({ request, decisions: [moved] }));
    expectRefusal('decision-misplaced', storyPapers({ request, decisions: [storedDecision(request, 2)] }));
  });

  it('when a decision can’t be read', () => {
    const request = storedRequest();
    const torn = storedDecision(request, 1, {}, { bytes: new Uint8Array([123]) });
    expectRefusal('decision-unreadable', storyPapers({ request, decisions: [torn] }));
  });

  it.each([
    ['than the tier allows', { tiers: [{ ...policy.tiers[0], maximumMinutes: 59 }, policy.tiers[1]] }, {}],
    ['than the scenario allows', {}, { minutes: 121 }],
    ['than anything allows', {}, { minutes: 720 }],
  ])('when more minutes were asked for %s', (_than, rules, request) => {
    expectRefusal('too-long', asking(request), read(), storyPolicy(rules));
  });

  it('when more minutes were approved than asked for', () => {
    const request = storedRequest(storyRequest({ minutes: 30 }));
    expectRefusal('too-long', storyPapers({ request, decisions: [storedDecision(request)] }));
  });

  it('when the request had lapsed, to the second', () => {
    const aged = (lastModified: number) => {
      const request = storedRequest(storyRequest(), { lastModified });
      return storyPapers({ request, decisions: [storedDecision(request)] });
    };
    expect(judge(read(), aged(noon - 240 * minute), policy, now).sanctioned).toBe(true);
    expectRefusal('request-lapsed', aged(noon - 240 * minute - 1_000));
  });

  it('when the request was spent', () => {
    expectRefusal('request-spent', storyPapers({ spent: true }));
  });

  it('when there is no request, or none that can be read', () => {
    expectRefusal('no-request', storyPapers({ request: undefined }));
    const torn = storedRequest(storyRequest(), { bytes: new TextEncoder().encode('{"v":1}') });
    expectRefusal('request-unreadable', storyPapers({ request: torn }));
  });

  it.each<[string, Refusal, Parameters<typeof storyRequest>[0]]>([
    ['account', 'wrong-account', { account: '444444444444' }],
    ['environment', 'wrong-account', { environment: 'prod-cash' }],
    ['group', 'wrong-group', { groupId: groups.kubernetes }],
    ['permission set', 'wrong-permission-set', { permissionSet: 'Forge-Prod-Emergency' }],
    ['scenario', 'wrong-scenario', { scenario: 'kubernetes' }],
    ['scenario (none)', 'wrong-scenario', { scenario: undefined }],
    ['tier', 'wrong-tier', { tier: 2 }],
  ])('when the request is for another %s', (_what, refusal, change) => {
    expectRefusal(refusal, asking(change));
  });

  it('when the tier needs a ticket and there is none', () => {
    expectRefusal('no-ticket', asking({ ticket: undefined }));
  });

  it('when an approver denied, whoever approved', () => {
    const request = storedRequest();
    const denied = storedDecision(request, 1, { outcome: 'denied', approver: people.lee });
    expectRefusal('request-denied', storyPapers({ request, decisions: [denied] }));
    expectRefusal('request-denied', storyPapers({ request, decisions: [storedDecision(request), denied] }));
  });

  it('when fewer approved than the tier needs', () => {
    expectRefusal('too-few-approvals', storyPapers({ decisions: [] }));
  });

  it('when one person decided twice', () => {
    const request = storedRequest();
    const tiers = [{ ...policy.tiers[0], approvals: 2 }, policy.tiers[1]];
    const twice = [storedDecision(request), storedDecision(request, 1, { minutes: 30 })];
    expectRefusal(
      'approved-twice',
      storyPapers({ request, decisions: twice }),
      read(),
      storyPolicy({ tiers }),
    );
  });

  it('when the decision is newer than the grant', () => {
    const at = (lastModified: number) => {
      const request = storedRequest();
      return storyPapers({ request, decisions: [storedDecision(request, 1, {}, { lastModified })] });
    };
    // Both are in whole seconds, of two clocks.
    expect(judge(read(), at(noon + 5_000), policy, now).sanctioned).toBe(true);
    expectRefusal('decision-late', at(noon + 5_001));
  });

  it('when the request is newer than the grant', () => {
    const request = storedRequest(storyRequest(), { lastModified: noon + 6_000 });
    expectRefusal('request-late', storyPapers({ request, decisions: [storedDecision(request)] }));
  });

  it('when the request lies under another’s prefix', () => {
    const request = storedRequest(storyRequest(), { key: requestKey(people.lee.userId, requestId) });
    expectRefusal('request-misplaced', storyPapers({ request, decisions: [storedDecision(request)] }));
  });

  it('when the one who got in is not the one who asked', () => {
    const membership = read({
      requestParameters: {
        identityStoreId: 'd-9067f7c0de',
        groupId: groups.database,
        memberId: { userId: people.lee.userId },
      },
    });
    expectRefusal('wrong-person', storyPapers(), membership);
  });

  it('when the group is not one of the policy', () => {
    const membership = read({
      requestParameters: { groupId: membershipId, memberId: { userId: people.dana.userId } },
    });
    expectRefusal('unknown-group', storyPapers(), membership);
  });

  it('when it is another identity store’s', () => {
    const membership = read({
      requestParameters: {
        identityStoreId: 'd-0000000000',
        groupId: groups.database,
        memberId: { userId: people.dana.userId },
      },
    });
    expectRefusal('wrong-identity-store', storyPapers(), membership);
  });

  it('when the call failed', () => {
    const membership = read({ errorCode: 'AccessDeniedException', responseElements: null });
    expectRefusal('call-failed', storyPapers(), membership);
  });

  it('when a time is not known', () => {
    const request = storedRequest(storyRequest(), { lastModified: Number.NaN });
    expectRefusal('time-unknown', storyPapers({ request, decisions: [storedDecision(request)] }));
    const decisions = [storedDecision(storedRequest(), 1, {}, { lastModified: Number.NaN })];
    expectRefusal('time-unknown', storyPapers({ decisions }));
    const { made, ...membership } = read();
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, -1, 9e15])
      expectRefusal('time-unknown', storyPapers(), { ...membership, made: made && { ...made, at } });
  });
});

describe('among several requests of one person', () => {
  const other = newRequestId(noon - minute, new Uint8Array(10).fill(9));
  const unanswered: Papers = {
    request: storedRequest(storyRequest({ id: other }), { lastModified: noon - 30_000 }),
    decisions: [],
    spent: false,
  };

  it('the one that was approved counts, not the newest', () => {
    const { verdict } = judgeAmong(read(), [unanswered, storyPapers()], policy, now);
    expect(verdict.session.id).toBe(requestId);
  });

  it('the refusal is that of the one which the granter decided', () => {
    const spent = storyPapers({ spent: true });
    expect(judgeAmong(read(), [unanswered, spent], policy, now).verdict).toMatchObject({
      refusal: 'request-spent',
    });
  });

  it('requests for other groups don’t confuse, unless the granter meant one', () => {
    const meant = asking({ id: other, groupId: groups.kubernetes });
    const elsewhere = { ...meant, decisions: [] };
    expect(judgeAmong(read(), [elsewhere, unanswered], policy, now).verdict).toMatchObject({
      refusal: 'too-few-approvals',
    });
    expect(judgeAmong(read(), [meant, unanswered], policy, now).verdict).toMatchObject({
      refusal: 'wrong-group',
    });
    expect(judgeAmong(read(), [], policy, now).verdict).toMatchObject({ refusal: 'no-request' });
  });
});
