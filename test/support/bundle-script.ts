import { join } from 'node:path';
import { build } from 'rolldown';

/** Bundles a TypeScript file so that plain node can run it (Node 20 can't read types): the path of the result. */
export async function bundleScript(entry: string, directory: string): Promise<string> {
  const file = join(directory, `script-${entry.replace(/\W+/g, '-').slice(-40)}.mjs`);
  await build({
    input: entry,
    platform: 'node',
    transform: { target: 'node20.19' },
    external: [/^@napi-rs\//, /^@lydell\//],
    output: { file, format: 'esm', codeSplitting: false },
    logLevel: 'silent',
  });
  return file;
}
