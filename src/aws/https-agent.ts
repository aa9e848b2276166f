import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:https';
import { rootCertificates } from 'node:tls';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { ProxyAgent } from './proxy-agent.ts';

/** Whom forge trusts (the public authorities and AWS_CA_BUNDLE) and the way there: directly, or through a proxy. */
export function httpsAgent(
  host: Pick<Host, 'env'>,
  proxy: URL | undefined,
  connections: AgentOptions = {},
): Agent {
  const options = { ...connections, ...trust(host) };
  return proxy === undefined ? new Agent(options) : new ProxyAgent(proxy, options);
}

function trust(host: Pick<Host, 'env'>): { ca?: string[] } {
  const file = host.env.AWS_CA_BUNDLE;
  if (!file) return {};
  try {
    return { ca: [...rootCertificates, readFileSync(file, 'utf8')] };
  } catch (error) {
    throw new ForgeError('usage', `Can't read the file that AWS_CA_BUNDLE names: ${file}.`, {
      code: 'CA_BUNDLE_UNREADABLE',
      hint: 'Give it a PEM file, or unset AWS_CA_BUNDLE.',
      cause: error,
    });
  }
}
