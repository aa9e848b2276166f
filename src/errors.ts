/**
 * The one error forge throws on purpose. `kind` decides the exit code (a documented contract), `code` is
 * stable for scripts, `hint` is the command or step that gets the person out, printed on the last line.
 * Anything else that reaches main is a bug and is reported as one.
 */
export type ErrorKind =
  | 'failed'
  | 'usage'
  | 'signed-out'
  | 'denied'
  | 'unreachable'
  | 'time-up'
  | 'awaiting-approval'
  | 'interrupted'
  | 'terminated';

export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  failed: 1,
  usage: 2,
  'signed-out': 4,
  denied: 5,
  unreachable: 6,
  'time-up': 7,
  'awaiting-approval': 8,
  interrupted: 130,
  terminated: 143,
};

export interface ForgeErrorDetails {
  /** SCREAMING_SNAKE, stable for scripts. */
  readonly code: string;
  /** What to do next: a command to type, or a step to take. */
  readonly hint?: string | undefined;
  /** In place of the kind's: 126 and 127 of a program that could not be run, as shells have them. */
  readonly exitCode?: number | undefined;
  readonly cause?: unknown;
}

export class ForgeError extends Error {
  override readonly name = 'ForgeError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(kind: ErrorKind, message: string, details: ForgeErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.code = details.code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? exitCodes[kind];
  }
}

/** The failure for a signal: what was open has been closed by the time this reaches main. */
export function interruption(signalName: unknown): ForgeError {
  return signalName === 'SIGTERM' || signalName === 'SIGHUP'
    ? new ForgeError('terminated', 'Terminated.', { code: 'TERMINATED' })
    : new ForgeError('interrupted', 'Interrupted.', { code: 'INTERRUPTED' });
}
