import { statfs } from 'node:fs/promises';
import { ForgeError } from '../../errors.ts';

const mebibyte = 1024 * 1024;
/** A log that is written to while it is copied grows by this much at most. */
const growth = 64 * mebibyte;
/** What a disk must have left, and as a share of all it has. */
const least = { bytes: 512 * mebibyte, share: 0.05 };
const lookEvery = 16 * mebibyte;

/**
 * Holds an instance to the size that it has stated, and leaves this disk room whatever it sends. The function takes what
 * there will be of it, in bytes, before it is written. Throws COPY_TOO_LONG, DISK_FULL.
 */
export function limitDownload(
  folder: string,
  path: string,
  /** undefined: a folder, whose archive nobody can foretell. */
  stated: number | undefined,
  freeOf: (folder: string) => Promise<{ bavail: number; blocks: number; bsize: number }> = statfs,
): (size: number) => Promise<void> {
  const most = stated === undefined ? Number.POSITIVE_INFINITY : stated + growth;
  let looked = 0;
  return async (size) => {
    if (size > most) {
      throw new ForgeError('failed', `The instance sends more of ${path} than it said there is.`, {
        code: 'COPY_TOO_LONG',
        hint: 'If the file grows that fast, copy a part of it: forge ssm run <instance> -- "head -c 100M <file>" > <copy>',
      });
    }
    if (size - looked < lookEvery) return;
    looked = size;
    // Some file systems don't say: then nothing is held against it.
    const disk = await freeOf(folder).catch(() => undefined);
    if (disk === undefined || disk.blocks === 0) return;
    if (disk.bavail * disk.bsize >= Math.min(least.bytes, disk.blocks * disk.bsize * least.share)) return;
    throw new ForgeError('failed', `There is hardly any room left on the disk of ${folder}.`, {
      code: 'DISK_FULL',
      hint: 'Make room and copy again: what has arrived is gone on from.',
    });
  };
}
