import type { FileHandle } from 'node:fs/promises';
import { ForgeError } from '../../errors.ts';
import { type ArchiveEntry, blockSize, nameOf, paddedSize } from './archive-entry.ts';

/** An entry, and where in the archive the bytes of a file begin. */
export interface FoundEntry extends ArchiveEntry {
  readonly offset: number;
}

/** Far longer than any name; a header that says more is not read into memory. */
const longestExtra = 1024 * 1024;

/**
 * The entries of a tar archive: ustar, GNU's long names and large sizes, pax. A name that leads out of the folder ends
 * it: no honest tar writes one (CVE-2019-6111). Throws COPY_HOSTILE, COPY_GARBLED.
 */
export async function* readArchive(file: Pick<FileHandle, 'read'>, size: number): AsyncGenerator<FoundEntry> {
  let offset = 0;
  let next: Extra = {};
  while (offset + blockSize <= size) {
    const block = await readBlock(file, offset, blockSize);
    offset += blockSize;
    if (block.every((byte) => byte === 0)) return;
    if (!checksumHolds(block)) throw damaged();
    const type = String.fromCharCode(block[156] ?? 0);
    const stated = next.size !== undefined && isContent(type) ? next.size : number(block, 124, 12);
    const body = isContent(type) || 'LKxgS'.includes(type) ? stated : 0;
    if (!Number.isSafeInteger(body) || body < 0 || offset + body > size) throw damaged();
    if ('LKxg'.includes(type)) {
      if (body > longestExtra) throw damaged();
      if (type !== 'g') next = { ...next, ...extra(type, await readBlock(file, offset, body)) };
    } else {
      yield { ...entryOf(block, type, body, next), offset };
      next = {};
    }
    offset += paddedSize(body);
  }
  throw damaged();
}

/** What a header of its own says of the entry after it. */
interface Extra {
  readonly path?: string;
  readonly target?: string;
  readonly size?: number;
  readonly mtime?: number;
}

function entryOf(block: Buffer, type: string, size: number, said: Extra): ArchiveEntry {
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const kinds: Readonly<Record<string, ArchiveEntry['kind']>> = {
    '0': 'file',
    '\0': 'file',
    '7': 'file',
    '1': 'hard-link',
    '2': 'link',
    '5': 'folder',
  };
  const target = said.target ?? text(block, 157, 100);
  const kind = kinds[type] ?? 'special';
  return {
    kind,
    path: insidePath(said.path ?? (prefix === '' ? name : `${prefix}/${name}`)),
    size: kind === 'file' ? size : 0,
    mode: number(block, 100, 8) & 0o777,
    mtime: dateOf(said.mtime ?? number(block, 136, 12) * 1000),
    // A hard link names another entry.
    target: kind === 'hard-link' ? insidePath(target) : target,
  };
}

/** What no clock can say is the beginning of time. */
function dateOf(milliseconds: number): number {
  return milliseconds >= 0 && milliseconds < 8.64e15 ? milliseconds : 0;
}

function insidePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!path.startsWith('/') && !parts.includes('..')) return parts.join('/');
  throw new ForgeError(
    'failed',
    `The instance sent a name that leads out of the folder: ${JSON.stringify(path)}.`,
    {
      code: 'COPY_HOSTILE',
      hint: 'Nothing was put in place. Somebody may have changed tar on that instance.',
    },
  );
}

function isContent(type: string): boolean {
  return type === '0' || type === '\0' || type === '7';
}

function extra(type: string, body: Buffer): Extra {
  if (type === 'L') return { path: text(body, 0, body.length) };
  if (type === 'K') return { target: text(body, 0, body.length) };
  const said: { path?: string; target?: string; size?: number; mtime?: number } = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(body.toString('latin1', at, space));
    if (!Number.isSafeInteger(length) || length < space - at + 3 || at + length > body.length)
      throw damaged();
    const record = nameOf(body.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') said.path = value;
    else if (key === 'linkpath') said.target = value;
    else if (key === 'size') said.size = Number(value);
    else if (key === 'mtime') said.mtime = Number(value) * 1000;
    at += length;
  }
  return said;
}

function checksumHolds(block: Buffer): boolean {
  let sum = 0;
  for (const [at, byte] of block.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return number(block, 148, 8) === sum;
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return nameOf(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or GNU's binary for what they can't hold. NaN for neither. */
function number(block: Buffer, at: number, length: number): number {
  if (block[at] === 0x80) return Number(block.readBigUInt64BE(at + length - 8));
  const digits = text(block, at, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

async function readBlock(file: Pick<FileHandle, 'read'>, offset: number, size: number): Promise<Buffer> {
  const block = Buffer.alloc(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(block, done, size - done, offset + done);
    if (bytesRead === 0) throw damaged();
    done += bytesRead;
  }
  return block;
}

function damaged(): ForgeError {
  return new ForgeError('failed', 'The archive that the instance sent can not be read.', {
    code: 'COPY_GARBLED',
    hint: 'Its tar may be an uncommon one: forge reads what GNU, busybox and BSD write.',
  });
}
