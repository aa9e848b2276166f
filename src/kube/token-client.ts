import { connect } from 'node:net';
import { type ErrorKind, exitCodes, ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { asJsonObject, parseJsonObject } from '../lib/json-object.ts';
import { Secret } from '../lib/secret.ts';
import type { SignedToken } from './cluster-access.ts';

/** Where `forge kube exec` hands its key to the plugin: an environment variable that the kubeconfig sets for it alone. */
export const tokenKeyVariable = 'FORGE_KUBE_TOKEN_KEY';

const patienceMs = 30_000;
/** Tokens with a session token are 1 to 4 kB. */
const longestAnswer = 64 * 1024;

/** A token from the forge that runs kubectl. Throws what that one threw; KUBE_SESSION_OVER when it is gone. */
export async function fetchToken(host: Pick<Host, 'env' | 'signal'>, path: string): Promise<SignedToken> {
  const key = host.env[tokenKeyVariable] ?? '';
  const text = await exchange(path, key, host.signal).catch((error: unknown) => {
    host.signal.throwIfAborted();
    throw new ForgeError('signed-out', 'The forge that gave this access has ended, and the access with it.', {
      code: 'KUBE_SESSION_OVER',
      hint: 'Start it again: forge kube exec, or forge kube proxy',
      cause: error,
    });
  });
  return parseAnswer(text);
}

function exchange(path: string, key: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path, signal });
    socket.setEncoding('utf8');
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => socket.write(`${key}\n`));
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.length > longestAnswer) socket.destroy(new Error('too long an answer'));
    });
    socket.once('close', () => {
      if (text.endsWith('\n')) resolve(text);
      else reject(new Error('no answer'));
    });
  });
}

function parseAnswer(text: string): SignedToken {
  const { token, expiresAt, error } = parseJsonObject(text) ?? {};
  if (typeof token === 'string' && typeof expiresAt === 'number')
    return { token: new Secret(token), expiresAt };
  const { kind, message, code, hint } = asJsonObject(error) ?? {};
  const known = Object.keys(exitCodes).find((one): one is ErrorKind => one === kind) ?? 'failed';
  throw new ForgeError(known, typeof message === 'string' ? message : 'No token was given.', {
    code: typeof code === 'string' ? code : 'TOKEN_FAILED',
    hint: typeof hint === 'string' ? hint : undefined,
  });
}
