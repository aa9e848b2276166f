import { Agent as HttpAgent } from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Host } from '../host.ts';
import { httpsAgent } from './https-agent.ts';
import { findProxy } from './proxy-agent.ts';

const connectionTimeout = 5_000;
const requestTimeout = 30_000;
/** Servers close idle connections, some after 5 s: one that is used just then fails. Ours go before. */
const longestIdle = 4_000;

type HandlerRequest = Parameters<NodeHttpHandler['handle']>[0];
type HandlerOptions = Parameters<NodeHttpHandler['handle']>[1];

/**
 * The SDK's own HTTP handler with what the SDK for JavaScript leaves out and the AWS CLI honours: AWS_CA_BUNDLE
 * and HTTPS_PROXY; and with an eye on the clock of the server.
 */
export class RequestHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #host: Pick<Host, 'env'>;
  readonly #onDate: (serverTime: number) => void;
  readonly #handlers = new Map<string, NodeHttpHandler>();

  constructor(host: Pick<Host, 'env'>, onDate: (serverTime: number) => void) {
    this.#host = host;
    this.#onDate = onDate;
  }

  async handle(request: HandlerRequest, options?: HandlerOptions) {
    const answer = await this.#handlerFor(request).handle(request, options);
    const headers = Object.entries(answer.response.headers);
    const time = Date.parse(headers.find(([name]) => name.toLowerCase() === 'date')?.[1] ?? '');
    // The header counts whole seconds: on average half of one has passed.
    if (!Number.isNaN(time)) this.#onDate(time + 500);
    return answer;
  }

  /** Its clients live for one call and connections for the whole command: what ends is the process. */
  destroy(): void {}

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  #handlerFor(request: HandlerRequest): NodeHttpHandler {
    const port = request.port ?? (request.protocol === 'http:' ? 80 : 443);
    const proxy =
      request.protocol === 'https:' ? findProxy(this.#host.env, request.hostname, port) : undefined;
    const key = proxy?.href ?? '';
    let handler = this.#handlers.get(key);
    if (handler === undefined) {
      const connections = { keepAlive: true, maxSockets: 25, timeout: longestIdle };
      handler = new NodeHttpHandler({
        connectionTimeout,
        requestTimeout,
        throwOnRequestTimeout: true,
        httpAgent: new HttpAgent(connections),
        httpsAgent: httpsAgent(this.#host, proxy, connections),
      });
      this.#handlers.set(key, handler);
    }
    return handler;
  }
}
