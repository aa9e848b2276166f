/** A refusal in AWS's words: the code and the sentence go over the wire as they are. */
export class AwsFailure extends Error {
  override readonly name = 'AwsFailure';
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** What some refusals say beside code and message: ResourceType, Reason, Key. */
  readonly details: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}
