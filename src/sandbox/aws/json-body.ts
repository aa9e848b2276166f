/** A JSON object from outside, read field by field. Undefined: not an object. */
export type JsonFields = Readonly<Record<string, unknown>>;

export function parseJsonObject(body: Buffer): JsonFields | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonFields)
      : undefined;
  } catch {
    return undefined;
  }
}

export function jsonReply(status: number, value: object, headers: Readonly<Record<string, string>> = {}) {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}
