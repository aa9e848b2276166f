import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';
import { packHandlers } from './scripts/pack-handlers.ts';

/** Native code can't be bundled; both packages are optional and looked for at run time. */
const optional = ['@napi-rs/keyring', '@lydell/node-pty', 'pg-native'];
const outside = [...builtinModules, /^node:/, ...optional];

const startsNoChild = (id: string, importer: string | undefined) =>
  id === 'node:child_process' && importer?.includes('node_modules/commander/') === true;

/** One chunk a command, CommonJS (Node starts it a third faster than ESM), everything from npm bundled in. */
export default defineConfig({
  input: { forge: 'src/entry.ts' },
  platform: 'node',
  // `using` is not in Node 20.
  transform: { target: 'node20.19' },
  external: (id, importer) =>
    outside.some((name) => (typeof name === 'string' ? name === id : name.test(id))) &&
    !startsNoChild(id, importer),
  // `import` or `require` is added by how a package is asked for; forced to `import`, pg's require('pg-pool') breaks.
  resolve: { mainFields: ['module', 'main'], conditionNames: ['node', 'module', 'default'] },
  plugins: [
    {
      // The handlers are a bundle of their own, in one file, with the SDK, in the functions' archive: what is deployed is what was
      // tested, byte for byte, wherever it is taken out of the package.
      name: 'handlers',
      async writeBundle({ dir }) {
        const folder = join(dir ?? 'dist', 'lambda');
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'forge-breakglass.zip'), await packHandlers(optional));
      },
    },
    {
      // The parser of the guards on databases: WebAssembly, read from beside the chunks.
      name: 'sql-parser',
      async writeBundle({ dir }) {
        const from = join('node_modules', 'libpg-query');
        const to = dir ?? 'dist';
        await copyFile(join(from, 'wasm', 'libpg-query.wasm'), join(to, 'libpg-query.wasm'));
        await copyFile(join(from, 'LICENSE'), join(to, 'libpg-query.LICENSE'));
      },
    },
    {
      // commander loads child_process for programs that are commands of their own; forge has none.
      name: 'commander-starts-no-child',
      resolveId: (source, importer) => (startsNoChild(source, importer) ? '\0no-child' : undefined),
      load: (id) => (id === '\0no-child' ? 'export {};' : undefined),
    },
  ],
  output: {
    dir: 'dist',
    format: 'cjs',
    // import() of what is not bundled would start Node's ESM loader: 26 ms for the keychain's 1.5.
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    minify: true,
    sourcemap: false,
    cleanDir: true,
    codeSplitting: {
      groups: [
        // What `--version` and `--help` need; without it the next group would take these along.
        {
          name: 'base',
          test: /src\/(errors|version|host|lib\/nearest|lib\/process-exit-code|access\/takes-grant)\.ts|rolldown\/runtime|rolldown:runtime/,
          priority: 2,
        },
        // Opening a file costs more than what is in it: what a command needs to use keys that are kept is one file, …
        {
          name: 'access',
          test: /src\/(lib\/(?!fuzzy|python|asciicast|plain-output|redact-pieces|terminal-filter)|files\/(?!find-program|run-folder)|targets\/(?!resolve-instance)|audit\/journal|access\/(with-access|may-i|check-caller)|config\/(load-config|find-config|config-cache|build-config|build-break-glass|read-source|duration|map-values|forward-spec)|identity\/(ambient-credentials|caller-arn|cache-entry|credential-cache|credential-store|environment-credentials|environment-variable-credentials|identity-parts|keychain|mfa-code|observe-aws|permission-set-credentials|person|role-credentials|sso-cache-file|sso-token|sso-token-or-sign-in|verified-caller)|aws\/(aws-error|endpoint)|kube\/(cluster-access|cluster-request|eks-token|exec-credential)|commands\/kube\/(token|cluster-options)|kubectl-line|terminal\/(late-output|refusing-prompt))\.ts/,
          priority: 1,
        },
        // … what reads a command line and talks to people another, …
        {
          name: 'frame',
          test: /src\/(terminal\/(?!pick|raw-mode|shell-lines|edit-text|play)|run-command|command|context)\b(?!.*-tree)|node_modules\/(commander|chalk)\//,
        },
        // … and so are the two packages behind every AWS call and behind every database connection.
        { name: 'smithy', test: /node_modules\/@smithy\/core\// },
      ],
    },
  },
  treeshake: { moduleSideEffects: true },
});
