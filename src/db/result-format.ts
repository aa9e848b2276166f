/** One column of a result, as RowDescription announces it. */
export interface ResultColumn {
  readonly name: string;
  /** OID of the type; a domain reports the type under it. */
  readonly type: number;
}

/** The server's own text for each value, or null for NULL. Nothing between the wire and the page parses it. */
export type ResultRow = readonly (string | null)[];

/** Turns one result after the other into text. Made fresh for each run: it remembers where it is. */
export interface ResultFormat {
  /** False: a second result has no place in this format. */
  readonly manyResults: boolean;
  begin(columns: readonly ResultColumn[]): string;
  row(values: ResultRow): string;
  /** The result has all its rows. */
  end(): string;
  /** Everything ran. Not asked after a failure, so that a cut document is seen to be cut. */
  close(): string;
}

export interface FormatOptions {
  readonly header: boolean;
  /** What stands for NULL in table and csv. */
  readonly nullText: string;
}

/** https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
export const typeIds = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  xid: 28,
  cid: 29,
  json: 114,
  float4: 700,
  float8: 701,
  money: 790,
  numeric: 1700,
  jsonb: 3802,
  xid8: 5069,
} as const;
