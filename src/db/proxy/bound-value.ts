const nothing = Buffer.alloc(0);

/** A value bound to $1, $2 … as the client sent it: where it is, for a view of its own costs more than to read it. */
export class BoundValue {
  readonly binary: boolean;
  /** Bytes of the whole value; 0 for NULL, -1 where nobody knows. */
  readonly size: number;
  readonly isNull: boolean;
  /** What was read of it is from `start` to `end`: all in a message of up to 64 KiB. */
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;

  private constructor(
    binary: boolean,
    size: number,
    isNull: boolean,
    source: Buffer,
    start: number,
    end: number,
  ) {
    this.binary = binary;
    this.size = size;
    this.isNull = isNull;
    this.source = source;
    this.start = start;
    this.end = end;
  }

  static of(binary: boolean, size: number, source: Buffer, start: number, end: number): BoundValue {
    return new BoundValue(binary, size, false, source, start, end);
  }

  static null(binary: boolean): BoundValue {
    return new BoundValue(binary, 0, true, nothing, 0, 0);
  }

  /** It is not there yet. */
  static unread(binary: boolean): BoundValue {
    return new BoundValue(binary, -1, false, nothing, 0, 0);
  }

  /** As far as they were read; null is NULL; undefined: not read. */
  get bytes(): Buffer | null | undefined {
    if (this.isNull) return null;
    return this.size < 0 ? undefined : this.source.subarray(this.start, this.end);
  }

  /** What was read is all of it. */
  get isWhole(): boolean {
    return this.end - this.start === this.size;
  }
}
