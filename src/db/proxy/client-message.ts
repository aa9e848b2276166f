import { BoundValue } from './bound-value.ts';
import type { ClientMessage } from './client-framer.ts';
import { KnownBytes } from './known-bytes.ts';
import type { PreparedText } from './session-state.ts';

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

export function parseQuery({ source, body, end }: ClientMessage): PreparedText | undefined {
  return endOfText(source, body, end) === end - 1 ? textOf(source, body, end - 1) : undefined;
}

export function parseParse({ source, body, end }: ClientMessage): ParseMessage | undefined {
  const name = endOfText(source, body, end);
  const sql = name < 0 ? -1 : endOfText(source, name + 1, end);
  if (sql < 0 || sql + 3 > end) return undefined;
  if (sql + 3 + 4 * source.readUInt16BE(sql + 1) !== end) return undefined;
  return { name: nameOf(source, body, name), text: textOf(source, name + 1, sql) };
}

export function parseBind({ source, body, end, more }: ClientMessage): BindMessage | undefined {
  const portal = endOfText(source, body, end);
  const statement = portal < 0 ? -1 : endOfText(source, portal + 1, end);
  if (statement < 0) return undefined;
  const found = parseValues(source, statement + 1, end, more);
  if (found === undefined) return undefined;
  if (found.end !== undefined) {
    const last = found.end;
    if (last + 2 > end || last + 2 + 2 * source.readUInt16BE(last) !== end + more) return undefined;
  }
  return {
    portal: nameOf(source, body, portal),
    statement: nameOf(source, portal + 1, statement),
    values: found.values,
  };
}

export function parseFunction({ source, body, end, more }: ClientMessage): FunctionMessage | undefined {
  if (body + 4 > end) return undefined;
  const found = parseValues(source, body + 4, end, more);
  if (found === undefined || (found.end !== undefined && found.end + 2 !== end + more)) return undefined;
  return { oid: source.readUInt32BE(body), values: found.values };
}

/** Name and rows of an Execute. */
export function parseExecute({
  source,
  body,
  end,
}: ClientMessage): { readonly portal: string; readonly rows: number } | undefined {
  const portal = endOfText(source, body, end);
  if (portal < 0 || portal + 5 !== end) return undefined;
  return { portal: nameOf(source, body, portal), rows: source.readInt32BE(portal + 1) };
}

/** Of Describe and Close. */
export function parseNamed({
  source,
  body,
  end,
}: ClientMessage): { readonly of: 'S' | 'P'; readonly name: string } | undefined {
  if (body >= end) return undefined;
  const of = source[body] === 0x53 ? 'S' : source[body] === 0x50 ? 'P' : undefined;
  const last = endOfText(source, body + 1, end);
  if (of === undefined || last !== end - 1) return undefined;
  return { of, name: nameOf(source, body + 1, last) };
}

/** The names that a Bind or an Execute begins with; as far as they are there. */
export function leadingNames({ source, body, end }: ClientMessage): readonly string[] {
  const first = endOfText(source, body, end);
  const second = first < 0 ? -1 : endOfText(source, first + 1, end);
  const names = first < 0 ? [] : [nameOf(source, body, first)];
  if (second >= 0) names.push(nameOf(source, first + 1, second));
  return names;
}

/** Where its NUL is; -1: there is none before `end`. */
function endOfText(source: Buffer, start: number, end: number): number {
  // Most names are short or none at all.
  const near = Math.min(end, start + 64);
  for (let at = start; at < near; at++) if (source[at] === 0) return at;
  if (near === end) return -1;
  const found = source.indexOf(0, near);
  return found < end ? found : -1;
}

/** Of statements and portals: a driver has a few, and uses them all the time. */
const names = new KnownBytes<string>();

function nameOf(source: Buffer, start: number, end: number): string {
  if (start === end) return '';
  return (
    names.find(source, start, end) ?? names.add(source, start, end, source.toString('latin1', start, end))
  );
}

function textOf(source: Buffer, start: number, end: number): PreparedText {
  const sql = source.toString('utf8', start, end);
  // A replacement character may stand there by itself: then the bytes are the same.
  const exact = !sql.includes('\ufffd') || Buffer.from(sql).equals(source.subarray(start, end));
  return { sql, exact };
}

/**
 * Format codes, then lengths and values. `end`: behind them, undefined when that is not there yet. Names and values
 * are looked at only as far as the message is there; the server checks the rest.
 */
function parseValues(
  body: Buffer,
  start: number,
  stop: number,
  more: number,
): { readonly values: BoundValue[]; readonly end: number | undefined } | undefined {
  if (start + 2 > stop) return undefined;
  const formats = body.readUInt16BE(start);
  const counted = start + 2 + 2 * formats;
  if (counted + 2 > stop) return undefined;
  const count = body.readUInt16BE(counted);
  if (formats > 1 && formats !== count) return undefined;
  const binary = (index: number) =>
    formats > 0 && body.readUInt16BE(start + 2 + 2 * (formats === 1 ? 0 : index)) === 1;
  const values: BoundValue[] = [];
  let offset = counted + 2;
  for (let index = 0; index < count; index++) {
    if (offset + 4 > stop) {
      if (more === 0) return undefined;
      while (values.length < count) values.push(BoundValue.unread(binary(values.length)));
      return { values, end: undefined };
    }
    const length = body.readInt32BE(offset);
    offset += 4;
    if (length < -1) return undefined;
    const size = Math.max(0, length);
    if (offset + size > stop + more) return undefined;
    // What is not there yet is cut off: a message's neighbour is no part of it.
    const end = Math.min(stop, offset + size);
    const asBytes = binary(index);
    values.push(length < 0 ? BoundValue.null(asBytes) : BoundValue.of(asBytes, size, body, offset, end));
    offset += size;
  }
  return { values, end: offset + 2 > stop && more > 0 ? undefined : offset };
}
