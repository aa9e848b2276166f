const longest = 2_048;
const places = 64;

/**
 * What was found about some bytes, by the bytes: drivers send the same few texts, and servers the same few tags, again
 * and again, and to compare them takes less than to read them. It forgets rather than grows.
 */
export class KnownBytes<Value> {
  readonly #known: ({ readonly bytes: Buffer; readonly value: Value } | undefined)[] = Array.from(
    { length: places },
    () => undefined,
  );

  find(source: Buffer, start: number, end: number): Value | undefined {
    const known = this.#known[placeOf(source, start, end)];
    const size = end - start;
    if (known === undefined || known.bytes.length !== size) return undefined;
    const { bytes } = known;
    for (let at = 0; at < size; at++) if (bytes[at] !== source[start + at]) return undefined;
    return known.value;
  }

  add(source: Buffer, start: number, end: number, value: Value): Value {
    if (end - start > longest) return value;
    // Memory of its own: a view, or a piece of Node's pool, would keep what others have said beside it.
    const bytes = Buffer.allocUnsafeSlow(end - start);
    source.copy(bytes, 0, start, end);
    this.#known[placeOf(source, start, end)] = { bytes, value };
    return value;
  }
}

/** The length and a byte from the middle tell most apart. */
const placeOf = (source: Buffer, start: number, end: number): number =>
  start === end ? 0 : (end - start + 5 * (source[(start + end) >> 1] ?? 0)) % places;
