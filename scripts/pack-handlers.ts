import { builtinModules } from 'node:module';
import { build } from 'rolldown';
import { encodeZip } from '../src/lib/zip.ts';

/**
 * The functions' archive: the handlers as a bundle of their own, in one file, with the SDK. The same sources are the same bytes.
 * `optional`: packages that are looked for at run time.
 */
export async function packHandlers(optional: readonly string[]): Promise<Buffer> {
  const outside = new Set([...builtinModules, ...optional]);
  const { output } = await build({
    input: 'src/lambda/entry.ts',
    platform: 'node',
    // `using` is not in Node 20.
    transform: { target: 'node20.19' },
    external: (id) => outside.has(id) || id.startsWith('node:'),
    // `import` or `require` is added by how a package is asked for.
    resolve: { mainFields: ['module', 'main'], conditionNames: ['node', 'module', 'default'] },
    output: { entryFileNames: 'index.cjs', format: 'cjs', minify: true, codeSplitting: false },
    write: false,
    logLevel: 'warn',
  });
  const files = output.map((file) => {
    if (file.type !== 'chunk') throw new Error(`${file.fileName} can't be in the functions' archive.`);
    return [file.fileName, Buffer.from(file.code)] as const;
  });
  return encodeZip(new Map(files));
}
