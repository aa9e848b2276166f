import type { Aws } from '../aws/clients.ts';
import {
  type NewSession,
  type StartSessionRequest,
  startSession as startAwsSession,
  terminateSession,
} from '../aws/ssm.ts';
import { streamRefusal } from '../aws/stream-refusal.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { within } from './within.ts';

/** Milliseconds that the answer and the termination may take after Ctrl-C. */
const patienceMs = 2_000;

/**
 * ssm:StartSession. Interrupted, it waits for the answer a moment: a request that is merely dropped can still start a
 * session, whose id nobody would know, and which AWS would keep until its idle time is up. A session whose address is
 * not AWS's is ended and refused: UNSAFE_STREAM_URL.
 */
export async function startOrTerminate(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  request: StartSessionRequest,
): Promise<NewSession> {
  const { env, now, monotonic, signal } = aws.host;
  signal.throwIfAborted();
  const patient: Aws = { ...aws, host: { env, now, monotonic, signal: new AbortController().signal } };
  const starting = startAwsSession(patient, region, keys, request);
  let onAbort = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const session = await Promise.race([starting, interrupted]);
    const refused = streamRefusal(session.streamUrl, aws.endpointFor('ssm', region), region);
    if (refused !== undefined) throw refused;
    return session;
  } catch (error) {
    const ended = starting.then(({ sessionId }) => terminateSession(patient, region, keys, sessionId));
    await within(patienceMs, ended).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
