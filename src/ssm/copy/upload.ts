import { createHash, type Hash } from 'node:crypto';
import type { CopyProgress } from './copy-progress.ts';
import { type CopySource, inPieces } from './copy-source.ts';
import type { Finish } from './finish.ts';
import { partKey } from './part-key.ts';
import { pieceSize } from './remote-program.ts';
import type { RemoteShell } from './remote-shell.ts';

export interface Copied {
  /** Of all the bytes that the two ends compared: a file's own, or of the archive that carried a folder. */
  readonly sha256: string;
  readonly bytes: number;
  /** How many of them were there from an earlier, cut copy. */
  readonly resumedBytes: number;
}

/**
 * Brings `source` to `path` on the instance, which sees it there only when all of it has arrived and its digest is
 * right. What an earlier copy left is gone on from when it is a beginning of the same bytes.
 */
export async function upload(
  shell: RemoteShell,
  source: CopySource,
  path: string,
  finish: Finish,
  progress: CopyProgress,
): Promise<Copied> {
  const [, size = '', digest = ''] = await shell.ask(['part'], 'begin', path, partKey(finish.verb, path));
  const { hash, rest, resumed } = await skip(source, Number(size), digest);
  progress.start(source.size, resumed);
  await shell.ask(['go'], 'take', String(source.size), String(resumed));
  for await (const piece of inPieces(rest, pieceSize)) {
    hash.update(piece);
    await shell.piece(piece, (bytes) => progress.add(bytes));
  }
  const sha256 = hash.digest('hex');
  await shell.ask(['done'], finish.verb, sha256, ...finish.words);
  return { sha256, bytes: source.size, resumedBytes: resumed };
}

interface Rest {
  readonly hash: Hash;
  readonly rest: AsyncIterable<Buffer>;
  readonly resumed: number;
}

/** What follows the first `size` bytes if those have that digest; else all of it. */
async function skip(source: CopySource, size: number, digest: string): Promise<Rest> {
  const anew = () => ({ hash: createHash('sha256'), rest: source.read(), resumed: 0 });
  if (!(size > 0 && size <= source.size)) return anew();
  const hash = createHash('sha256');
  const reading = source.read()[Symbol.asyncIterator]();
  let left = size;
  let over: Buffer = Buffer.alloc(0);
  while (left > 0) {
    const next = await reading.next();
    if (next.done === true) return anew();
    hash.update(next.value.subarray(0, left));
    over = next.value.subarray(left);
    left = Math.max(0, left - next.value.length);
  }
  if (hash.copy().digest('hex') !== digest) {
    await reading.return?.();
    return anew();
  }
  return { hash, rest: following(over, reading), resumed: size };
}

async function* following(first: Buffer, reading: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first;
    for (;;) {
      const next = await reading.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await reading.return?.();
  }
}
