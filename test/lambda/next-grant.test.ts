import { describe, expect, it } from 'vitest';
import { boundaryDocument, extendBoundary } from '../../src/breakglass/protocol/boundary.ts';
import { encodeEnd } from '../../src/breakglass/protocol/end.ts';
import { newRequestId, type RequestId } from '../../src/breakglass/protocol/ids.ts';
import { endKey } from '../../src/breakglass/protocol/keys.ts';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import type { Bodies } from '../../src/breakglass/protocol/record-bodies.ts';
import { evaluatePolicies } from '../../src/iam/evaluate.ts';
import { requestContext } from '../../src/iam/request-context.ts';
import { cutsOf } from '../../src/lambda/tail-cut.ts';
import { isoSeconds } from '../../src/lib/iso-seconds.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  eventId,
  groups,
  membershipEvent,
  minute,
  noon,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

/** One grant ends, and the next one of the same person begins: before, while and after AWS tells of the end. */
const second = 1_000;
const next = newRequestId(noon - 5 * minute, new Uint8Array(10).fill(9));
const scenarios = {
  database: { scenario: 'database', permissionSet: 'Forge-Prod-Database', groupId: groups.database },
  kubernetes: { scenario: 'kubernetes', permissionSet: 'Forge-Prod-Kubernetes', groupId: groups.kubernetes },
} as const;
type Scenario = keyof typeof scenarios;

/** What the sandbox's IAM says to keys of this time, by the boundary that the cuts make. */
function refused(cloud: Cloud, issuedAt: number, who: Record<string, string>): boolean {
  const document = cloud.cuts.reduce(
    (text, cut) => extendBoundary([text], cutsOf(cut), cloud.now()),
    boundaryDocument([], cloud.now()),
  );
  const context = requestContext({ ...who, 'aws:TokenIssueTime': isoSeconds(issuedAt) });
  const request = { action: 'rds:DescribeDBClusters', resource: '*', context };
  return evaluatePolicies([JSON.parse(document)], request) !== 'allow';
}
const issued = (of: Scenario, person: { userId: string } = people.dana) => ({
  'identitystore:UserId': person.userId,
  'aws:PrincipalArn': `arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/us-east-1/AWSReservedSSO_${scenarios[of].permissionSet}_0123456789abcdef`,
});
const assumed = (sourceIdentity: string) => ({
  'aws:SourceIdentity': sourceIdentity,
  'aws:PrincipalArn': 'arn:aws:iam::333333333333:role/write-rds-access',
});

/** Approved, and let in; the event of it comes `late`. */
async function letIn(cloud: Cloud, id: RequestId, of: Scenario, late = 0): Promise<string> {
  const request = storedRequest(storyRequest({ id, minutes: 120, ...scenarios[of] }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { requestId: id, minutes: 120 }));
  const { membershipId, event } = cloud.grant({ groupId: scenarios[of].groupId, lost: true });
  deliverLate(cloud, late, { source: 'aws.identitystore', detail: event });
  await cloud.run(1);
  return membershipId;
}

function deliverLate(cloud: Cloud, late: number, event: unknown): void {
  void cloud.timers.during(async () => {
    await cloud.timers.until(cloud.now() + late);
    cloud.deliver(event);
  });
}

const taken = (membershipId: string, at: number) => ({
  source: 'aws.identitystore',
  detail: membershipEvent({
    eventID: eventId,
    eventName: 'DeleteGroupMembership',
    eventTime: isoSeconds(at),
    requestParameters: { identityStoreId: 'd-9067f7c0de', membershipId },
    responseElements: null,
  }),
});

function revokeOf(cloud: Cloud, id: string): Bodies['revoke'] | undefined {
  for (const { key, bytes } of [...cloud.archive.values()].flat()) {
    const record = key.startsWith(`sessions/${id}/0`) ? parseRecord(bytes ?? new Uint8Array()) : undefined;
    if (record?.ok && record.value.kind === 'revoke') return record.value.body;
  }
  return undefined;
}

const gaps = [second, 30 * second, 5 * minute];
const delays = [0, 3 * minute, 15 * minute];
const cases = (['database', 'kubernetes'] as const).flatMap((of) =>
  gaps.flatMap((gap) => delays.map((delay) => ({ of, gap: gap / second, delay: delay / minute }))),
);

