interface Known<Value> {
  readonly bytes: Buffer;
  readonly value: Value;
}

const longest = 2_048;
/** Even: each has a neighbour. */
const places = 64;

/**
 * What was found about some bytes, by the bytes: drivers send the same few texts, and servers the same few tags, again
 * and again, and to compare them takes less than to read them. It forgets rather than grows.
 */
export class KnownBytes<Value> {
  readonly #known: (Known<Value> | undefined)[] = Array.from({ length: places }, () => undefined);

  find(source: Buffer, start: number, end: number): Value | undefined {
    const place = placeOf(source, start, end);
    const known = this.#at(place, source, start, end) ?? this.#at(place ^ 1, source, start, end);
    return known?.value;
  }

  add(source: Buffer, start: number, end: number, value: Value): Value {
    if (end - start > longest) return value;
    // Memory of its own: a view, or a piece of Node's pool, would keep what others have said beside it.
    const bytes = Buffer.allocUnsafeSlow(end - start);
    source.copy(bytes, 0, start, end);
    const place = placeOf(source, start, end);
    const known = this.#known[place];
    // Two that meet would else take the place from each other each time. What its neighbour has goes, be it an older value of these.
    if (known !== undefined && !isSame(known.bytes, source, start, end)) this.#known[place ^ 1] = known;
    this.#known[place] = { bytes, value };
    return value;
  }

  #at(place: number, source: Buffer, start: number, end: number): Known<Value> | undefined {
    const known = this.#known[place];
    return known !== undefined && isSame(known.bytes, source, start, end) ? known : undefined;
  }
}

function isSame(bytes: Buffer, source: Buffer, start: number, end: number): boolean {
  const size = end - start;
  if (bytes.length !== size) return false;
  for (let at = 0; at < size; at++) if (bytes[at] !== source[start + at]) return false;
  return true;
}

/** The length and three bytes tell most apart: a text's beginning, its middle, and what is at three quarters. */
function placeOf(source: Buffer, start: number, end: number): number {
  const size = end - start;
  if (size === 0) return 0;
  const early = source[start + (size >> 2)] ?? 0;
  const middle = source[start + (size >> 1)] ?? 0;
  const late = source[end - 1 - (size >> 2)] ?? 0;
  return (size + 5 * middle + 11 * early + 23 * late) % places;
}
