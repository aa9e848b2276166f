import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import type { CredentialSource } from './active-grant.ts';
import type { SessionLife } from './session-life.ts';

/** The session's credentials: in this process's memory and nowhere else. */
export interface SessionKeys extends Disposable {
  /**
   * Keys that work now, said to end no later than the session does. Throws sessionOver, or what the source threw once
   * the last ones have ended.
   */
  current(): Promise<RoleCredentials>;
  /** New keys, for whoever met a refusal of those that they have; within half a minute the same ones for all. */
  renewed(): Promise<RoleCredentials>;
  /** When the last of all keys given out ends at AWS, epoch milliseconds. Copies of them can work until then. */
  issuedUntil(): number;
  /** For this process alone, to close what was opened with them; also after the end, until disposed. */
  last(): RoleCredentials | undefined;
}

/**
 * botocore asks again 15 minutes before an end, the other SDKs 5 or less; and they wait for an answer for one or two
 * seconds only, so what they get must be there already.
 */
const renewBeforeMs = 16 * 60_000;
/** Keys this near to their end are not handed out where new ones can be had. */
const shortestUseMs = 30_000;
const retryAfterMs = 20_000;
const lookEveryMs = 1_000;

/**
 * The first keys are there when this resolves. One renewal at a time; it begins before anybody needs it. `renewAt` (epoch
 * milliseconds): then once more, whatever their age.
 */
export async function obtainSessionKeys(
  host: Pick<Host, 'now' | 'monotonic'>,
  source: CredentialSource,
  life: SessionLife,
  { renewAt }: { readonly renewAt?: number | undefined } = {},
): Promise<SessionKeys> {
  let held: Held | undefined;
  let last: Held | undefined;
  let renewal: Promise<Held> | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  let issuedUntil = 0;
  let renewedAt = Number.NEGATIVE_INFINITY;
  // By the clock that nobody turns.
  let renewLater = renewAt === undefined ? undefined : host.monotonic() + renewAt - host.now();
  const renew = (): Promise<Held> => {
    renewal ??= source()
      .then((credentials) => {
        const next = checked(credentials);
        life.throwIfOver();
        held = next;
        last = next;
        return next;
      })
      .catch((error: unknown) => {
        notBefore = host.monotonic() + retryAfterMs;
        throw error;
      })
      .finally(() => {
        renewal = undefined;
      });
    return renewal;
  };
  const renewInTime = () => {
    if (held === undefined || renewal !== undefined || host.monotonic() < notBefore) return;
    if (renewLater !== undefined && host.monotonic() >= renewLater) {
      const answered = () => {
        renewLater = undefined;
      };
      renew().then(answered, () => {});
      return;
    }
    const left = held.expiration - host.now();
    // New ones could not be used for longer: the session ends first.
    if (left < renewBeforeMs && held.expiration < life.endsAt()) renew().catch(() => {});
  };
  await renew();
  const timer = setInterval(renewInTime, lookEveryMs);
  const stop = () => {
    clearInterval(timer);
    held = undefined;
  };
  life.onEnd(stop);
  const give = (keys: Held): RoleCredentials => {
    life.throwIfOver();
    issuedUntil = Math.max(issuedUntil, keys.expiration);
    return { ...keys, expiration: Math.min(keys.expiration, life.endsAt()) };
  };
  return {
    async current() {
      life.throwIfOver();
      const good = held !== undefined && held.expiration - host.now() > shortestUseMs;
      const last = held !== undefined && held.expiration >= life.endsAt();
      return give(held !== undefined && (good || last) ? held : await renew());
    },
    async renewed() {
      life.throwIfOver();
      const again = host.monotonic() - renewedAt < shortestUseMs;
      if (again && held !== undefined && renewal === undefined) return give(held);
      renewedAt = host.monotonic();
      return give(await renew());
    },
    issuedUntil: () => issuedUntil,
    last: () => last,
    [Symbol.dispose]() {
      stop();
      last = undefined;
    },
  };
}

type Held = RoleCredentials & { readonly expiration: number };

/** What never ends can't be handed out for a while. */
function checked(credentials: RoleCredentials): Held {
  const { expiration, sessionToken } = credentials;
  if (expiration !== undefined && sessionToken !== undefined) return { ...credentials, expiration };
  throw new ForgeError('failed', 'The credentials for this session do not end by themselves.', {
    code: 'BREAKGLASS_LASTING_KEYS',
    hint: 'Assume a role with them first.',
  });
}
