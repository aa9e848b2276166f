/**
 * One entry of a tar archive. Names are bytes on Unix, and need not be UTF-8: here each character stands for one byte
 * (latin1), so that what is read is what is written.
 */
export interface ArchiveEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'hard-link' | 'special';
  /** Parts joined by `/`, no `.` among them; empty: the folder itself. */
  readonly path: string;
  /** Of files, bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Epoch milliseconds. */
  readonly mtime: number;
  /** Of links: where to, as it stands. */
  readonly target: string;
}

export const blockSize = 512;

export function paddedSize(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

export function nameBytes(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

export function nameOf(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** For people. */
export function shownName(name: string): string {
  return nameBytes(name).toString('utf8');
}

/**
 * Whether a link at `path` stays in the folder that is copied. `..` may only come first: after a name it would lead
 * from wherever that name, which can be a link itself, leads to. Pure.
 */
export function linkStaysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/')) return false;
  let depth = path.split('/').length - 1;
  let named = false;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') named = true;
    else if (named || depth-- === 0) return false;
  }
  return true;
}
