import type { Aws } from '../../aws/clients.ts';
import { terminateSession } from '../../aws/ssm.ts';
import { type ActiveSession, listActiveSessions } from '../../aws/ssm-sessions.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { type RoleCredentials, signingKeys } from '../../identity/role-credentials.ts';
import type { ActiveGrant, Ending } from '../session/active-grant.ts';
import { listOpenSessions } from '../session/open-sessions.ts';

/** So long the end of a session may wait for AWS; the server side ends what is left. */
const patienceMs = 2_500;
/** Not all at once: AWS slows down whoever asks too much. */
const atOnce = 5;

/**
 * Ends what the session's role still has open in Session Manager, a native `aws ssm start-session` too, with the keys of
 * the session: only sessions whose owner is that very role session. What it answers is for people. Never throws.
 */
export async function closeShells(
  parts: Pick<IdentityParts, 'host' | 'aws'>,
  grant: Pick<ActiveGrant, 'environment' | 'region'>,
  credentials: RoleCredentials,
  ending: Ending,
): Promise<readonly string[]> {
  const { host } = parts;
  const owner = credentials.callerArn;
  if (owner === undefined || host.signal.aborted) return [];
  // Another shell of the same access on this machine has the same owner: its sessions are its own.
  const others = (await listOpenSessions(host)).filter(({ pid }) => pid !== host.pid);
  if (others.some(({ environment }) => environment === grant.environment)) return [];
  let left: readonly ActiveSession[] | undefined;
  try {
    const aws = bounded(await parts.aws());
    const keys = signingKeys(credentials);
    const found = await listActiveSessions(aws, grant.region, keys, owner);
    const mine = found.filter((session) => session.owner === owner);
    left = mine;
    for (let index = 0; index < mine.length; index += atOnce) {
      const some = mine.slice(index, index + atOnce);
      await Promise.all(some.map(({ sessionId }) => terminateSession(aws, grant.region, keys, sessionId)));
      left = mine.slice(index + atOnce);
    }
    return mine.length === 0 ? [] : [`${counted(mine)} of Session Manager ended: ${names(mine)}.`];
  } catch (error) {
    // The keys are cut off with the access: then the server side has ended the sessions, too.
    const cut = error instanceof ForgeError && error.kind === 'denied';
    if (cut && (ending.why === 'expired' || ending.why === 'revoked')) return [];
    const what = left === undefined ? 'Sessions' : counted(left);
    return [
      `${what} of Session Manager could not be ended from here (${reasonOf(error)}). The server side ends what is left of this access.`,
    ];
  }
}

const counted = ({ length }: readonly unknown[]) => `${length} ${length === 1 ? 'session' : 'sessions'}`;

function names(sessions: readonly ActiveSession[]): string {
  const shown = sessions.slice(0, 3).map(({ sessionId }) => sessionId);
  return `${shown.join(', ')}${sessions.length > shown.length ? ', …' : ''}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof ForgeError) return error.message.replace(/\.$/, '');
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return error instanceof Error ? error.message : String(error);
}

/** Its calls end after the time that there is. */
function bounded(aws: Aws): Aws {
  const signal = AbortSignal.any([aws.host.signal, AbortSignal.timeout(patienceMs)]);
  // A host has getters: they must stay where they are.
  return { ...aws, host: Object.create(aws.host, { signal: { value: signal } }) as Aws['host'] };
}
