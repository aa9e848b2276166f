import { emergencyUseFromEvent } from '../breakglass/protocol/emergency-use.ts';
import { parseJsonObject } from '../lib/json-object.ts';
import type { Ports } from './ports.ts';

/** CloudTrail is a quarter of an hour late, and can be down for hours, and so can what sweeps; emergencies are few. */
const lookBackMs = 24 * 60 * 60_000;
const mostPages = 10;

/**
 * Uses of emergency roles that no event told of. There is no group that they could be seen in, and the roles end by
 * themselves: only the trail knows.
 */
export async function sweepTrail({ policy, trail, workflow, now }: Ports): Promise<readonly string[]> {
  const done: string[] = [];
  for (const { roleArn, account } of policy.emergencyRoles) {
    let pageToken: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const query = {
        account,
        by: 'ResourceName',
        value: roleArn,
        from: now() - lookBackMs,
        to: now(),
      } as const;
      const found = await trail.lookup({ ...query, pageToken });
      for (const text of found.events) {
        const event = parseJsonObject(text);
        const use = emergencyUseFromEvent(event);
        if (use === undefined || use.denied) continue;
        // The name is the event's: whoever told of it before has started it.
        if (await workflow.start(`EV-${use.eventId}`, { trigger: 'event', event }))
          done.push(`adopted EV-${use.eventId}`);
      }
      pageToken = found.nextToken;
      if (pageToken === undefined) break;
    }
  }
  return done;
}
