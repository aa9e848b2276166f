/** How far a connection had come when it failed. */
export type WireStep = 'dns' | 'tcp' | 'negotiation' | 'tls' | 'authentication' | 'protocol';

/**
 * A connection that could not be made, or a server that does not keep to the protocol. explain-failure.ts turns
 * it into a sentence; `code` is Node's, OpenSSL's, or one of the words below.
 */
export class WireFailure extends Error {
  override readonly name = 'WireFailure';
  readonly step: WireStep;
  readonly code: string;

  constructor(step: WireStep, code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.step = step;
    this.code = code;
  }

  static from(step: WireStep, error: unknown): WireFailure {
    if (error instanceof WireFailure) return error;
    const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'FAILED';
    return new WireFailure(step, code, error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
