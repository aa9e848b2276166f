import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { parseJsonObject } from '../lib/json-object.ts';

/** Slack answers at once or not at all; a handler must not wait for it. */
const timeoutMs = 5_000;

export type Post = (channel: string | undefined, text: string) => Promise<void>;

/** Where the address is read from: it is a secret, so in production not from the environment. */
type ReadSecret = (name: string) => Promise<string>;

/**
 * Posts to an incoming webhook: FORGE_SLACK_WEBHOOK (a sandbox's, on loopback only), else the secret that
 * FORGE_SLACK_SECRET names: an address, or a JSON object with one for each channel and `default`. With neither, nobody is
 * told. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export function createPost(env: Environment, readSecret: ReadSecret): Post {
  let known: Promise<(channel: string | undefined) => string | undefined> | undefined;
  return async (channel, text) => {
    known ??= findAddresses(env, readSecret);
    // What could not be read is read again the next time.
    known.catch(() => {
      known = undefined;
    });
    const address = (await known)(channel);
    if (address === undefined) return;
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...(channel === undefined ? {} : { channel }), text }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    await response.body?.cancel();
    if (!response.ok)
      throw new ForgeError('unreachable', `Slack answered ${response.status}.`, { code: 'SLACK_REFUSED' });
  };
}

async function findAddresses(env: Environment, readSecret: ReadSecret) {
  const local = env.FORGE_SLACK_WEBHOOK;
  if (local) {
    const address = addressOf(local, /^http:\/\/(?:127\.0\.0\.1|localhost):\d+\//);
    return () => address;
  }
  const name = env.FORGE_SLACK_SECRET;
  if (!name) return () => undefined;
  const secret = (await readSecret(name)).trim();
  const byChannel = parseJsonObject(secret);
  if (byChannel === undefined) {
    const address = addressOf(secret, slack);
    return () => address;
  }
  return (channel: string | undefined) => {
    const address = (channel === undefined ? undefined : byChannel[channel]) ?? byChannel.default;
    return typeof address === 'string' ? addressOf(address, slack) : undefined;
  };
}

const slack = /^https:\/\/hooks\.slack(?:-gov)?\.com\//;

function addressOf(text: string, allowed: RegExp): string {
  if (allowed.test(text)) return text;
  throw new ForgeError('usage', "The webhook's address is not one of Slack.", { code: 'UNSAFE_WEBHOOK' });
}
