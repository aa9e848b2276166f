/** A terminal recording, asciicast v2: https://docs.asciinema.org/manual/asciicast/v2/ */
export interface CastHeader {
  readonly width: number;
  readonly height: number;
  /** When it began, epoch seconds. */
  readonly timestamp: number;
  readonly title: string;
}

/** `o`: what was shown; `r`: the terminal's size, `80x24`; `m`: a marker's words. Never `i`, what was typed. */
export type CastKind = 'o' | 'r' | 'm';

export interface CastEvent {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly kind: CastKind;
  readonly data: string;
}

export interface Cast {
  readonly header: CastHeader;
  readonly events: readonly CastEvent[];
  /** Lines that are no events; a torn last one is not counted. */
  readonly damaged: number;
}

export function encodeCastHeader({ width, height, timestamp, title }: CastHeader): string {
  return JSON.stringify({ version: 2, width, height, timestamp, title });
}

/** To the microsecond, as the format's own recorder writes it. */
export function encodeCastEvent({ at, kind, data }: CastEvent): string {
  return JSON.stringify([Math.round(at * 1e6) / 1e6, kind, data]);
}

/**
 * Undefined when it does not begin as a cast does. What was written by another program counts too: events of other
 * kinds are left out, and time that goes back stands still.
 */
export function parseCast(bytes: Uint8Array): Cast | undefined {
  const decoder = new TextDecoder();
  let header: CastHeader | undefined;
  const events: CastEvent[] = [];
  let damaged = 0;
  let latest = 0;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const value = parseJson(decoder.decode(bytes.subarray(start, end)));
    start = end + 1;
    if (header === undefined) {
      header = parseHeader(value);
      if (header === undefined) return undefined;
      continue;
    }
    if (!Array.isArray(value)) {
      if (found >= 0) damaged++;
      continue;
    }
    const [at, kind, data] = value as readonly unknown[];
    // 1e999 is JSON, and no time.
    if (
      !Number.isFinite(at) ||
      typeof at !== 'number' ||
      typeof kind !== 'string' ||
      typeof data !== 'string'
    ) {
      damaged++;
      continue;
    }
    if (kind !== 'o' && kind !== 'r' && kind !== 'm') continue;
    latest = Math.max(latest, at);
    events.push({ at: latest, kind, data });
  }
  return header && { header, events, damaged };
}

/** Undefined for what is no size: `0x0`, words, numbers that no terminal has. */
export function parseSize(text: string): { readonly columns: number; readonly rows: number } | undefined {
  const [, columns, rows] = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text) ?? [];
  return columns === undefined ? undefined : { columns: Number(columns), rows: Number(rows) };
}

function parseHeader(value: unknown): CastHeader | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, width, height, timestamp, title } = value as Readonly<Record<string, unknown>>;
  if (version !== 2 || parseSize(`${width}x${height}`) === undefined) return undefined;
  return {
    width: Number(width),
    height: Number(height),
    timestamp: typeof timestamp === 'number' && Math.abs(timestamp) <= 8.64e12 ? timestamp : 0,
    title: typeof title === 'string' ? title : '',
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
