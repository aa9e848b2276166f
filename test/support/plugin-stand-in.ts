import { chmod, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { bundleScript } from './bundle-script.ts';

/** How the plugin was started, as it saw it itself. */
export interface PluginStart {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
}

export interface PluginStandIn {
  /** Variables under which forge finds it, and by which it records how it was started. */
  readonly env: { readonly PATH: string; readonly PLUGIN_RECORD: string };
  /** The starts since the last call. */
  starts(): Promise<readonly PluginStart[]>;
}

/** One that says its version, and does nothing else. Answers PATH. */
export async function installVersionOnly(
  folder: string,
  version: string,
  otherwise = 'exit 1',
): Promise<string> {
  const program = join(folder, 'session-manager-plugin');
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo '${version}'; exit; fi\n${otherwise}\n`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  return `${folder}${delimiter}${process.env.PATH}`;
}

/** A session-manager-plugin in a folder of its own, first in PATH. */
export async function installPluginStandIn(folder: string): Promise<PluginStandIn> {
  const worker = await bundleScript(join(import.meta.dirname, 'plugin-worker.ts'), folder);
  const quoted = [process.execPath, worker].map((word) => `'${word}'`).join(' ');
  const PATH = await installVersionOnly(
    folder,
    '1.2.707.0',
    `export NODE_NO_WARNINGS=1\nexec ${quoted} "$@"`,
  );
  const record = join(folder, 'starts.jsonl');
  let read = 0;
  return {
    env: { PATH, PLUGIN_RECORD: record },
    async starts() {
      const lines = (await readFile(record, 'utf8').catch(() => '')).split('\n').filter(Boolean);
      const fresh = lines.slice(read);
      read = lines.length;
      return fresh.map((line) => JSON.parse(line) as PluginStart);
    },
  };
}
