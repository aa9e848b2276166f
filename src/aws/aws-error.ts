import { ForgeError } from '../errors.ts';
import { durationText } from '../lib/duration-text.ts';
import { describeNetworkError } from './network-error.ts';

export interface FailedCall {
  /** Service and operation, e.g. `sts AssumeRole`. */
  readonly operation: string;
  readonly endpoint?: string | undefined;
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  readonly who?: string | undefined;
  /** The whole sentence when access is denied, where AWS's answer adds nothing to it. */
  readonly deniedMessage?: string | undefined;
  readonly deniedHint?: string | undefined;
  /** Server minus local clock, milliseconds. */
  readonly clockSkew?: number | undefined;
}

/**
 * The name by which AWS calls a failure, whether `error` is the SDK's or the ForgeError made from it: what
 * callers branch on, e.g. `AuthorizationPendingException`.
 */
export function awsErrorName(error: unknown): string | undefined {
  const original = error instanceof ForgeError ? error.cause : error;
  return original instanceof Error && '$metadata' in original ? original.name : undefined;
}

/**
 * Query services (STS, RDS) and JSON services (SSO, SSM, EKS) spell the same failure differently, so families of
 * names are matched. Source: the "Common Errors" pages of the API references. Never shows a request.
 */
export function toForgeError(error: unknown, call: FailedCall): ForgeError {
  if (error instanceof ForgeError) return error;
  const name = error instanceof Error ? error.name : '';
  const text = failureText(error);
  const network = describeNetworkError(error);
  if (network !== undefined) {
    const host = call.endpoint === undefined ? 'AWS' : hostOf(call.endpoint);
    return new ForgeError(
      'unreachable',
      `Failed to reach ${host} for ${call.operation}: ${network.reason}.`,
      {
        code: network.code,
        hint: network.hint,
        cause: error,
      },
    );
  }
  const fail = (kind: ForgeError['kind'], code: string, message: string, hint?: string) =>
    new ForgeError(kind, message, { code, hint, cause: error });

  if (isClockSkew(name, text)) {
    return fail(
      'failed',
      'CLOCK_SKEW',
      `AWS refused ${call.operation}: ${skewText(call.clockSkew)}.`,
      clockHint,
    );
  }
  if (name === 'UnauthorizedException') {
    return fail('signed-out', 'SIGNED_OUT', 'Your sign-in has ended.', 'forge login');
  }
  if (expired.has(name)) {
    const message = `AWS refused ${call.operation}: the credentials have expired.`;
    return fail('signed-out', 'CREDENTIALS_EXPIRED', message, 'Get new ones, or sign in: forge login');
  }
  if (invalid.has(name)) {
    const message = `AWS refused ${call.operation}: it does not know these credentials${why(text)}`;
    const hint =
      'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile that they come from.';
    return fail('signed-out', 'CREDENTIALS_INVALID', message, hint);
  }
  if (denied.has(name)) {
    const hint = call.deniedHint ?? 'What you hold: forge whoami --all';
    return fail('denied', 'ACCESS_DENIED', deniedText(call, text), hint);
  }
  if (throttled.has(name)) {
    return fail(
      'failed',
      'THROTTLED',
      `AWS asks to slow down (${call.operation}).`,
      'Wait a little and try again.',
    );
  }
  if (name === 'RegionDisabledException') {
    return fail('failed', 'REGION_DISABLED', `AWS refused ${call.operation}${why(text)}`, regionHint);
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 500) {
    const message = `AWS failed at ${call.operation} (status ${status})${why(text)}`;
    return fail('unreachable', 'AWS_UNAVAILABLE', message, 'Try again; see https://health.aws.amazon.com.');
  }
  if (/NotFound/.test(name)) {
    return fail(
      'failed',
      'NOT_FOUND',
      `AWS does not find ${call.resource ?? 'it'} (${call.operation})${why(text)}`,
      'Check its name, account and region: forge config show',
    );
  }
  return fail('failed', 'AWS_FAILED', `Failed at ${call.operation}${name ? ` (${name})` : ''}${why(text)}`);
}

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);
const invalid = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'AuthFailure',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'MissingAuthenticationToken',
]);
const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'ForbiddenException',
  'UnauthorizedOperation',
  'AuthorizationErrorException',
  'NotAuthorized',
  'OptInRequired',
]);
const throttled = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottledException',
]);
const skewNames = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture']);

const clockHint =
  'Set the clock of this machine (timedatectl set-ntp true, or the time settings), and try again.';
const regionHint =
  "An administrator can switch STS on for the region in the account's settings, or use another --region.";

function isClockSkew(name: string, text: string): boolean {
  return skewNames.has(name) || (invalid.has(name) && /Signature (?:expired|not yet current)/i.test(text));
}

function skewText(skew: number | undefined): string {
  if (skew === undefined || Math.abs(skew) < 60_000) return 'the clock of this machine is wrong';
  return `the clock of this machine is ${durationText(Math.abs(skew))} ${skew > 0 ? 'slow' : 'fast'}`;
}

/**
 * IAM's own message repeats caller, action and resource; of it only the reason is said after ours, unless it is
 * about another action (sts:SetSourceIdentity in an AssumeRole). All of it shows with --debug.
 */
function deniedText(call: FailedCall, text: string): string {
  if (call.deniedMessage !== undefined) return call.deniedMessage;
  const action = call.action ?? call.operation;
  const [, user, refused, reason] = iamDenial.exec(text) ?? [];
  const who = call.who ?? user;
  const resource = call.resource === undefined ? '' : ` on ${call.resource}`;
  const sentence = `Access denied: ${who === undefined ? '' : `${who} may not `}${action}${resource}`;
  if (refused !== action) return `${sentence}${why(text)}`;
  return reason === undefined ? `${sentence}.` : `${sentence}, ${reason}.`;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
const iamDenial =
  /^User: (\S+) is not authorized to perform: ([\w-]+:\w+)(?: on resource: \S+)?(?: ((?:because|with) [\s\S]+?))?\.?$/;

function why(text: string): string {
  if (text === '') return '.';
  return `: ${/[.!?]$/.test(text) ? text : `${text}.`}`;
}

/** OIDC errors carry their text in error_description and leave "UnknownError" as the message. */
function failureText(error: unknown): string {
  const described = (error as { error_description?: unknown } | undefined)?.error_description;
  if (typeof described === 'string' && described !== '') return described.slice(0, 1_000);
  if (!(error instanceof Error)) return '';
  return error.message === 'UnknownError' ? '' : error.message.slice(0, 1_000);
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata
    ?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

function hostOf(endpoint: string): string {
  return /^https?:\/\/([^/]+)/.exec(endpoint)?.[1] ?? endpoint;
}
