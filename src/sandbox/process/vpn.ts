import { type Asked, askSandbox } from './ask-sandbox.ts';

/** Environments with databases, and whether these answer those who come without Session Manager. */
export type Reachable = ReadonlyMap<string, boolean>;

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

async function ask(state: Asked, method: 'GET' | 'POST', fields?: object): Promise<Reachable> {
  const access = await askSandbox(state, method, 'network', 'how its network is', fields);
  return new Map(Object.entries(access).map(([name, value]) => [name, value === 'open']));
}
