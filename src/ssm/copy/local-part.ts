import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { withFileLock } from '../../files/file-lock.ts';
import type { Host } from '../../host.ts';

type PartHost = Pick<Host, 'pid' | 'monotonic' | 'now' | 'signal' | 'isRunning' | 'userId'>;

/** What is written at once; a session's messages are small. */
const writeSize = 256 * 1024;

/** What has arrived of a download, beside its final name, under a name that nobody takes for it. */
export class LocalPart {
  readonly path: string;
  /** Bytes there. */
  size = 0;
  readonly #file: FileHandle;
  #hash: Hash = createHash('sha256');
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** One copy at a time has it. Throws COPY_RUNNING, FILE_FAILED. */
  static async with<Value>(
    host: PartHost,
    path: string,
    use: (part: LocalPart) => Promise<Value>,
  ): Promise<Value> {
    const locked = withFileLock(
      host,
      path,
      async () => {
        const part = new LocalPart(path, await openOwn(host, path));
        try {
          for await (const chunk of part.#file.createReadStream({ start: 0, autoClose: false })) {
            part.#hash.update(chunk as Buffer);
            part.size += (chunk as Buffer).length;
          }
          return await use(part);
        } finally {
          // What came before a cut is what the next copy goes on from.
          await part.#flush().catch(() => {});
          await part.#file.close();
        }
      },
      { waitMilliseconds: 0 },
    );
    return locked.catch((error: unknown) => {
      if (error instanceof ForgeError && error.code === 'LOCKED') throw copyRunning(error);
      throw error;
    });
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Forgets what is there. */
  async empty(): Promise<void> {
    await this.#try(() => this.#file.truncate(0));
    this.size = 0;
    this.#hash = createHash('sha256');
  }

  /** The promise is there when the disk must be waited for. */
  add(bytes: Buffer): Promise<void> | undefined {
    this.#hash.update(bytes);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.size += bytes.length;
    return this.#waitingBytes < writeSize ? undefined : this.#flush();
  }

  /** All of it is on the disk, with this mode and, where said, this time of last change (epoch milliseconds). */
  async complete(mode: number, mtime: number | undefined): Promise<void> {
    await this.#flush();
    await this.#try(async () => {
      await this.#file.chmod(mode);
      if (mtime !== undefined) await this.#file.utimes(mtime / 1000, mtime / 1000);
      await this.#file.sync();
    });
  }

  async remove(): Promise<void> {
    await unlink(this.path).catch(() => {});
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    if (bytes.length === 0) return;
    const at = this.size - this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#try(async () => {
      for (let done = 0; done < bytes.length; ) {
        done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      }
    });
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw fileFailure(error, 'write', this.path);
    }
  }
}

async function openOwn(host: PartHost, path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  const file = await open(path, flags, 0o600).catch((error: unknown) => {
    throw fileFailure(error, 'write', path);
  });
  const found = await file.stat();
  if (found.isFile() && (host.userId === undefined || found.uid === host.userId)) return file;
  await file.close();
  throw new ForgeError('failed', `${path} is in the way, and not a file of yours.`, { code: 'FILE_FAILED' });
}

function copyRunning(cause: ForgeError): ForgeError {
  return new ForgeError('failed', 'Another copy to the same place is running.', {
    code: 'COPY_RUNNING',
    hint: cause.hint,
    cause,
  });
}
