import { open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import type { CopyProgress } from './copy-progress.ts';
import { limitDownload } from './limit-download.ts';
import { LocalPart } from './local-part.ts';
import { partKey } from './part-key.ts';
import { type RemoteShell, textOf } from './remote-shell.ts';
import type { Copied } from './upload.ts';

/** What is there on the instance. */
export interface RemoteFile {
  readonly kind: 'file' | 'folder';
  /** As it was said: a request takes it. */
  readonly path: string;
  readonly size: number;
  /** Permission bits and epoch milliseconds; undefined where the instance can't say. */
  readonly mode: number | undefined;
  readonly mtime: number | undefined;
}

export type DownloadHost = Pick<
  Host,
  'pid' | 'monotonic' | 'now' | 'signal' | 'isRunning' | 'userId' | 'platform'
>;

/** What has arrived, whole and verified, while its part is still there. */
export type Install = (part: LocalPart) => Promise<void>;

/**
 * Fetches the bytes of `file` (of a folder: an archive) into a part beside `destination` and calls `install` when all
 * are there and their digest is right. `from` names the instance: what came from another is not gone on from.
 */
export async function download(
  host: DownloadHost,
  shell: RemoteShell,
  from: string,
  file: RemoteFile,
  destination: string,
  progress: CopyProgress,
  install: Install,
): Promise<Copied & { readonly complaint: string | undefined }> {
  const { kind, path } = file;
  const key = partKey(from, kind, path, basename(destination));
  const place = join(dirname(destination), `.forge-${key}.part`);
  return LocalPart.with(host, place, async (part) => {
    if (part.size > 0) {
      const [, digest] = await shell.ask(['prefix'], 'prefix', kind, path, String(part.size));
      if (digest !== part.digest()) await part.empty();
    }
    const resumed = part.size;
    const limit = limitDownload(dirname(destination), path, kind === 'file' ? file.size : undefined);
    progress.start(kind === 'file' ? file.size : undefined, resumed);
    const [, digest, code, said] = await shell.receive(
      async (bytes) => {
        await limit(part.size + bytes.length);
        progress.add(bytes.length);
        await part.add(bytes);
      },
      'give',
      kind,
      path,
      String(resumed),
    );
    if (digest !== part.digest()) {
      await part.remove();
      throw differs(path);
    }
    const complaint = textOf(said);
    if (code !== '0' && (kind === 'file' || part.size === 0)) throw unreadable(path, complaint);
    await install(part);
    const result = { sha256: digest, bytes: part.size, resumedBytes: resumed };
    return { ...result, complaint: code === '0' ? undefined : complaint };
  });
}

/** Puts the part in the file's place, in one step. An existing file keeps its mode unless the source's is wanted. */
export function installFile(file: RemoteFile, destination: string, preserve: boolean): Install {
  return async (part) => {
    const existing = await stat(destination).catch(() => undefined);
    const source = file.mode ?? 0o644;
    const mode = preserve
      ? source
      : existing?.isFile()
        ? existing.mode & 0o777
        : await modeOfNew(`${part.path}.new`, source);
    await part.complete(mode & 0o777, preserve ? file.mtime : undefined);
    await rename(part.path, destination).catch((error: unknown) => {
      throw fileFailure(error, 'write', destination);
    });
  };
}

/** What a new file of this mode gets: only the system knows the person's umask. */
async function modeOfNew(probe: string, mode: number): Promise<number> {
  const file = await open(probe, 'wx', mode & 0o777).catch(() => undefined);
  if (file === undefined) return mode & 0o700;
  const { mode: given } = await file.stat();
  await file.close();
  await unlink(probe).catch(() => {});
  return given & 0o777;
}

function differs(path: string): ForgeError {
  return new ForgeError('failed', `What arrived of ${path} is not what was sent: its SHA-256 differs.`, {
    code: 'COPY_DIGEST',
    hint: 'Nothing was put in place. The file may have changed meanwhile; copy it again.',
  });
}

function unreadable(path: string, said: string): ForgeError {
  return new ForgeError('failed', `The instance could not read ${path}${said === '' ? '' : `: ${said}`}.`, {
    code: 'COPY_REFUSED',
  });
}
