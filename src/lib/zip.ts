import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * Zip archives of a few files in one folder. The same files are the same bytes: no clock, no owner, no extra fields. Only deflating
 * itself may differ between versions of Node.
 * From: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7, 4.3.12, 4.3.16.
 */
const local = { signature: 0x04034b50, bytes: 30 };
const central = { signature: 0x02014b50, bytes: 46 };
const end = { signature: 0x06054b50, bytes: 22 };
/** 2.0, which knows deflate. */
const version = 20;
const unix = 3;
/** A regular file that everybody may read, as Lambda wants it. */
const mode = 0o100644;
const deflate = 8;
/** 1 January 1980, 00:00: the first time that there is. */
const date = 0x0021;

interface Entry {
  readonly name: string;
  readonly packed: Buffer;
  readonly size: number;
  readonly crc: number;
}

/** Contents by name. Throws RangeError for a name that is a path, or otherwise not plain. */
export function encodeZip(files: ReadonlyMap<string, Uint8Array>): Buffer {
  return assemble(
    [...files].map(([name, content]) => {
      if (!isPlain(name)) throw new RangeError(`${name} is no plain file name.`);
      const packed = deflateRawSync(content, { level: 9 });
      return { name, packed, size: content.length, crc: crc32(content) };
    }),
  );
}

/**
 * The files of an archive that `encodeZip` wrote. Throws RangeError for every other, and for a damaged one: what was read is put
 * together once more, so that nothing can stand in between, or be read in two ways.
 */
export function decodeZip(bytes: Uint8Array): ReadonlyMap<string, Buffer> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = readEntries(all);
  const names = new Set(entries.map(({ name }) => name));
  if (names.size < entries.length || !entries.every(({ name }) => isPlain(name)))
    throw damaged('a file has no plain name of its own');
  if (!assemble(entries).equals(all)) throw damaged('there is something in it that forge did not write');
  return new Map(entries.map((entry) => [entry.name, unpack(entry)]));
}

const isPlain = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name);

function assemble(entries: readonly Entry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const facts = factsOf(entry);
    const name = Buffer.from(entry.name, 'latin1');
    const body = Buffer.concat([uint32(local.signature), facts, name, entry.packed]);
    // No comment, no second disk, no inner attributes; then who may read, and where it is.
    const more = [Buffer.alloc(6), uint32(mode * 0x10000), uint32(offset)];
    const madeBy = Buffer.from([version, unix]);
    directory.push(Buffer.concat([uint32(central.signature), madeBy, facts, ...more, name]));
    bodies.push(body);
    offset += body.length;
  }
  const listed = Buffer.concat(directory);
  const count = uint16(entries.length);
  const tail = [uint32(end.signature), Buffer.alloc(4), count, count, uint32(listed.length), uint32(offset)];
  return Buffer.concat([...bodies, listed, ...tail, uint16(0)]);
}

/** What stands alike before a file and in the directory: version, flags, method, time, date, checksum, sizes, lengths of names. */
const factsOf = ({ name, packed, size, crc }: Entry): Buffer =>
  Buffer.concat([
    ...[version, 0, deflate, 0, date].map(uint16),
    ...[crc, packed.length, size].map(uint32),
    ...[name.length, 0].map(uint16),
  ]);

function readEntries(all: Buffer): readonly Entry[] {
  const tail = all.length - end.bytes;
  if (tail < 0 || all.readUInt32LE(tail) !== end.signature) throw damaged('its end is missing');
  const entries: Entry[] = [];
  let at = all.readUInt32LE(tail + 16);
  for (let left = all.readUInt16LE(tail + 10); left > 0; left--) {
    if (at + central.bytes > tail) throw damaged('its directory is not whole');
    const nameAt = at + central.bytes;
    const nameEnd = nameAt + all.readUInt16LE(at + 28);
    const start = all.readUInt32LE(at + 42) + local.bytes + (nameEnd - nameAt);
    entries.push({
      name: all.toString('latin1', nameAt, nameEnd),
      packed: all.subarray(start, start + all.readUInt32LE(at + 20)),
      size: all.readUInt32LE(at + 24),
      crc: all.readUInt32LE(at + 16),
    });
    at = nameEnd;
  }
  return entries;
}

function unpack({ name, packed, size, crc }: Entry): Buffer {
  let content: Buffer;
  try {
    content = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw damaged(`${name} can't be unpacked`, cause);
  }
  if (content.length !== size || crc32(content) !== crc) throw damaged(`${name} is not what it was`);
  return content;
}

const table = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 of ISO 3309; `zlib.crc32` is not in every Node that forge runs on. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const damaged = (why: string, cause?: unknown): RangeError =>
  new RangeError(`This archive can't be read: ${why}.`, { cause });
