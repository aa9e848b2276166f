import { lookupEvents } from '../../aws/cloudtrail.ts';
import { ForgeError } from '../../errors.ts';
import { parseJsonObject } from '../../lib/json-object.ts';
import type { AccessAccount } from '../access-account.ts';
import { pause } from '../pause.ts';
import type { ArchivePlace } from './archive-place.ts';

/** So long does CloudTrail answer for; older events are in the trail's own bucket only. */
const keptMs = 90 * 86_400_000;
/** AWS answers two calls a second for an account and region, everybody's together. */
const intervalMs = 600;
const attempts = 8;

/** Every grant that CloudTrail knows of in the access account, since `since` or as far back as it goes. */
export async function readGrantTrail(
  account: AccessAccount,
  place: ArchivePlace,
  since: number | undefined,
): Promise<readonly unknown[]> {
  const { aws } = await account();
  const now = aws.now();
  const lookup = { by: 'EventName', value: 'CreateGroupMembership' } as const;
  const window = { from: Math.max(since ?? 0, now - keptMs), to: now };
  const events: unknown[] = [];
  for (let pageToken: string | undefined; ; ) {
    const page = await patient(aws.host, async () => {
      const { keys } = await account();
      return lookupEvents(aws, place.region, keys, { ...lookup, ...window, pageToken });
    });
    events.push(...page.events.map((text) => parseJsonObject(text)));
    pageToken = page.nextToken;
    if (pageToken === undefined) return events;
    await pause(aws.host, intervalMs);
  }
}

async function patient<Value>(host: Parameters<typeof pause>[0], act: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      const throttled = error instanceof ForgeError && error.code === 'THROTTLED';
      if (!throttled || attempt === attempts) throw error;
      await pause(host, intervalMs * attempt);
    }
  }
}
