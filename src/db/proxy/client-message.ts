import type { PreparedText } from './session-state.ts';
import type { BoundValue } from './statement.ts';

/** Bodies of the client's messages. Each answers undefined for what the server would call an invalid format. */

export interface ParseMessage {
  readonly name: string;
  readonly text: PreparedText;
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  readonly values: readonly BoundValue[];
}

export interface FunctionMessage {
  readonly oid: number;
  readonly values: readonly BoundValue[];
}

export function parseQuery(body: Buffer): PreparedText | undefined {
  const end = body.indexOf(0);
  return end >= 0 && end === body.length - 1 ? textOf(body, 0, end) : undefined;
}

export function parseParse(body: Buffer): ParseMessage | undefined {
  const name = body.indexOf(0);
  const sql = name < 0 ? -1 : body.indexOf(0, name + 1);
  if (sql < 0 || sql + 3 > body.length) return undefined;
  if (sql + 3 + 4 * body.readUInt16BE(sql + 1) !== body.length) return undefined;
  return { name: body.toString('latin1', 0, name), text: textOf(body, name + 1, sql) };
}

/** `more`: bytes of the message behind `body`. */
export function parseBind(body: Buffer, more: number): BindMessage | undefined {
  const portal = body.indexOf(0);
  const statement = portal < 0 ? -1 : body.indexOf(0, portal + 1);
  if (statement < 0) return undefined;
  const found = parseValues(body, statement + 1, more);
  if (found === undefined) return undefined;
  if (found.end !== undefined) {
    const { end } = found;
    if (end + 2 > body.length || end + 2 + 2 * body.readUInt16BE(end) !== body.length + more)
      return undefined;
  }
  return {
    portal: body.toString('latin1', 0, portal),
    statement: body.toString('latin1', portal + 1, statement),
    values: found.values,
  };
}

export function parseFunction(body: Buffer, more: number): FunctionMessage | undefined {
  if (body.length < 4) return undefined;
  const found = parseValues(body, 4, more);
  if (found === undefined || (found.end !== undefined && found.end + 2 !== body.length + more))
    return undefined;
  return { oid: body.readUInt32BE(0), values: found.values };
}

/** Name and rows of an Execute. */
export function parseExecute(body: Buffer): { readonly portal: string; readonly rows: number } | undefined {
  const portal = body.indexOf(0);
  if (portal < 0 || portal + 5 !== body.length) return undefined;
  return { portal: body.toString('latin1', 0, portal), rows: body.readInt32BE(portal + 1) };
}

/** Of Describe and Close. */
export function parseNamed(body: Buffer): { readonly of: 'S' | 'P'; readonly name: string } | undefined {
  const of = body[0] === 0x53 ? 'S' : body[0] === 0x50 ? 'P' : undefined;
  const end = body.indexOf(0, 1);
  if (of === undefined || end !== body.length - 1 || end < 1) return undefined;
  return { of, name: body.toString('latin1', 1, end) };
}

function textOf(body: Buffer, start: number, end: number): PreparedText {
  const sql = body.toString('utf8', start, end);
  // A replacement character may stand there by itself: then the bytes are the same.
  return { sql, exact: !sql.includes('\ufffd') || Buffer.from(sql).equals(body.subarray(start, end)) };
}

/**
 * Format codes, then lengths and values. `end`: behind them, undefined when that is not in `body`. Names and values
 * are looked at only as far as `body` goes; the server checks the rest.
 */
function parseValues(
  body: Buffer,
  start: number,
  more: number,
): { readonly values: BoundValue[]; readonly end: number | undefined } | undefined {
  if (start + 2 > body.length) return undefined;
  const formats = body.readUInt16BE(start);
  const counted = start + 2 + 2 * formats;
  if (counted + 2 > body.length) return undefined;
  const count = body.readUInt16BE(counted);
  if (formats > 1 && formats !== count) return undefined;
  const binary = (index: number) =>
    formats > 0 && body.readUInt16BE(start + 2 + 2 * (formats === 1 ? 0 : index)) === 1;
  const values: BoundValue[] = [];
  let offset = counted + 2;
  for (let index = 0; index < count; index++) {
    if (offset + 4 > body.length) {
      if (more === 0) return undefined;
      while (values.length < count) values.push({ binary: binary(values.length), bytes: undefined, size: 0 });
      return { values, end: undefined };
    }
    const length = body.readInt32BE(offset);
    offset += 4;
    if (length < -1) return undefined;
    const size = Math.max(0, length);
    if (offset + size > body.length + more) return undefined;
    const bytes = length < 0 ? null : body.subarray(offset, offset + size);
    values.push({ binary: binary(index), bytes, size });
    offset += size;
  }
  return { values, end: offset + 2 > body.length && more > 0 ? undefined : offset };
}
