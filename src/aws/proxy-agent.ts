import { request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';

/**
 * The proxy through which `host` is to be reached, or undefined for a direct way. HTTPS_PROXY and NO_PROXY as
 * curl and the AWS CLI read them: lower case first; NO_PROXY is a comma list of names (with their subdomains),
 * addresses, `name:port` or `*`. HTTP_PROXY has no say: forge speaks plain http only to loopback.
 */
export function findProxy(env: Environment, host: string, port: number): URL | undefined {
  const text = env.https_proxy || env.HTTPS_PROXY;
  if (!text || isExempt(env.no_proxy || env.NO_PROXY || '', host.toLowerCase(), port)) return undefined;
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch {
    // Said below, with the same words; the value may hold a password and is not shown.
  }
  throw new ForgeError('usage', 'HTTPS_PROXY is not an http or https address.', {
    code: 'BAD_PROXY',
    hint: 'Write it as http://proxy.example.com:3128.',
  });
}

function isExempt(list: string, host: string, port: number): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, pattern = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (wantedPort !== undefined && Number(wantedPort) !== port) return false;
      const name = pattern.replace(/^\*?\./, '');
      return host === name || host.endsWith(`.${name}`);
    });
}

/** An https agent that reaches every host through one CONNECT proxy (RFC 9110, 9.3.6). */
export class ProxyAgent extends Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(
    options: ConnectionOptions & { host?: string; port?: number | string },
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const target = `${options.host}:${options.port ?? 443}`;
    const { protocol, hostname, port, username, password } = this.#proxy;
    const ask = protocol === 'https:' ? httpsRequest : httpRequest;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const fail = (error: Error) => callback?.(error, undefined as unknown as Duplex);
    const tunnel = ask({
      host: hostname,
      port: port || (protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(username === ''
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
      },
      agent: false,
      timeout: 5_000,
    });
    tunnel.on('timeout', () => tunnel.destroy(proxyError(`did not answer within 5 s`, 'ETIMEDOUT')));
    tunnel.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.message.startsWith('The proxy')
          ? error
          : proxyError(`can't be reached (${error.code ?? error.message})`, error.code),
      ),
    );
    tunnel.on('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        fail(proxyError(`refused to connect to ${target} (${response.statusCode})`, 'EPROXY'));
        return;
      }
      socket.setTimeout(0);
      const secured = connect({ ...options, socket, servername: options.servername ?? options.host ?? '' });
      callback?.(null, secured);
    });
    tunnel.end();
    return undefined;
  }
}

function proxyError(what: string, code: string | undefined): Error {
  return Object.assign(new Error(`The proxy named by HTTPS_PROXY ${what}`), { code: code ?? 'EPROXY' });
}
