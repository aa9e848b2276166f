/** A request as it arrived: what a signature is checked against. */
export interface SignedRequest {
  readonly method: string;
  /** As it was sent, percent-encoding and all. */
  readonly path: string;
  /** Without the question mark, as it was sent. */
  readonly query: string;
  /** In the order sent, repeated ones repeated. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}
