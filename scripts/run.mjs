// Runs a TypeScript file of this repository on plain Node: bundles it beside the others' output, then imports it.
// Usage: node scripts/run.mjs <file.ts> [arguments…]
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';

const [, , entry] = process.argv;
const folder = join(import.meta.dirname, '..', 'node_modules', '.cache', 'forge-scripts');
mkdirSync(folder, { recursive: true });
const file = join(folder, `${basename(entry, '.ts')}-${process.pid}.mjs`);
process.on('exit', () => rmSync(file, { force: true }));
await build({
  input: entry,
  platform: 'node',
  // What the bundler itself writes for `using` comes with it.
  external: (id) => !/^(\.|\/|[A-Za-z]:|@oxc-project\/runtime|\0)/.test(id),
  output: { file, format: 'esm', codeSplitting: false },
  // Node 20 knows no `using`.
  transform: { target: 'node20.19' },
  logLevel: 'warn',
});
process.argv.splice(1, 2, entry);
await import(pathToFileURL(file).href);
