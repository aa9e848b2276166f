/** The condition keys of one request, lower case (IAM compares key names so), each with its values. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

export type ContextEntries = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Undefined values are absent keys; an empty list is present and empty. */
export function requestContext(...sources: readonly ContextEntries[]): RequestContext {
  const context = new Map<string, readonly string[]>();
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      if (value === undefined) continue;
      context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
  }
  return context;
}
