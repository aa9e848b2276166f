import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isLoopback } from '../aws/endpoint.ts';
import { httpsAgent } from '../aws/https-agent.ts';
import { findProxy } from '../aws/proxy-agent.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { Secret } from '../lib/secret.ts';
import { keptWebhook, webhookKeeper } from './kept-webhook.ts';

/** Whoever has the address can post: it is a secret, comes from here or the keychain, and never stands in forge.yaml. */
export const webhookVariable = 'FORGE_SLACK_WEBHOOK';

const patienceMs = 5_000;

type WebhookHost = Pick<Host, 'env' | 'platform' | 'userId' | 'directories'>;

/** The variable's, else the one in the keychain; undefined: none is known. Throws usage INVALID_WEBHOOK, failed KEYCHAIN_FAILED. */
export async function findWebhook(host: WebhookHost): Promise<Secret | undefined> {
  const text = host.env[webhookVariable];
  if (text) return checkWebhook(text, webhookVariable, `; or unset ${webhookVariable}`);
  return keptWebhook(host);
}

/** Whether there is one to post to, now or later, without asking the keychain. Throws usage INVALID_WEBHOOK. */
export async function hasWebhook(host: WebhookHost): Promise<boolean> {
  return host.env[webhookVariable]
    ? (await findWebhook(host)) !== undefined
    : (await webhookKeeper(host)) !== undefined;
}

/** Throws usage INVALID_WEBHOOK: it never says the address itself. */
export function checkWebhook(text: string, what: string, way = ''): Secret {
  const address = new Secret(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (safe) return address;
  throw new ForgeError('usage', `${what} is no https address.`, {
    code: 'INVALID_WEBHOOK',
    hint: `Slack gives it under "Incoming Webhooks"${way}.`,
  });
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. Throws unreachable SLACK_FAILED. */
export async function postToSlack(
  host: Pick<Host, 'env' | 'signal'>,
  webhook: Secret,
  text: string,
): Promise<void> {
  const url = new URL(webhook.reveal());
  const body = JSON.stringify({ text });
  const secure = url.protocol === 'https:';
  const proxy = secure ? findProxy(host.env, url.hostname, Number(url.port || 443)) : undefined;
  const status = await new Promise<number>((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.any([host.signal, AbortSignal.timeout(patienceMs)]),
      ...(secure ? { agent: httpsAgent(host, proxy) } : {}),
    };
    const call = (secure ? httpsRequest : httpRequest)(url, options, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', reject);
    });
    call.once('error', reject);
    call.end(body);
  }).catch((error: Error) => {
    host.signal.throwIfAborted();
    throw failed(
      error.name === 'TimeoutError' ? 'no answer' : ((error as NodeJS.ErrnoException).code ?? error.name),
      error,
    );
  });
  if (status < 200 || status > 299) throw failed(`status ${status}`, undefined);
}

function failed(why: string, cause: unknown): ForgeError {
  return new ForgeError('unreachable', `Slack could not be told (${why}).`, {
    code: 'SLACK_FAILED',
    hint: `Check the webhook (forge breakglass webhook) and the network; tell them yourself meanwhile.`,
    cause,
  });
}
