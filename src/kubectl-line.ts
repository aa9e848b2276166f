import token, { type TokenOptions } from './commands/kube/token.ts';
import type { Config } from './config/config.ts';
import { loadConfig } from './config/load-config.ts';
import type { GlobalOptions } from './context.ts';
import type { Host } from './host.ts';
import { processExitCode } from './lib/process-exit-code.ts';

/** What the words of a line mean, as run-command.ts would find. */
export interface KubectlLine {
  readonly args: readonly string[];
  readonly options: TokenOptions;
  readonly globals: GlobalOptions;
}

/**
 * Runs `forge kube token …` as kubeconfigs have it, without what parses and explains any other line: kubectl waits
 * for it at each of its calls. Undefined: this line is another; program.ts runs it.
 */
export async function runKubectlLine(argv: readonly string[], host: Host): Promise<number | undefined> {
  const line = parseKubectlLine(argv);
  if (line === undefined) return undefined;
  let config: Promise<Config> | undefined;
  const context = {
    host,
    globals: line.globals,
    config() {
      config ??= loadConfig(host, line.globals.config);
      return config;
    },
  };
  const code = await token.run(context, { args: line.args, options: line.options, rest: [] });
  return processExitCode(code ?? 0, host.platform);
}

const ownValues = ['environment', 'cluster', 'socket', 'reason'] as const;
const globalValues = ['env', 'config', 'profile', 'region'] as const;
const valued = new Set<string>([...ownValues, ...globalValues]);

/** Each option once, its value a word of its own: whatever else is written, commander reads and judges. */
export function parseKubectlLine(argv: readonly string[]): KubectlLine | undefined {
  if (argv[0] !== 'kube' || argv[1] !== 'token') return undefined;
  const values = new Map<string, string>();
  const args: string[] = [];
  let login = false;
  for (let index = 2; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--login') login = true;
    else if (word.startsWith('--')) {
      const name = word.slice(2);
      const value = argv[++index];
      if (!valued.has(name) || values.has(name) || !value || value.startsWith('-')) return undefined;
      values.set(name, value);
    } else if (word === '' || word.startsWith('-') || args.length > 0) return undefined;
    else args.push(word);
  }
  const own = ownValues.flatMap((name) => (values.has(name) ? [[name, values.get(name)] as const] : []));
  return {
    args,
    options: { ...Object.fromEntries(own), ...(login ? { login } : {}) },
    globals: {
      output: undefined,
      env: values.get('env'),
      config: values.get('config'),
      profile: values.get('profile'),
      region: values.get('region'),
      input: true,
      quiet: false,
      debug: false,
      plan: false,
      grant: undefined,
      ticket: undefined,
    },
  };
}
