import { open } from 'node:fs/promises';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';

/** Bytes that come out the same each time they are read. */
export interface CopySource {
  readonly size: number;
  /** From the start; exactly `size` bytes, or it throws. */
  read(): AsyncIterable<Buffer>;
}

const readSize = 1024 * 1024;

export function fileSource(path: string | Buffer, size: number): CopySource {
  return { size, read: () => readExactly(path, size) };
}

/** The first `size` bytes: a log may grow meanwhile. Throws when there are fewer. */
export async function* readExactly(path: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const shown = path.toString();
  const file = await open(path, 'r').catch((error: unknown) => {
    throw fileFailure(error, 'read', shown);
  });
  try {
    for (let left = size; left > 0; ) {
      const { bytesRead, buffer } = await file
        .read(Buffer.allocUnsafe(Math.min(left, readSize)))
        .catch((error: unknown) => {
          throw fileFailure(error, 'read', shown);
        });
      if (bytesRead === 0) throw shrunk(shown);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function shrunk(path: string): ForgeError {
  return new ForgeError('failed', `${path} became shorter while it was copied.`, {
    code: 'COPY_CHANGED',
    hint: 'Copy it again once nothing writes to it.',
  });
}

/** The same bytes in pieces of `size`, the last one shorter. */
export async function* inPieces(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    let rest = chunk;
    while (bytes + rest.length >= size) {
      parts.push(rest.subarray(0, size - bytes));
      rest = rest.subarray(size - bytes);
      yield Buffer.concat(parts);
      parts = [];
      bytes = 0;
    }
    if (rest.length > 0) parts.push(rest);
    bytes += rest.length;
  }
  if (bytes > 0) yield Buffer.concat(parts);
}
