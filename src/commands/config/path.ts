import { join } from 'node:path';
import { defineCommand } from '../../command.ts';
import { type FoundConfig, personalConfigPath } from '../../config/find-config.ts';
import { chooseConfigFile } from '../../config/load-config.ts';
import { readChain } from '../../config/read-chain.ts';

const reasons: Readonly<Record<FoundConfig['how'], string>> = {
  option: 'named by --config',
  variable: 'named by FORGE_CONFIG',
  folder: 'found upwards from the working folder',
  personal: 'your own',
};

export default defineCommand({
  description: 'Prints which files the configuration comes from: the one that is used, then what it extends.',
  plannable: false,
  examples: [
    ['forge config path', 'the files, one a line'],
    ['$EDITOR "$(forge config path | head -1)"', 'edit the one that is used'],
  ],
  details: `forge looks for, in this order:
  --config <file>
  FORGE_CONFIG
  forge.yaml in the working folder and the folders above it, up to your home folder
  forge.yaml in your configuration folder (~/.config/forge; %APPDATA%\\forge on Windows)
A file of your own that extends the one in the folder is used instead of it.`,
  async run({ host, output, globals }) {
    const found = await chooseConfigFile(host, globals.config);
    if (found === undefined) {
      const upwards = join(host.directories.working, 'forge.yaml');
      output.note(
        `There is no configuration: neither ${upwards} nor one in a folder above it, nor ${personalConfigPath(host)}.\nforge config init writes one.`,
      );
      output.result({ data: { files: [], how: null }, text: () => '' });
      return;
    }
    const { sources, problems } = await readChain(host, found.path);
    const files = sources.map((source) => source.path);
    output.note(`${found.path}: ${reasons[found.how]}.`);
    if (problems.length > 0) output.warn('It has mistakes: forge config check lists them.');
    output.result({
      data: { files, how: found.how },
      text: (style) => files.map((file) => style.plain(file)).join('\n'),
    });
  },
});
