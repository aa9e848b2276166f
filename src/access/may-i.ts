import { BreakGlassNeeded } from '../breakglass/request/break-glass-needed.ts';
import type { Config, Environment } from '../config/config.ts';
import { plannedGrantFor } from '../config/planned-grant-for.ts';
import { ForgeError } from '../errors.ts';

export interface AccessQuestion {
  readonly config: Pick<Config, 'breakGlass' | 'plannedGrant'>;
  /** Undefined: no configuration is involved, only the person's own keys and flags. */
  readonly environment: Environment | undefined;
  /** Words of the command, e.g. `db connect`. */
  readonly purpose: string;
  readonly reason: string | undefined;
  /** Whether production may only be reached with a reason: where keys leave forge's hands. */
  readonly reasonNeeded?: boolean | undefined;
  /** A break-glass session for this very environment is open. Undefined: what the plan says. */
  readonly granted?: boolean | undefined;
  /** --grant: standing access is not to be used, where there is some. */
  readonly grant?: string | undefined;
}

/**
 * What forge's own rules say before AWS is asked; undefined: nothing against it. Not a security boundary (IAM
 * is), but it keeps people from doing by habit what needs a decision.
 */
export function refusal(question: AccessQuestion): ForgeError | undefined {
  const { environment, reason, purpose } = question;
  if (reason !== undefined && (reason.trim() === '' || reason.length > 500 || /[\r\n]/.test(reason))) {
    return new ForgeError('usage', 'A reason is one line of up to 500 characters.', {
      code: 'INVALID_REASON',
      hint: 'For example: --reason "INC-123: orders stuck in payment"',
    });
  }
  if (environment?.production !== true)
    return question.grant === undefined ? undefined : noProduction(environment);
  const planned =
    question.granted === undefined && plannedGrantFor(question.config, environment) !== undefined;
  const granted = planned || question.granted === true;
  if (!granted && (environment.permissionSet === undefined || question.grant !== undefined)) {
    return new BreakGlassNeeded(question.config.breakGlass, environment, purpose);
  }
  // The grant has one.
  if (question.reasonNeeded === true && reason === undefined && !planned) {
    return reasonNeeded(purpose);
  }
  return undefined;
}

/** `purpose`: words of the command. */
export function reasonNeeded(purpose: string): ForgeError {
  return new ForgeError('usage', `"forge ${purpose}" on production needs a reason.`, {
    code: 'REASON_NEEDED',
    hint: `Say why: --reason "…"; it is recorded with your name.`,
  });
}

/** Whoever names a grant means production: going on elsewhere would be a surprise. */
function noProduction(environment: Environment | undefined): ForgeError {
  return new ForgeError('usage', `--grant is for production, and ${environment?.name ?? 'this'} is none.`, {
    code: 'NOT_PRODUCTION',
    hint: 'Leave out --grant, or name the environment of the grant.',
  });
}
