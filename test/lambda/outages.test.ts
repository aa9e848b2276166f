import { describe, expect, it } from 'vitest';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
import {
  minute,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

const hour = 60 * minute;

function asked(cloud: Cloud): void {
  const request = storedRequest(storyRequest({ minutes: 60 }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes: 60 }));
}

/** The worst of them: what is down for six hours, from when on, and by when everybody must be out none the less. */
describe.each([
  ['archive', 'S3', 62],
  ['intake', 'the intake bucket', 62],
  ['slack', 'Slack', 61],
  ['workflow', 'Step Functions’ API', 61],
  ['production', 'IAM and SSM of production', 61],
  ['trail', 'CloudTrail', 61],
  ['recorder', 'the recorder', 61],
  ['exporter', 'the exporter', 61],
  ['sweeper', 'the sweeper', 61],
] as const)('%s', (port, name, outBy) => {
  it(`${name} down for six hours: they are out in time, and all is on record when it is back`, async () => {
    const cloud = createCloud();
    asked(cloud);
    cloud.grant();
    await cloud.run(10 * minute, { sweeping: true });
    cloud.down.set(port, 'ServiceUnavailable');
    await cloud.run((outBy - 10) * minute, { sweeping: true });
    expect(cloud.members.size).toBe(0);
    await cloud.run(6 * hour, { sweeping: true });
    cloud.down.clear();
    await cloud.run(3 * hour, { sweeping: true });
    await cloud.run(48 * hour);
    const kinds = cloud.verify().findings.map(({ code }) => code);
    // What could not be cut or written in time is said to be so, and nothing else.
    expect(kinds.filter((code) => code !== 'tail-not-cut')).toEqual([]);
    expect(cloud.archive.has(`sessions/${requestId}/000003.json`)).toBe(true);
  });
});

it('Identity Center down for a week: executions that AWS ends for their length are begun anew, and they are out when it is back', async () => {
  const cloud = createCloud();
  asked(cloud);
  cloud.grant();
  await cloud.run(59 * minute, { sweeping: true });
  cloud.down.set('people', 'ServiceUnavailable');
  // Of all that time one day is swept; the workflow alone tries on.
  await cloud.run(6 * 24 * hour);
  await cloud.run(24 * hour, { sweeping: true });
  expect(cloud.members.size).toBe(1);
  expect(cloud.executions.all().some(({ cause }) => cause?.includes('too many events'))).toBe(true);
  cloud.down.clear();
  await cloud.run(10 * minute, { sweeping: true });
  expect(cloud.members.size).toBe(0);
}, 60_000);

it('the workflow stopped and the sweeper alone: it takes away by itself', async () => {
  const cloud = createCloud();
  asked(cloud);
  const { membershipId } = cloud.grant();
  await cloud.run(minute, { sweeping: true });
  cloud.down.set('workflow', 'ServiceUnavailable');
  for (const { arn } of cloud.executions.all()) cloud.executions.stop(arn);
  await cloud.run(66 * minute, { sweeping: true });
  expect(cloud.members.has(membershipId)).toBe(false);
  cloud.down.clear();
  await cloud.run(3 * hour, { sweeping: true });
  await cloud.run(48 * hour);
  // Out in time, says the trail; the sweeper can't write records, and the workflow saw only later that it was so.
  expect(cloud.verify().findings.map(({ code }) => code)).toEqual(['late-revoke']);
});

it('an approved request whose approver died before the grant lets nobody in', async () => {
  const cloud = createCloud();
  asked(cloud);
  await cloud.run(3 * hour, { sweeping: true });
  expect(cloud.members.size).toBe(0);
  expect(cloud.archive.size).toBe(0);
});
