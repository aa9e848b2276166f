/** The part of pg's connection that @types/pg describes otherwise than it is. */
export interface ExtendedWire {
  parse(message: { text: string; name: string; types: readonly number[] }): void;
  bind(message: { values: readonly string[] }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string; rows: number }): void;
  sync(): void;
  sendCopyFail(reason: string): void;
}

/** The server goes on after it; all else has ended the connection, or leaves its fate open. */
export function isStatementError(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR';
}
