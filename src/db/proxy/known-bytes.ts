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
    // A view would keep all that came with it.
    if (end - start <= longest)
      this.#known[placeOf(source, start, end)] = {
        bytes: Buffer.from(source.subarray(start, end)),
        value,
      };
    return value;
  }
}

/** The length and a byte from the middle tell most apart. */
const placeOf = (source: Buffer, start: number, end: number): number =>
  (end - start + 5 * (source[(start + end) >> 1] ?? 0)) % places;
