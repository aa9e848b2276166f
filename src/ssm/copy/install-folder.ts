import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { DownloadHost, Install } from './download.ts';
import { mergeFolder } from './merge-folder.ts';
import { unpackArchive } from './unpack-archive.ts';

/** Unpacks the archive beside `destination`, and moves what came out of it there. `warn` hears what was left out. */
export function installFolder(
  host: DownloadHost,
  destination: string,
  preserve: boolean,
  warn: (text: string) => void,
): Install {
  return async (part) => {
    const staging = `${part.path}.d`;
    await part.complete(0o600, undefined);
    await rm(staging, { recursive: true, force: true });
    const archive = await open(part.path, 'r');
    try {
      await mkdir(staging, { mode: 0o700 });
      await mkdir(`${staging}/d`);
      const options = { platform: host.platform, preserve, signal: host.signal };
      const leftOut = await unpackArchive(archive, part.size, `${staging}/d`, options);
      const inTheWay = await mergeFolder(Buffer.from(`${staging}/d`), Buffer.from(destination));
      for (const text of [...leftOut, ...inTheWay]) warn(text);
    } catch (error) {
      if (host.signal.aborted || error instanceof ForgeError) throw error;
      throw fileFailure(error, 'write', destination);
    } finally {
      await archive.close();
      await chmod(staging, 0o700).catch(() => {});
      await rm(staging, { recursive: true, force: true });
    }
    await part.remove();
  };
}
