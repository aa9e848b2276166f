import { type ErrorKind, ForgeError, interruption } from '../errors.ts';
import { durationText } from '../lib/duration-text.ts';
import { explainWireFailure } from './explain-wire-failure.ts';
import { checkHint, connectArn, type FailureFacts } from './failure-facts.ts';
import { notForIam } from './not-for-iam.ts';
import { WireFailure } from './wire/wire-failure.ts';

/** RDS refuses a signature that is more than five minutes away from its clock. */
const toleratedSkewMs = 5 * 60_000;

/**
 * Why a connection was not made: the likely cause in a sentence, and what to do. What PostgreSQL says is quoted,
 * because people search for it; but "PAM authentication failed" alone explains nothing to anybody.
 */
export function explainDatabaseFailure(error: unknown, facts: FailureFacts): ForgeError {
  if (error instanceof ForgeError) return error;
  if (typeof error === 'string') return interruption(error);
  if (error instanceof WireFailure) return explainWireFailure(error, facts);
  if (isServerError(error)) return explainServerError(error, facts);
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  const cause = error instanceof Error ? error.message : String(error);
  if (code !== undefined || /^Connection terminated|^timeout expired/.test(cause)) {
    const step = new WireFailure('authentication', 'CLOSED', cause, { cause: error });
    return explainWireFailure(step, facts);
  }
  return new ForgeError('failed', `Failed to connect to ${facts.name}: ${cause}.`, {
    code: 'CONNECT_FAILED',
    hint: checkHint(facts),
    cause: error,
  });
}

interface ServerError extends Error {
  readonly code: string;
  readonly severity?: string;
}

function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error &&
    'severity' in error &&
    typeof (error as { code?: unknown }).code === 'string' &&
    /^[0-9A-Z]{5}$/.test((error as ServerError).code)
  );
}

function explainServerError(error: ServerError, facts: FailureFacts): ForgeError {
  const { name, user, database } = facts;
  const said = `${error.message.replace(/\.$/, '')} (SQLSTATE ${error.code})`;
  const failure = (kind: ErrorKind, code: string, message: string, hint = checkHint(facts)) =>
    new ForgeError(kind, message, { code, hint, cause: error });
  if (/PAM authentication failed/i.test(error.message)) return tokenRefused(said, facts, error);
  switch (error.code) {
    case '28P01':
      return notForIam(`The server says: ${said}.`, facts, error);
    case '28000':
      if (/not permitted to log in/.test(error.message)) {
        return failure(
          'denied',
          'ROLE_CANNOT_LOG_IN',
          `The role ${user} may not log in on ${name}: ${said}.`,
        );
      }
      if (/no pg_hba\.conf entry/.test(error.message)) {
        return failure(
          'denied',
          'NOT_ADMITTED',
          `The server admits nobody with this user, database and address: ${said}.`,
          `Check the user and the database name. ${checkHint(facts)}`,
        );
      }
      return failure('denied', 'NOT_ADMITTED', `${name} refused ${user}: ${said}.`);
    case '3D000':
      return failure(
        'usage',
        'UNKNOWN_DATABASE',
        `There is no database ${JSON.stringify(database)} on ${name}: ${said}.`,
        'Name another one with --database, or correct "database" in forge.yaml.',
      );
    case '42501':
      return failure(
        'denied',
        'NO_CONNECT_PRIVILEGE',
        `${user} may not use the database ${database}: ${said}.`,
        `Its owner can allow it: grant connect on database "${database}" to "${user}"`,
      );
    case '53300':
    case '53400':
      return failure(
        'unreachable',
        'TOO_MANY_CONNECTIONS',
        `${name} has no connection left: ${said}.`,
        'Try again soon, or close sessions: idle ones are in pg_stat_activity.',
      );
    case '57P03':
      return failure(
        'unreachable',
        'DATABASE_STARTING',
        `${name} is not ready: ${said}.`,
        'It is starting, stopping or failing over: try again in a minute.',
      );
    case '57P01':
    case '57P02':
      return failure(
        'unreachable',
        'DATABASE_STOPPED',
        `${name} closed the connection: ${said}.`,
        'It was stopped or failed over: try again in a minute.',
      );
    default:
      return failure('failed', `SQLSTATE_${error.code}`, `Failed to connect to ${name}: ${said}.`);
  }
}

/** PAM: the role is one for IAM, and RDS did not accept the token. It never says why; the causes, nearest first. */
function tokenRefused(said: string, facts: FailureFacts, cause: unknown): ForgeError {
  const { who, host, port, user, clockSkew, keysExpire, now } = facts;
  const failure = (kind: ErrorKind, code: string, reason: string, hint: string) =>
    new ForgeError(kind, `RDS refused the auth token: ${said}. ${reason}`, { code, hint, cause });
  if (clockSkew !== undefined && Math.abs(clockSkew) > toleratedSkewMs) {
    const direction = clockSkew > 0 ? 'behind' : 'ahead of';
    return failure(
      'failed',
      'CLOCK_SKEW',
      `This machine's clock is ${durationText(Math.abs(clockSkew))} ${direction} AWS's, and RDS tolerates 5 min.`,
      'Set the clock (turn on network time), then try again.',
    );
  }
  if (keysExpire !== undefined && keysExpire <= now) {
    return failure(
      'signed-out',
      'CREDENTIALS_EXPIRED',
      `The credentials that signed it (${who}) ended ${durationText(now - keysExpire)} ago.`,
      'Get new ones: forge login',
    );
  }
  const measured =
    clockSkew === undefined ? '' : `; the clock is right (${durationText(Math.abs(clockSkew))} off)`;
  return failure(
    'denied',
    'IAM_REFUSED',
    [
      `Most likely ${who} is not allowed rds-db:connect on ${connectArn(facts)}.`,
      `Else the token was for another endpoint: it is made out to ${host}:${port} as ${user} in ${facts.region}${measured}.`,
    ].join('\n'),
    `${whoCanAllow(who)} ${checkHint(facts)}`,
  );
}

/** The roles that infra/ makes lead to databases that carried its tag at the last apply: a new one is not among them. */
const whoCanAllow = (who: string): string =>
  /[:/](?:readonly|write)-rds-access\b/.test(who)
    ? 'In production a database is let into by the tag that Terraform looks for (access_tag), from the next apply: an administrator can see and add it.'
    : 'An administrator can allow that action on that resource.';