describe('a grant of database that somebody took away', () => {
  it.each(cases)(
    'does not cut the next, of $of, $gap s later, when AWS tells $delay min late',
    async ({ of, gap, delay }) => {
      const cloud = createCloud();
      const first = await letIn(cloud, requestId, 'database');
      await cloud.run(10 * minute);
      const end = cloud.now();
      cloud.members.delete(first);
      deliverLate(cloud, delay * minute, taken(first, end));
      await cloud.run(gap * second);
      await letIn(cloud, next, of, delay * minute);
      const opened = cloud.now();
      await cloud.run(40 * minute);
      expect(cloud.cuts.length).toBeGreaterThan(0);

      // What was issued before the end is refused, and what was assumed with it, also after that.
      for (const at of [noon + minute, end - second, end])
        for (const who of [issued('database'), assumed(people.dana.userName)])
          expect(refused(cloud, at, who), isoSeconds(at)).toBe(true);
      // The next one's keys work: its first ones where nobody can take them for the old ones, and those it renews.
      const renewed = Math.max(opened + second, end + 75 * second);
      expect(refused(cloud, renewed, issued(of))).toBe(false);
      if (of === 'kubernetes' || opened > end + minute)
        expect(refused(cloud, opened + second, issued(of))).toBe(false);
      if (of === 'database') expect(refused(cloud, renewed, assumed(people.dana.userName))).toBe(false);
      expect(refused(cloud, end, issued('database', people.mia))).toBe(false);
      const { tail, until } = revokeOf(cloud, requestId) ?? {};
      expect(tail).toBe('cut');
      expect(Date.parse(until ?? '')).toBeGreaterThan(end - second);

      // Its own end ends it all.
      await cloud.run(3 * 60 * minute, { sweeping: true });
      expect(cloud.members.size).toBe(0);
      for (const at of [renewed, opened + second, end + 2 * minute])
        expect(refused(cloud, at, issued(of))).toBe(true);
      await cloud.run(72 * 60 * minute);
      expect(cloud.verify().findings).toEqual([]);
    },
  );
});

describe('a grant of database that its person ended', () => {
  it.each(cases)(
    'does not cut the next, of $of, $gap s later, when AWS tells $delay min late',
    async ({ of, gap, delay }) => {
      const cloud = createCloud();
      await letIn(cloud, requestId, 'database');
      await cloud.run(10 * minute);
      const end = cloud.now();
      const key = endKey(people.dana.userId, requestId);
      cloud.put({ key, bytes: encodeEnd({ v: 1, kind: 'end', sessionId: requestId, user: people.dana }) });
      deliverLate(cloud, delay * minute, objectCreated(key));
      await cloud.run(gap * second);
      await letIn(cloud, next, of);
      const opened = cloud.now();
      await cloud.run(40 * minute);
      expect(cloud.members.size).toBe(1);
      expect(refused(cloud, opened + second, issued(of))).toBe(false);
      // A membership that both share ends with the later of the two, and its keys are the next one's as well.
      if (revokeOf(cloud, requestId)?.membership !== 'shared')
        for (const who of [issued('database'), assumed(people.dana.userName)])
          expect(refused(cloud, end, who)).toBe(true);
      await cloud.run(3 * 60 * minute, { sweeping: true });
      for (const at of [noon + minute, end, opened + second])
        expect(refused(cloud, at, issued(at > end ? of : 'database'))).toBe(true);
    },
  );
});

describe('what a grant’s end does not touch', () => {
  it('is tier 0 of the same person, which is in the name of their id', async () => {
    const cloud = createCloud();
    const first = await letIn(cloud, requestId, 'database');
    await cloud.run(minute);
    cloud.members.delete(first);
    cloud.deliver(taken(first, cloud.now()));
    await cloud.run(minute);
    expect(refused(cloud, cloud.now() - minute, assumed(people.dana.userName))).toBe(true);
    expect(refused(cloud, cloud.now() - minute, assumed(people.dana.userId))).toBe(false);
  });

  it('does not spare what nobody sanctioned: all of the person, until now', async () => {
    const cloud = createCloud();
    cloud.grant();
    await cloud.run(second);
    for (const who of [
      issued('database'),
      issued('kubernetes'),
      assumed(people.dana.userName),
      assumed(people.dana.userId),
    ])
      expect(refused(cloud, noon, who)).toBe(true);
  });
});
