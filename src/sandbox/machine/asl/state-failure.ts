/** How a state fails: what Retry and Catch name, and words. */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  /** `States.Timeout`, `Lambda.TooManyRequestsException`, the name of what a handler threw. */
  readonly error: string;

  constructor(error: string, cause: string) {
    super(cause);
    this.error = error;
  }
}
