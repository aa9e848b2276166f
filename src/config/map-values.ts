/** A mapping of the file as a Map; a key with nothing behind it is an empty one. */
export function mapValues<In, Out>(
  record: Readonly<Record<string, In>> | null | undefined,
  build: (value: In, key: string) => Out,
): ReadonlyMap<string, Out> {
  return new Map(Object.entries(record ?? {}).map(([key, value]) => [key, build(value, key)]));
}
