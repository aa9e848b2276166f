import { type ErrorKind, ForgeError } from '../../errors.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';

/** Access that somebody was given for a while: what an active session lives on. */
export interface ActiveGrant {
  /** `BG-…` or `EV-…`. */
  readonly id: string;
  readonly tier: 0 | 1 | 2 | 3;
  /** Name in forge.yaml. */
  readonly environment: string;
  readonly region: string;
  readonly reason: string;
  /** Epoch milliseconds, wall clock. */
  readonly endsAt: number;
}

/** New keys of the grant's role at each call, with a session token and an end; throws what AWS refuses with. */
export type CredentialSource = () => Promise<RoleCredentials>;

/** What ended a session; the first that happens counts. */
export interface Ending {
  readonly why: 'expired' | 'ended' | 'revoked' | 'signed-out' | 'finished' | 'terminated';
  /** More about it, for people: who revoked it. */
  readonly said?: string | undefined;
}

const sentences: Readonly<Record<Ending['why'], string>> = {
  expired: 'its time is up',
  ended: 'it was ended',
  revoked: 'it was revoked',
  'signed-out': 'you signed out',
  finished: 'its program has ended',
  terminated: 'forge was terminated',
};

/** `The break-glass session BG-… on prod-wealth has ended: its time is up.` */
export function endingSentence(
  { id, environment }: Pick<ActiveGrant, 'id' | 'environment'>,
  ending: Ending,
): string {
  const said = ending.said === undefined ? '' : ` (${ending.said})`;
  return `The break-glass session ${id} on ${environment} has ended: ${sentences[ending.why]}${said}.`;
}

/** What whoever still asks for its credentials is told. */
export function sessionOver(grant: Pick<ActiveGrant, 'id' | 'environment'>, ending: Ending): ForgeError {
  return new ForgeError('denied', endingSentence(grant, ending), {
    code: 'BREAKGLASS_OVER',
    hint: 'Leave this shell with exit, and ask for access again: forge breakglass --help',
  });
}

const outcomes: Readonly<Record<Exclude<Ending['why'], 'ended' | 'finished'>, readonly [ErrorKind, string]>> =
  {
    expired: ['time-up', 'BREAKGLASS_TIME_UP'],
    revoked: ['denied', 'BREAKGLASS_REVOKED'],
    'signed-out': ['signed-out', 'BREAKGLASS_SIGNED_OUT'],
    terminated: ['terminated', 'TERMINATED'],
  };

/** The exit code of the command that held the session: its program's own, 0 where it was ended as asked; else throws. */
export function sessionExit(
  grant: Pick<ActiveGrant, 'id' | 'environment'>,
  { ending, exitCode }: { readonly ending: Ending; readonly exitCode: number },
): number {
  if (ending.why === 'finished') return exitCode;
  if (ending.why === 'ended') return 0;
  const [kind, code] = outcomes[ending.why];
  throw new ForgeError(kind, endingSentence(grant, ending), { code });
}
