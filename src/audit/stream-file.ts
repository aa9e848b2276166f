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
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import type { Host } from '../host.ts';

/** What happens all the time in one access (keystrokes' output, statements): a file of its own beside the journal. */
export interface StreamFile extends AsyncDisposable {
  readonly path: string;
  /** Whole JSON lines without their line feeds. Resolves when the disk has them and all before: no power failure takes them back. */
  append(lines: readonly string[]): Promise<void>;
  /** Lines as bytes, each with its line feed and not too long: as `append`, without a look at them. */
  appendBytes(lines: Buffer): Promise<void>;
  /**
   * The same, but the system has them when this returns, and the disk 100 ms later: a kill of forge can't take them
   * back, a power failure can. Throws when the system does not take them, or the disk did not take those before. `length`:
   * only so many from the beginning, for a view costs as much as a third of the writing.
   */
  putBytes(lines: Buffer, length?: number): void;
  /** SHA-256 of all that was written, in hex. */
  digest(): string;
  /** Waits for the disk. What the file holds then, from its beginning. */
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

/** From a line that was only put to its sync. */
const latestSyncMs = 100;

class Stream implements StreamFile {
  readonly path: string;
  readonly #file: number;
  readonly #hash: Hash;
  #size: number;
  /** What was written last and is not hashed yet: a hash of much at once costs a fraction. */
  readonly #recent = Buffer.allocUnsafe(16 * 1024);
  #used = 0;
  /** Something was written since the last sync began. */
  #dirty = false;
  #timer: NodeJS.Timeout | undefined;
  /** The sync that has what is written until it begins, and has not begun. */
  #next: Promise<void> | undefined;
  /** The sync that is under way, or the last one. Never rejects. */
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
    for (const line of lines) {
      if (line.includes('\n')) throw new TypeError('A line of a stream has a line feed inside.');
      if (Buffer.byteLength(line) > longestLine) throw new RangeError('A line of a stream is too long.');
    }
    await this.appendBytes(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  }

  async appendBytes(lines: Buffer): Promise<void> {
    this.#write(lines, lines.length);
    await this.#synced();
  }

  putBytes(lines: Buffer, length = lines.length): void {
    this.#write(lines, length);
    // It is left to run: one for each line would cost as much as the line.
    if (this.#dirty) this.#timer ??= setTimeout(() => this.#late(), latestSyncMs);
  }

  digest(): string {
    this.#hashRecent();
    return this.#hash.copy().digest('hex');
  }

  close(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    clearTimeout(this.#timer);
    await this.#synced().catch(() => {});
    closeSync(this.#file);
    this.#hashRecent();
    return { bytes: this.#size, sha256: this.#hash.digest('hex') };
  }

  #late(): void {
    this.#timer = undefined;
    // Whoever writes next is told.
    this.#synced().catch(() => {});
  }

  /** At once, in one call: it takes a microsecond, where a thread of its own takes ten. */
  #write(bytes: Buffer, length: number): void {
    if (this.#closed !== undefined) throw new TypeError(`${this.path} is closed.`);
    this.#mustHold();
    if (length === 0) return;
    try {
      for (let at = 0; at < length; ) {
        const count = writeSync(this.#file, bytes, at, length - at);
        // A full disk can take a part without saying so.
        if (count === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
        at += count;
      }
    } catch (error) {
      this.#failure = fileFailure(error, 'write', this.path);
      throw this.#failure;
    }
    this.#size += length;
    this.#dirty = true;
    if (this.#used + length > this.#recent.length) this.#hashRecent();
    if (length > this.#recent.length) this.#hash.update(bytes.subarray(0, length));
    else this.#used += bytes.copy(this.#recent, this.#used, 0, length);
  }

  #hashRecent(): void {
    if (this.#used > 0) this.#hash.update(this.#recent.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Resolves when the disk has what was written until now. */
  #synced(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (!this.#dirty) return this.#current.then(() => this.#mustHold());
    // Group commit: those who come while the disk is busy share the next sync.
    this.#next = this.#current.then(() => this.#sync());
    this.#current = this.#next.catch(() => {});
    return this.#next;
  }

  async #sync(): Promise<void> {
    this.#next = undefined;
    this.#mustHold();
    this.#dirty = false;
    try {
      await sync(this.#file);
    } catch (error) {
      this.#failure = fileFailure(error, 'write', this.path);
      throw this.#failure;
    }
  }

  #mustHold(): void {
    if (this.#failure !== undefined) throw this.#failure;
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

function sync(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
  });
}
