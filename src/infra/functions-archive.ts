import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { decodeZip } from '../lib/zip.ts';

export interface FunctionsArchive {
  /** The zip that Lambda takes. The same for every organisation: what it knows of one is its policy, in a bucket. */
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
}

/** Largest archive that forge ships: Lambda loads it at each cold start. */
export const archiveBytes = 300_000;

/**
 * The functions' archive as it ships with this forge, byte for byte: it was made when forge was built, so no version of Node or of zip
 * has a say in it. Throws BROKEN_INSTALLATION where it is missing, or is not whole.
 */
export async function loadFunctionsArchive({ program }: Pick<Host, 'program'>): Promise<FunctionsArchive> {
  try {
    const script = await realpath(program.script);
    const bytes = await readFile(join(dirname(script), '..', 'dist', 'lambda', 'forge-breakglass.zip'));
    decodeZip(bytes);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ForgeError('failed', `The functions' archive that comes with forge can't be read: ${why}`, {
      code: 'BROKEN_INSTALLATION',
      hint: 'install forge again',
      cause,
    });
  }
}
