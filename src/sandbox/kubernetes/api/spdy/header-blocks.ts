import { constants, createDeflate, createInflate } from 'node:zlib';
import { headerDictionary } from './header-dictionary.ts';

/** Headers as SPDY/3 writes them: one compressed stream for all blocks of a direction. */
export interface HeaderBlocks extends Disposable {
  /** In the order in which the blocks came. Rejects for what is none. */
  decode(block: Buffer): Promise<ReadonlyMap<string, string>>;
  /** A block without any header: all that a reply needs. */
  encodeNothing(): Promise<Buffer>;
}

export function createHeaderBlocks(): HeaderBlocks {
  const inflate = createInflate({ dictionary: headerDictionary });
  const deflate = createDeflate({ dictionary: headerDictionary });
  return {
    decode: async (block) => parse(await pass(inflate, block)),
    encodeNothing: () => pass(deflate, Buffer.alloc(4)),
    [Symbol.dispose]() {
      inflate.destroy();
      deflate.destroy();
    },
  };
}

/** What comes out of the stream for these bytes. */
function pass(
  stream: ReturnType<typeof createInflate> | ReturnType<typeof createDeflate>,
  bytes: Buffer,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off('error', reject);
      const chunks: Buffer[] = [];
      for (let chunk: Buffer | null = stream.read(); chunk !== null; chunk = stream.read())
        chunks.push(chunk);
      resolve(Buffer.concat(chunks));
    });
  });
}

/** Count, then names and values, each after its length. Names in small letters. */
function parse(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let offset = 0;
  const number = () => {
    if (offset + 4 > bytes.length) throw new Error('a header block ends early');
    offset += 4;
    return bytes.readUInt32BE(offset - 4);
  };
  const text = () => {
    const length = number();
    if (offset + length > bytes.length) throw new Error('a header block ends early');
    offset += length;
    return bytes.toString('utf8', offset - length, offset);
  };
  for (let left = number(); left > 0; left--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
