import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  write,
} from 'node:fs';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import type { Host } from '../host.ts';

/** What happens all the time in one access (keystrokes' output, statements): a file of its own beside the journal. */
export interface StreamFile extends AsyncDisposable {
  readonly path: string;
  /** Whole JSON lines without their line feeds. Resolves when the disk has them; then no kill can take them back. */
  append(lines: readonly string[]): Promise<void>;
  /** Waits for what was appended. What the file holds then, from its beginning. */
  close(): Promise<{ readonly bytes: number; readonly sha256: string }>;
}

export interface StreamPlace {
  /** The break-glass session's id, else the access id of the journal. */
  readonly session: string;
  /** One writer each: `shell-<access id>.cast`, `statements-<access id>.jsonl`. */
  readonly name: string;
}

type StreamHost = Pick<Host, 'directories' | 'platform' | 'userId'>;

/** In bytes: a line must fit in one piece of evidence. Whoever has more cuts it, and says so in the line. */
export const longestLine = 200_000;

export const streamsFolder = (host: Pick<Host, 'directories'>): string =>
  join(host.directories.state, 'streams');

/**
 * Opens a stream to go on at its end; a last line without its end, left by a kill, was never answered for and is
 * taken away. 0600 in a 0700 folder, no link is followed. Throws failed FILE_FAILED, UNSAFE_STREAM, UNSAFE_FOLDER.
 */
export async function openStream(host: StreamHost, { session, name }: StreamPlace): Promise<StreamFile> {
  // No ids and names but forge's own come here; a path in one would be a mistake of the caller's.
  for (const part of [session, name])
    if (!isStreamName(part)) throw new TypeError(`Not a name of a stream: ${JSON.stringify(part)}`);
  const folder = join(streamsFolder(host), session);
  await ensurePrivateDirectory(host, streamsFolder(host));
  await ensurePrivateDirectory(host, folder);
  const path = join(folder, name);
  const found = readWhole(host, path);
  syncFolder(folder);
  return new Stream(path, openOwn(host, path, constants.O_WRONLY | constants.O_APPEND), found);
}

/** Names that are files everywhere, Windows too, and never a path. */
export const isStreamName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?<!\.)$/.test(name);

interface Found {
  readonly size: number;
  readonly hash: Hash;
}

class Stream implements StreamFile {
  readonly path: string;
  readonly #file: number;
  readonly #hash: Hash;
  #size: number;
  #waiting: string[] = [];
  /** The write that takes all that waits, not begun yet. */
  #next: Promise<void> | undefined;
  /** The write that is under way, or the last one. Never rejects. */
  #current: Promise<void> = Promise.resolve();
  /** Once the disk has refused, nobody knows what it holds: nothing goes on as if it had it. */
  #failure: ForgeError | undefined;
  #closed: Promise<{ readonly bytes: number; readonly sha256: string }> | undefined;

  constructor(path: string, file: number, { size, hash }: Found) {
    this.path = path;
    this.#file = file;
    this.#size = size;
    this.#hash = hash;
  }

  async append(lines: readonly string[]): Promise<void> {
    if (this.#closed !== undefined) throw new TypeError(`${this.path} is closed.`);
    for (const line of lines) {
      if (line.includes('\n')) throw new TypeError('A line of a stream has a line feed inside.');
      if (Buffer.byteLength(line) > longestLine) throw new RangeError('A line of a stream is too long.');
    }
    if (lines.length === 0) return;
    this.#waiting.push(...lines);
    // Group commit: those who come while the disk is busy share the next write and its sync.
    if (this.#next === undefined) {
      this.#next = this.#current.then(() => this.#flush());
      this.#current = this.#next.catch(() => {});
    }
    return this.#next;
  }

  close(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    this.#closed ??= this.#current.then(() => {
      closeSync(this.#file);
      return { bytes: this.#size, sha256: this.#hash.digest('hex') };
    });
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(`${this.#waiting.join('\n')}\n`);
    this.#waiting = [];
    this.#next = undefined;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await writeAll(this.#file, bytes);
      await sync(this.#file);
    } catch (error) {
      this.#failure = fileFailure(error, 'write', this.path);
      throw this.#failure;
    }
    this.#size += bytes.length;
    this.#hash.update(bytes);
  }
}

function openOwn(host: StreamHost, path: string, flags: number): number {
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let file: number;
  try {
    file = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    throw fileFailure(error, 'open', path);
  }
  const found = fstatSync(file);
  const foreign = host.userId !== undefined && found.uid !== host.userId;
  if (found.isFile() && (host.platform === 'win32' || (!foreign && (found.mode & 0o077) === 0))) return file;
  closeSync(file);
  throw new ForgeError('failed', `The file ${path} is not yours alone.`, {
    code: 'UNSAFE_STREAM',
    hint: `Look at it: ls -l ${path}`,
  });
}

/** Size and hash of the whole lines; what follows the last line feed is cut off. Windows can't cut what is open to append. */
function readWhole(host: StreamHost, path: string): Found {
  const file = openOwn(host, path, constants.O_RDWR | constants.O_CREAT);
  try {
    const { size } = fstatSync(file);
    const whole = endOfLines(file, size);
    if (whole < size) ftruncateSync(file, whole);
    return { size: whole, hash: hashOf(file, whole) };
  } catch (error) {
    throw fileFailure(error, 'read', path);
  } finally {
    closeSync(file);
  }
}

function hashOf(file: number, size: number): Hash {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(Math.min(size, 1024 * 1024));
  for (let at = 0; at < size; ) {
    const count = readSync(file, buffer, 0, Math.min(buffer.length, size - at), at);
    if (count === 0) break;
    hash.update(buffer.subarray(0, count));
    at += count;
  }
  return hash;
}

/** Where the last line feed is, and behind it; 0: there is none. */
function endOfLines(file: number, size: number): number {
  const buffer = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - buffer.length);
    const count = readSync(file, buffer, 0, end - start, start);
    const found = buffer.subarray(0, count).lastIndexOf(0x0a);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}

/** A new name is lost with the power unless its folder is synced; not every system can. */
function syncFolder(folder: string): void {
  try {
    const file = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // Windows has no such thing; elsewhere the file's own sync still counts.
  }
}

async function writeAll(file: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await writeSome(file, bytes, at);
}

function writeSome(file: number, bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, at, bytes.length - at, null, (error, count) => {
      if (error !== null) reject(error);
      // A full disk can take a part without saying so.
      else if (count === 0) reject(Object.assign(new Error('nothing was written'), { code: 'ENOSPC' }));
      else resolve(count);
    });
  });
}

function sync(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
  });
}
