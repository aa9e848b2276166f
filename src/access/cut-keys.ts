import type { Aws } from '../aws/clients.ts';
import { safeAfterRecentEnd } from '../breakglass/grant/recent-end.ts';
import { pause } from '../breakglass/pause.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import type { GrantedAccess } from './granted-access.ts';

/**
 * AWS refuses keys because of when they were issued: the boundary of break-glass, which the end of another access of the
 * same person has moved. Keys that are issued now are newer.
 */
export const isCut = (error: unknown): error is ForgeError =>
  error instanceof ForgeError &&
  error.kind === 'denied' &&
  /explicit deny in a permissions boundary/.test(error.message);

/**
 * On the way to the keys, where nothing was done yet: STS does not always say why it refuses. Keys of tier 0 are asked for anew
 * only where it is certain, for each time is told to everybody.
 */
export const mayBeCut = (error: unknown, { tier }: Pick<GrantedAccess, 'tier'>): boolean =>
  isCut(error) ||
  ((tier === 1 || tier === 2) && error instanceof ForgeError && error.code === 'ACCESS_DENIED');

/** Clocks that are kept by NTP are nearer to each other than a Date header, which has whole seconds, can tell. */
const trustedSkewMs = 2_000;
const marginMs = 100;

/**
 * Before keys are asked for once more: a cut is rounded up to a whole second, and what AWS issues in that is refused as well.
 * Waits until it is over where an access of this person ended on this machine a moment ago; else there is nothing to wait for.
 * Throws the signal's reason.
 */
export async function pastOwnCut(parts: Pick<IdentityParts, 'host' | 'output' | 'aws'>): Promise<void> {
  const { host, output } = parts;
  if (safeAfterRecentEnd(host) === undefined) return;
  output.note(
    'An access of yours ended a moment ago, and AWS refuses what it issued in that second: trying once more.',
  );
  const skew = (await parts.aws()).clockSkew();
  const now = host.now() + (Math.abs(skew) < trustedSkewMs ? 0 : skew);
  // The refusal is there, so the cut was made before now: in the second that ends here at the latest it is rounded up.
  const over = Math.ceil(now / 1_000) * 1_000 + 1_000 + marginMs;
  await pause(host, over - now);
}

/** A question that can't be answered by then is none: what the command asks next says the same. */
const probeMs = 4_000;

/**
 * Whether AWS refuses these keys before anything is done with them: asked only where an access of this person ended on this
 * machine a moment ago. Any call says so, whether it is allowed or not, for AWS names the boundary's denial first; this one
 * reads what everybody may know. Keys of a role that was just assumed need no question: they come by a call. Throws the signal's reason.
 */
export async function areCut(
  { host, aws: connect }: Pick<IdentityParts, 'host' | 'aws'>,
  region: string,
  credentials: RoleCredentials,
): Promise<boolean> {
  if (safeAfterRecentEnd(host) === undefined) return false;
  const [{ describeDocument }, aws] = await Promise.all([import('../aws/ssm-documents.ts'), connect()]);
  const { env, now, monotonic, signal } = aws.host;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(probeMs)]);
  const bounded: Aws = { ...aws, host: { env, now, monotonic, signal: soon } };
  try {
    await describeDocument(bounded, region, signingKeys(credentials), anyDocument);
    return false;
  } catch (error) {
    signal.throwIfAborted();
    return isCut(error);
  }
}

const anyDocument = 'AWS-StartPortForwardingSession';

/**
 * What was begun is not begun again by forge, since it may have done something: the session gets new keys, and the person
 * is told to type the line once more.
 */
export async function afterCut(
  error: ForgeError,
  granted: Pick<GrantedAccess, 'renewed'>,
): Promise<ForgeError> {
  try {
    await granted.renewed();
  } catch {
    return error;
  }
  return new ForgeError(error.kind, error.message, {
    code: error.code,
    hint: 'An access of yours that ended has cut the keys of this one; it has new ones now. Type the line once more.',
    cause: error,
  });
}
