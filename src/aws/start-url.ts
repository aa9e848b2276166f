import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ForgeError } from '../errors.ts';
import type { Aws } from './clients.ts';
import { httpsAgent } from './https-agent.ts';
import { describeNetworkError } from './network-error.ts';
import { isOwnStartUrl, parseStartUrl } from './own-start-url.ts';
import { isPortalHost, regionOfPortal } from './portal-host.ts';
import { findProxy } from './proxy-agent.ts';

/** An instance of IAM Identity Center as its own API knows it. */
export interface Portal {
  /** AWS's address for the portal: issuerUrl of RegisterClient, startUrl of StartDeviceAuthorization. */
  readonly issuerUrl: string;
  /** Where Identity Center is to be asked. */
  readonly region: string;
}

const patience = 10_000;

/**
 * The portal that a start URL means. AWS's own are taken as they are. Another https address, an organisation's own
 * name for its portal, is asked once and has to redirect to one of AWS's; the region in that one's name goes before
 * the configured one, because organisations lead people to another region when theirs is down. As the AWS CLI
 * 2.35.13 and later do it: https://github.com/aws/aws-cli/pull/10457
 */
export async function findPortal(aws: Aws, startUrl: string, region: string): Promise<Portal> {
  if (!isOwnStartUrl(startUrl)) return { issuerUrl: startUrl, region };
  const target = await findRedirect(aws, parseStartUrl(startUrl));
  if (target === undefined || target.protocol !== 'https:' || !isPortalHost(target.hostname)) {
    const where = target === undefined ? 'no portal' : target.origin;
    throw unresolved(`${startUrl} leads to ${where}, which is not an access portal of AWS.`);
  }
  const issuerUrl = `${target.origin}${target.pathname.replace(/\/+$/, '')}`;
  aws.debug(`start URL ${startUrl} leads to ${issuerUrl}`);
  return { issuerUrl, region: regionOfPortal(target.hostname) ?? region };
}

/** Where it sends browsers; undefined when it sends them nowhere. */
async function findRedirect(aws: Aws, url: URL): Promise<URL | undefined> {
  const head = await ask(aws, url, 'HEAD');
  const { status, location } = head.status === 405 || head.status === 501 ? await ask(aws, url, 'GET') : head;
  if (![301, 302, 303, 307, 308].includes(status)) {
    throw unresolved(
      `${url.href} does not lead to an access portal of AWS: it answered ${status}, no redirect.`,
    );
  }
  return location !== undefined && URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

async function ask(aws: Aws, url: URL, method: 'HEAD' | 'GET'): Promise<Answer> {
  const { host } = aws;
  const timeUp = AbortSignal.timeout(patience);
  const signal = AbortSignal.any([host.signal, timeUp]);
  host.signal.throwIfAborted();
  try {
    const response = await answerTo(open(aws, url, method, signal));
    const { statusCode = 0, headers } = response;
    // The page itself is of no interest, and may be long.
    response.destroy();
    aws.debug(`start URL ${method} ${url.href} ${statusCode} ${headers.location ?? ''}`.trimEnd());
    return { status: statusCode, location: headers.location };
  } catch (error) {
    if (host.signal.aborted) throw host.signal.reason;
    throw unreachable(url, timeUp.aborted ? timeUp.reason : error);
  }
}

function open(aws: Aws, url: URL, method: string, signal: AbortSignal): ClientRequest {
  const headers = { accept: '*/*' };
  if (url.protocol === 'http:') return httpRequest(url, { method, signal, headers, agent: false });
  const proxy = findProxy(aws.host.env, url.hostname, Number(url.port || 443));
  return httpsRequest(url, { method, signal, headers, agent: httpsAgent(aws.host, proxy) });
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays on: what is thrown away half-read may still complain.
    request.on('error', reject);
    request.end();
  });
}

const noHttp = {
  reason: 'what answers there does not speak HTTP',
  hint: 'Check the start URL and HTTPS_PROXY.',
  code: 'UNREACHABLE',
};

function unreachable(url: URL, error: unknown): ForgeError {
  if (error instanceof ForgeError) return error;
  const { reason, hint, code } = describeNetworkError(error) ?? noHttp;
  return new ForgeError(
    'unreachable',
    `Failed to reach ${url.host}, where the start URL ${url.href} points: ${reason}.`,
    { code, hint, cause: error },
  );
}

function unresolved(message: string): ForgeError {
  return new ForgeError('failed', message, {
    code: 'START_URL_UNRESOLVED',
    hint: "Whoever runs that address has to redirect it to the portal; until then give AWS's own address of the portal as the start URL.",
  });
}
