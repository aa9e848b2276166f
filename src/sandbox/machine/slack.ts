import type { Call, Received } from '../aws/exchange.ts';
import { jsonReply, parseJsonObject } from '../aws/json-body.ts';
import type { World } from '../world.ts';

/** Where the sandbox's Slack takes messages: an incoming webhook, for whoever knows its address. */
export const slackPath = '/slack/services/T0SANDBOX/B0FORGE/incoming';

export interface SlackMessage {
  /** Epoch milliseconds, the sandbox's clock. */
  readonly at: number;
  /** As it was named; undefined: the webhook's own. */
  readonly channel: string | undefined;
  readonly text: string;
}

/** Enough for a long rehearsal. */
const capacity = 2_000;

/** Takes messages as Slack does: `ok`, or what is wrong in a word. A fault of the service `slack` is Slack being down. */
export function findSlackCall(world: World, request: Received): Call | undefined {
  if (request.path !== slackPath) return undefined;
  return {
    service: 'slack',
    operation: 'PostMessage',
    run() {
      if (request.method !== 'POST') return jsonReply(404, { error: 'not found' });
      const fields = parseJsonObject(request.body);
      const { text, channel } = fields ?? {};
      if (fields === undefined) return plain(400, 'invalid_payload');
      if (typeof text !== 'string' || text === '') return plain(400, 'no_text');
      const { messages } = world.machine;
      messages.push({ at: world.now(), channel: typeof channel === 'string' ? channel : undefined, text });
      if (messages.length > capacity) messages.splice(0, messages.length - capacity);
      return plain(200, 'ok');
    },
    failed: (code, status) => plain(status, code),
  };
}

const plain = (status: number, body: string) => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
});
