import { request } from 'node:http';
import { ForgeError } from '../../errors.ts';
import type { SandboxState } from './sandbox-state.ts';

/** Environments with databases, and whether these answer those who come without Session Manager. */
export type Reachable = ReadonlyMap<string, boolean>;

type Asked = Pick<SandboxState, 'url' | 'adminToken'>;

/** Where the VPN of the sandbox leads now. */
export async function getVpn(state: Asked): Promise<Reachable> {
  return ask(state, 'GET');
}

/** Connects or ends it; without environments: that of all production. An environment that is unknown is the caller's to refuse. */
export async function setVpn(
  state: Asked,
  on: boolean,
  environments: readonly string[] = [],
): Promise<Reachable> {
  let reachable = environments.length === 0 ? await ask(state, 'POST', { direct: on }) : await getVpn(state);
  for (const environment of environments) reachable = await ask(state, 'POST', { environment, direct: on });
  return reachable;
}

function ask({ url, adminToken }: Asked, method: 'GET' | 'POST', fields?: object): Promise<Reachable> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(
        new ForgeError('failed', 'The sandbox does not say how its network is.', {
          code: 'SANDBOX_HANGS',
          hint: 'Start it anew: forge sandbox stop, then forge sandbox start',
          cause,
        }),
      );
    const headers = { 'x-forge-sandbox-admin': adminToken, 'content-type': 'application/json' };
    const outgoing = request(`${url}/_sandbox/network`, { method, headers, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('error', fail);
      incoming.on('end', () => {
        try {
          if (incoming.statusCode !== 200) return fail(new Error(`${incoming.statusCode} ${text}`));
          const access = JSON.parse(text) as Readonly<Record<string, string>>;
          resolve(new Map(Object.entries(access).map(([name, value]) => [name, value === 'open'])));
        } catch (error) {
          fail(error);
        }
      });
    });
    outgoing.setTimeout(3_000, () => outgoing.destroy(new Error('no answer within 3 s')));
    outgoing.on('error', fail);
    outgoing.end(fields === undefined ? undefined : JSON.stringify(fields));
  });
}
