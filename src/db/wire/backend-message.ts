import { WireFailure } from './wire-failure.ts';

/** What the messages before have settled. */
export interface FramePhase {
  /** The first ReadyForQuery has come: the login is over. */
  ready: boolean;
  /** Columns of the last RowDescription. */
  columns: number | undefined;
}

/**
 * Throws a WireFailure unless the message in bytes[start, end) is one that a server may send now, complete to
 * its last byte. An IAM auth token can only be checked by a server that asks for it in clear (inside TLS), so
 * the other ways to ask for a password are refused here: they mean that the role is not set up for IAM.
 */
export function assertMessage(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
  phase: FramePhase,
): void {
  if (checkOf(type, phase)(bytes, start, end, phase) !== end) throw malformed(type, 'is malformed');
}

/** The same for its type alone, when there is no more of it yet. */
export function assertType(type: number, phase: FramePhase): void {
  checkOf(type, phase);
}

function checkOf(type: number, phase: FramePhase): Check {
  const check = phase.ready ? (checks[type] ?? always[type]) : (startup[type] ?? always[type]);
  if (check !== undefined) return check;
  throw malformed(type, phase.ready ? 'is none that a server sends' : 'may not come during the login');
}

/** Answers where the message really ends by its content; -1 when that can't be said. */
type Check = (bytes: Buffer, start: number, end: number, phase: FramePhase) => number;
type Checks = Readonly<Record<number, Check>>;

const always: Checks = {
  [code('E')]: fields,
  [code('N')]: fields,
  [code('S')]: (bytes, start, end) => text(bytes, text(bytes, start, end), end),
  [code('Z')]: (bytes, start, _end, phase) => {
    phase.ready = true;
    return 'ITE'.includes(String.fromCharCode(bytes[start] ?? 0)) ? start + 1 : -1;
  },
};

const startup: Checks = {
  [code('R')]: authentication,
  [code('K')]: (_bytes, start) => start + 8,
};

const checks: Checks = {
  [code('D')]: dataRow,
  [code('T')]: rowDescription,
  [code('C')]: text,
  [code('1')]: nothing,
  [code('2')]: nothing,
  [code('3')]: nothing,
  [code('I')]: nothing,
  [code('n')]: nothing,
  [code('s')]: nothing,
  [code('c')]: nothing,
  [code('d')]: (_bytes, _start, end) => end,
  [code('t')]: (bytes, start, end) => (start + 2 > end ? -1 : start + 2 + 4 * bytes.readUInt16BE(start)),
  [code('A')]: (bytes, start, end) => text(bytes, text(bytes, start + 4, end), end),
  [code('G')]: copyResponse,
  [code('H')]: copyResponse,
};

function authentication(bytes: Buffer, start: number, end: number): number {
  if (start + 4 > end) return -1;
  const method = bytes.readUInt32BE(start);
  if (method === 0 || method === 3) return start + 4;
  const asked = passwordMethods[method] ?? `authentication method ${method}`;
  throw new WireFailure('authentication', 'NOT_IAM', `the server asked for ${asked}`);
}

const passwordMethods: Readonly<Record<number, string>> = {
  5: 'an MD5 password',
  7: 'GSSAPI',
  9: 'SSPI',
  10: 'a SCRAM password',
};

function nothing(_bytes: Buffer, start: number): number {
  return start;
}

/** Behind the NUL that ends the text at `start`. */
function text(bytes: Buffer, start: number, end: number): number {
  if (start < 0 || start >= end) return -1;
  const nul = bytes.indexOf(0, start);
  return nul < 0 || nul >= end ? -1 : nul + 1;
}

/** ErrorResponse and NoticeResponse: pairs of a type byte and a text, then a NUL. */
function fields(bytes: Buffer, start: number, end: number): number {
  let offset = start;
  while (offset >= 0 && offset < end) {
    if (bytes[offset] === 0) return offset + 1;
    offset = text(bytes, offset + 1, end);
  }
  return -1;
}

function dataRow(bytes: Buffer, start: number, end: number, phase: FramePhase): number {
  if (start + 2 > end) return -1;
  const count = bytes.readInt16BE(start);
  if (count !== phase.columns) return -1;
  let offset = start + 2;
  for (let index = 0; index < count; index++) {
    if (offset + 4 > end) return -1;
    const length = bytes.readInt32BE(offset);
    if (length < -1) return -1;
    offset += 4 + Math.max(length, 0);
  }
  return offset;
}

function rowDescription(bytes: Buffer, start: number, end: number, phase: FramePhase): number {
  if (start + 2 > end) return -1;
  const count = bytes.readInt16BE(start);
  let offset = start + 2;
  for (let index = 0; index < count && offset >= 0; index++) {
    offset = text(bytes, offset, end);
    if (offset >= 0) offset += 18;
  }
  phase.columns = count;
  return count < 0 ? -1 : offset;
}

function copyResponse(bytes: Buffer, start: number, end: number): number {
  return start + 3 > end ? -1 : start + 3 + 2 * bytes.readUInt16BE(start + 1);
}

function code(character: string): number {
  return character.charCodeAt(0);
}

function malformed(type: number, problem: string): WireFailure {
  const shown = type > 0x20 && type < 0x7f ? `'${String.fromCharCode(type)}'` : `0x${type.toString(16)}`;
  return new WireFailure('protocol', 'MALFORMED', `a message of type ${shown} ${problem}`);
}
