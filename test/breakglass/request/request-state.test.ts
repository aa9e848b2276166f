import { describe, expect, it } from 'vitest';
import type { GrantRule } from '../../../src/breakglass/grant/grant-rule.ts';
import { encodeDecision } from '../../../src/breakglass/protocol/decision.ts';
import { sha256 } from '../../../src/breakglass/protocol/document.ts';
import type { RequestId } from '../../../src/breakglass/protocol/ids.ts';
import { decisionKey, requestKey } from '../../../src/breakglass/protocol/keys.ts';
import { type AccessRequest, encodeRequest } from '../../../src/breakglass/protocol/request.ts';
import { requestState } from '../../../src/breakglass/request/request-state.ts';

const person = (digit: number, userName: string) => ({
  userId: `00000000-0000-4000-8000-00000000000${digit}`,
  userName,
});
const [dana, mia, sven] = [person(1, 'dana'), person(2, 'mia'), person(3, 'sven')] as const;
const id: RequestId = 'BG-01M7ZE1ZKMZ492KT1PDCJG00KB';
const asked = Date.parse('2026-11-21T12:00:00Z');
const minute = 60_000;
const request: AccessRequest = {
  v: 1,
  kind: 'request',
  id,
  tier: 1,
  account: '333333333333',
  environment: 'prod-wealth',
  scenario: 'database',
  permissionSet: 'Forge-Prod-Database',
  groupId: person(9, '').userId,
  minutes: 120,
  ticket: 'INC-1',
  reason: 'orders stuck',
  requester: dana,
  createdAt: '2026-11-21T12:00:00Z',
};
const bytes = encodeRequest(request);
const stored = { key: requestKey(dana.userId, id), bytes, lastModified: asked };
const rule = (approvals = 1): GrantRule =>
  ({
    approvals,
    longest: 120,
    shortest: 120,
    requestLifeMinutes: 240,
    permissionSet: '',
    groupName: '',
  }) as GrantRule;
const decision = (approver: typeof mia, atMinute: number, changes: object = {}) => ({
  key: decisionKey(1, id, approver.userId),
  lastModified: asked + atMinute * minute,
  bytes: encodeDecision({
    v: 1,
    kind: 'decision',
    requestId: id,
    requestSha256: sha256(bytes),
    outcome: 'approved',
    minutes: 120,
    approver,
    ...changes,
  }),
});
const state = (
  decisions: readonly ReturnType<typeof decision>[],
  atMinute: number,
  approvals = 1,
  ended = false,
) => requestState({ request, stored, decisions, ended }, rule(approvals), asked + atMinute * minute);

describe('what became of a request', () => {
  it.each([
    ['waiting', state([], 239)],
    ['lapsed', state([], 241)],
    ['granted', state([decision(mia, 10)], 129)],
    ['expired', state([decision(mia, 10)], 130)],
    ['granted', state([decision(mia, 10, { minutes: 30 })], 39)],
    ['expired', state([decision(mia, 10, { minutes: 30 })], 40)],
    ['denied', state([decision(mia, 10, { outcome: 'denied', note: 'no' })], 11)],
    ['denied', state([decision(sven, 9), decision(mia, 10, { outcome: 'denied' })], 11)],
    ['waiting', state([decision(mia, 10)], 11, 2)],
    ['lapsed', state([decision(mia, 10)], 241, 2)],
    ['granted', state([decision(mia, 10), decision(sven, 20)], 139, 2)],
    ['ended', state([decision(mia, 10)], 20, 1, true)],
    ['ended', state([], 20, 1, true)],
    ['invalid', state([decision(dana, 10)], 11)],
    ['invalid', state([decision(mia, 10, { requestSha256: '0'.repeat(64) })], 11)],
    ['invalid', requestState({ request, stored, decisions: [], ended: false }, undefined, asked)],
  ])('%s (%#)', (status, found) => {
    expect(found.status).toBe(status);
    expect(found.why === undefined).toBe(status !== 'invalid');
  });

  it('its time begins with the last approval that it needed, and ends with the shortest of all', () => {
    const two = state([decision(sven, 20, { minutes: 60 }), decision(mia, 10)], 21, 2);
    expect(two.approvedBy.map(({ userName }) => userName)).toEqual(['mia', 'sven']);
    expect(two.openedAt).toBe(asked + 20 * minute);
    expect(two.endsAt).toBe(asked + 80 * minute);
    // A third that came later neither counts nor harms.
    expect(state([decision(mia, 10), decision(sven, 20, { minutes: 1 })], 21).endsAt).toBe(
      asked + 130 * minute,
    );
  });
});
