import { describe, expect, it } from 'vitest';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import { type Cloud, createCloud } from '../support/break-glass-cloud.ts';
import {
  minute,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

const hour = 60 * minute;

/** Dana asked, Mia approved: two hours. */
function asked(cloud: Cloud, minutes = 120): void {
  const request = storedRequest(storyRequest({ minutes }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes }));
}

/** Kinds of the records of a session. */
function kinds(cloud: Cloud, id: string = requestId): readonly string[] {
  return [...cloud.archive.values()]
    .flat()
    .filter(({ key }) => key.startsWith(`sessions/${id}/0`))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ bytes }) => {
      const parsed = parseRecord(bytes ?? new Uint8Array());
      return parsed.ok ? parsed.value.kind : parsed.problem;
    });
}

/** Runs until nobody is in; how long that took, in minutes. */
async function minutesUntilOut(
  cloud: Cloud,
  options: { sweeping?: boolean; atMost?: number } = {},
): Promise<number> {
  const began = cloud.now();
  while (cloud.members.size > 0 && cloud.now() - began < (options.atMost ?? 48) * hour)
    await cloud.run(1_000 * 6, options);
  return (cloud.now() - began) / minute;
}

describe('the workflow', () => {
  it('opens, waits, takes away, collects and seals: 120 minutes', async () => {
    const cloud = createCloud();
    asked(cloud);
    const { membershipId } = cloud.grant();
    await cloud.run(minute);
    expect(kinds(cloud)).toEqual(['open']);
    await cloud.run(118 * minute);
    expect(cloud.members.has(membershipId)).toBe(true);
    expect(await minutesUntilOut(cloud)).toBeLessThan(1.2);
    await cloud.run(21 * minute);
    expect(kinds(cloud)).toEqual(['open', 'revoke', 'export', 'seal']);
    expect(cloud.cuts).toMatchObject([{ account: '333333333333', userId: people.dana.userId }]);
    expect(cloud.executions.all()).toMatchObject([{ name: membershipId, status: 'SUCCEEDED' }]);
    await cloud.run(3 * 24 * hour);
    expect(cloud.verify().findings).toEqual([]);
  });
});
