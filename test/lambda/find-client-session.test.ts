import { expect, it } from 'vitest';
import { newRequestId } from '../../src/breakglass/protocol/ids.ts';
import { recordKey } from '../../src/breakglass/protocol/keys.ts';
import { findClientSession } from '../../src/lambda/find-client-session.ts';
import { minute, noon, people } from '../support/break-glass-story.ts';

/** The name that a person's forge gave an emergency, among many of them. */
it('of a hundred emergencies only those are read that began when the name was made', async () => {
  const emergency = (number: number) =>
    `EV-00000000-0000-4000-8000-${String(number).padStart(12, '0')}` as const;
  const listed = Array.from({ length: 100 }, (_, number) => ({
    key: recordKey(emergency(number), 0),
    lastModified: noon - number * 60 * minute,
    size: 1,
  }));
  const read: string[] = [];
  const found = await findClientSession(
    {
      now: () => noon,
      people: { findMembership: never, membersOf: never, removeMembership: never, userName: never },
      archive: {
        list: async () => listed,
        versions: async (prefix) => {
          read.push(prefix);
          return [];
        },
        get: never,
        put: never,
      },
    },
    newRequestId(noon - 50 * 60 * minute, new Uint8Array(10)),
    people.dana.userId,
  );
  expect(found).toBeUndefined();
  // Its own records, then the nearest.
  expect(read[1]).toContain(emergency(50));
  expect(read.length).toBeLessThan(30);
});

async function never(): Promise<never> {
  throw new Error('nobody asks');
}
