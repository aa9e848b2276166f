import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const name = 'libpg-query.wasm';

/** PostgreSQL's parser as WebAssembly: beside the bundle, or in the package when forge runs from its source. */
export async function readParserBinary(): Promise<Buffer> {
  try {
    return await readFile(join(import.meta.dirname, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return readFile(createRequire(import.meta.url).resolve(`libpg-query/wasm/${name}`));
  }
}
