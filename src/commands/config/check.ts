import { defineCommand } from '../../command.ts';
import { buildConfig } from '../../config/build-config.ts';
import { placeText } from '../../config/config-problem.ts';
import { type Finding, inspectConfig } from '../../config/inspect-config.ts';
import { chooseConfigFile } from '../../config/load-config.ts';
import { type ConfigReading, readConfig } from '../../config/read-config.ts';
import { exitCodes, ForgeError } from '../../errors.ts';
import type { Style } from '../../terminal/style.ts';

export default defineCommand({
  description: 'Finds mistakes in the configuration, all of them, without asking AWS anything.',
  arguments: [{ name: '[file]', description: 'a file to check (default: the one that is used)' }],
  plannable: false,
  examples: [
    ['forge config check', 'check what applies here'],
    ['forge config check forge.yaml', 'check one file, e.g. in a pipeline'],
    ['forge config check --output json', 'the findings as JSON'],
  ],
  details:
    'The findings go to stdout. Exit code 0: no errors (there may be warnings). 2: errors, or no file to check.',
  async run({ host, output, globals }, { args }) {
    const chosen = await chooseConfigFile(host, args[0] ?? globals.config);
    if (chosen === undefined) {
      throw new ForgeError('usage', 'There is no configuration to check.', {
        code: 'CONFIG_NOT_FOUND',
        hint: 'forge config path shows where forge looks; forge config init writes one.',
      });
    }
    const reading = await readConfig(host, chosen.path);
    const findings = await inspect(reading);
    const errors = findings.filter((finding) => finding.severity === 'error');
    output.result({
      data: {
        files: reading.sources.map((source) => source.path),
        valid: errors.length === 0,
        findings: findings.map(({ severity, file, line, column, path, message, hint }) => ({
          severity,
          file,
          line,
          column,
          path,
          message,
          ...(hint === undefined ? {} : { hint }),
        })),
      },
      text: (style) => findings.map((finding) => render(finding, placeText(host, finding), style)).join('\n'),
    });
    output.note(summary(reading, findings.length - errors.length, errors.length));
    return errors.length === 0 ? 0 : exitCodes.usage;
  },
});

async function inspect({ data, tree, sources, problems }: ConfigReading): Promise<readonly Finding[]> {
  if (data === undefined || tree === undefined) {
    return problems.map((problem) => ({ ...problem, severity: 'error' }));
  }
  const files = sources.map((source) => source.path);
  return inspectConfig(buildConfig(data, files), tree);
}

function render(finding: Finding, place: string, style: Style): string {
  const word = finding.severity === 'error' ? style.danger('error:') : style.caution('warning:');
  const head = `${style.bold(`${place}:`)} ${word} ${style.plain(finding.message)}`;
  const hint = (finding.hint ?? '').split('\n').filter((line) => line !== '');
  return [head, ...hint.map((line) => `    ${style.plain(line)}`)].join('\n');
}

function summary({ sources }: ConfigReading, warnings: number, errors: number): string {
  const count = (number: number, word: string) =>
    `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`;
  const files = sources.length === 1 ? (sources[0]?.path ?? '') : `${sources.length} files`;
  return `${files}: ${count(errors, 'error')}, ${count(warnings, 'warning')}.`;
}
