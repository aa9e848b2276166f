import { type ArchiveEntry, blockSize, nameBytes, paddedSize } from './archive-entry.ts';
import { type CopySource, readExactly } from './copy-source.ts';

/** An entry, and the file whose bytes it carries. */
export interface PlannedEntry {
  readonly entry: ArchiveEntry;
  readonly source: Buffer;
}

const longestName = 100;
/** The largest that eleven octal digits hold. */
const largestOctal = 0o77777777777;

/**
 * A tar archive as GNU, busybox and BSD read it, the same bytes each time: names as they are, long ones in entries of
 * their own, nobody's user ids. Pure but for the reading.
 */
export function archiveSource(planned: readonly PlannedEntry[]): CopySource {
  let size = 2 * blockSize;
  for (const { entry } of planned) {
    size += headers(entry).length + (entry.kind === 'file' ? paddedSize(entry.size) : 0);
  }
  return { size, read: () => writeArchive(planned) };
}

async function* writeArchive(planned: readonly PlannedEntry[]): AsyncGenerator<Buffer> {
  for (const { entry, source } of planned) {
    yield headers(entry);
    if (entry.kind !== 'file') continue;
    yield* readExactly(source, entry.size);
    const padding = paddedSize(entry.size) - entry.size;
    if (padding > 0) yield Buffer.alloc(padding);
  }
  yield Buffer.alloc(2 * blockSize);
}

function headers(entry: ArchiveEntry): Buffer {
  const { kind, path, target } = entry;
  const name = nameBytes(kind === 'folder' ? `./${path === '' ? '' : `${path}/`}` : `./${path}`);
  const link = nameBytes(target);
  const size = kind === 'file' ? entry.size : 0;
  const type = kind === 'folder' ? '5' : kind === 'link' ? '2' : '0';
  return Buffer.concat([
    ...(name.length > longestName ? longName('L', name) : []),
    ...(link.length > longestName ? longName('K', link) : []),
    header(name, type, size, entry.mode, entry.mtime, link),
  ]);
}

/** GNU's way, which busybox knows too: the next entry's name is the content of this one. */
function longName(type: 'L' | 'K', name: Buffer): Buffer[] {
  const content = Buffer.alloc(paddedSize(name.length + 1));
  name.copy(content);
  return [header(Buffer.from('././@LongLink'), type, name.length + 1, 0o644, 0, Buffer.alloc(0)), content];
}

function header(name: Buffer, type: string, size: number, mode: number, mtime: number, link: Buffer): Buffer {
  const block = Buffer.alloc(blockSize);
  name.copy(block, 0, 0, longestName);
  octal(block, 100, 8, mode & 0o777);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  if (size <= largestOctal) octal(block, 124, 12, size);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(block, 136, 12, Math.min(largestOctal, Math.max(0, Math.floor(mtime / 1000))));
  block.write(type, 156, 'latin1');
  link.copy(block, 157, 0, longestName);
  block.write('ustar  \0', 257, 'latin1');
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
}
