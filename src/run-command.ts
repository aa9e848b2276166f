import { Command, CommanderError, Option } from 'commander';
import { takesGrant } from './access/takes-grant.ts';
import type { CommandDefinition } from './command.ts';
import type { Config } from './config/config.ts';
import type { Context, GlobalOptions } from './context.ts';
import { ForgeError } from './errors.ts';
import type { Host } from './host.ts';
import { nearest } from './lib/nearest.ts';
import { wrapText } from './lib/wrap-text.ts';
import { createOutput } from './terminal/output.ts';
import { createPrompt } from './terminal/prompt.ts';

export interface CommandLine {
  /** What follows the command's own words, up to `--`. */
  readonly words: readonly string[];
  /** What follows `--`; undefined without one. */
  readonly rest: readonly string[] | undefined;
  readonly help: boolean;
  /** Words that would make another command of it: `list`, where the command is `ssm`. */
  readonly below: readonly string[];
}

/** Parses one command's line with commander, makes its context, runs it. */
export async function runCommand(
  path: string,
  definition: CommandDefinition<never>,
  line: CommandLine,
  host: Host,
): Promise<number> {
  const width = Math.min(host.stdout.columns || 100, 100);
  const command = commandFor(path, definition, width);
  if (line.help) {
    host.stdout.write(helpText(command, definition, width));
    return 0;
  }
  if (line.rest !== undefined && definition.rest === undefined) {
    throw new ForgeError('usage', `Nothing may follow "--" in "forge ${path}".`, usage(path));
  }
  try {
    command.parse([...line.words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw usageError(error, path, command, definition, line.below);
    throw error;
  }
  const options = command.opts<Record<string, unknown>>();
  const context = createContext(host, options);
  if (context.globals.plan && definition.plannable === false) {
    throw new ForgeError(
      'usage',
      `"forge ${path}" changes nothing, so there is no plan to show.`,
      usage(path),
    );
  }
  if (context.globals.output === 'json' && definition.textOnly === true) {
    throw new ForgeError('usage', `"forge ${path}" prints text for another program, not JSON.`, usage(path));
  }
  const input = { args: command.args, options: options as never, rest: line.rest ?? [] };
  try {
    return (await definition.run(context, input)) ?? 0;
  } catch (error) {
    const { globals, prompt } = context;
    const needed = error instanceof ForgeError && error.code === 'BREAK_GLASS_NEEDED' && !globals.plan;
    const way = globals.grant !== undefined || globals.ticket !== undefined || prompt.possible;
    if (!needed || !way) throw await withGrant(error, line, globals.grant);
    return goOn(context, error, path, line, options.reason);
  }
}

async function withGrant(error: unknown, { words }: CommandLine, grant: string | undefined) {
  if (grant === undefined || !(error instanceof ForgeError)) return error;
  const { hintWithGrant } = await import('./commands/breakglass/hint-with-grant.ts');
  return hintWithGrant(error, words, grant);
}

/** What nobody may do by standing access: within a grant, or by asking for one. */
async function goOn(
  context: Context,
  error: ForgeError,
  path: string,
  line: CommandLine,
  reason: unknown,
): Promise<number> {
  const [{ BreakGlassNeeded }, { goOnWithGrant }] = await Promise.all([
    import('./breakglass/request/break-glass-needed.ts'),
    import('./commands/breakglass/go-on-with-grant.ts'),
  ]);
  if (!(error instanceof BreakGlassNeeded)) throw error;
  const typed = { path, words: line.words, rest: line.rest };
  return goOnWithGrant(context, error, typed, typeof reason === 'string' ? reason : undefined);
}

function commandFor(path: string, definition: CommandDefinition<never>, width: number): Command {
  const command = new Command(`forge ${path}`)
    .description(definition.description)
    .helpOption('-h, --help', 'this text')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, getOutHelpWidth: () => width })
    .allowExcessArguments(false);
  for (const argument of definition.arguments ?? []) command.argument(argument.name, argument.description);
  for (const { flags, description, choices, default: value, parse } of definition.options ?? []) {
    const option = new Option(flags, description);
    if (choices !== undefined) option.choices(choices);
    if (value !== undefined) option.default(value);
    if (parse !== undefined) option.argParser(parse);
    command.addOption(option);
  }
  const own = new Set(command.options.flatMap((option) => [option.long, option.short]));
  for (const option of globalOptions(path)) {
    if (own.has(option.long)) continue;
    command.addOption(option);
  }
  command.usage(usageText(definition));
  return command;
}

function usageText(definition: CommandDefinition<never>): string {
  const words = ['[options]', ...(definition.arguments ?? []).map((argument) => argument.name)];
  if (definition.rest !== undefined) words.push(`[-- ${definition.rest}]`);
  return words.join(' ');
}

/** Hidden in a command's help, which would else be mostly these; `forge --help` lists them. */
function globalOptions(path: string): Option[] {
  const production = [new Option('--grant <id>'), new Option('--ticket <id>')];
  return [
    new Option('--output <format>').choices(['table', 'json']),
    new Option('--env <name>'),
    new Option('--config <file>'),
    new Option('--profile <name>'),
    new Option('--region <name>'),
    new Option('--no-input'),
    new Option('--quiet'),
    new Option('--debug'),
    new Option('--plan'),
    ...(takesGrant(path) ? production : []),
  ].map((option) => option.hideHelp());
}

function helpText(command: Command, definition: CommandDefinition<never>, width: number): string {
  const examples = definition.examples.map(([example, effect]) => `  ${example}\n      ${effect}\n`).join('');
  const details = definition.details === undefined ? '' : `\n${wrapText(definition.details.trim(), width)}\n`;
  const globals = definition.plannable === false ? '' : '\n--plan shows what would happen and stops.';
  return `${command.helpInformation()}\nExamples:\n${examples}${details}${globals}\nOptions that every command takes: forge --help\n`;
}

function usageError(
  error: CommanderError,
  path: string,
  command: Command,
  definition: CommandDefinition<never>,
  below: readonly string[],
): ForgeError {
  if (error.code === 'commander.excessArguments') {
    const [first = ''] = command.args;
    const meant = nearest(first, below);
    if (meant !== undefined) {
      return new ForgeError('usage', `There is no command "forge ${path} ${first}".`, {
        code: 'UNKNOWN_COMMAND',
        hint: `Did you mean: forge ${path} ${meant}`,
      });
    }
    const extra = command.args.slice(definition.arguments?.length ?? 0).map((word) => JSON.stringify(word));
    return new ForgeError('usage', `Too many arguments: ${extra.join(' ')}.`, {
      code: 'USAGE',
      hint: `${definition.rest === undefined ? '' : 'What is handed on goes after "--". '}${usage(path).hint}`,
    });
  }
  const message = error.message.replace(/^error: /, '');
  // No option has white space: it is a value, e.g. SQL that begins with a comment.
  if (error.code === 'commander.unknownOption' && /option '-[^'\s]*\s/.test(message)) {
    const sql = 'Put a space before it, or give the SQL by -f or stdin.';
    return new ForgeError('usage', 'What begins with a dash is taken for an option.', {
      code: 'USAGE',
      hint: path === 'db query' ? sql : usage(path).hint,
    });
  }
  const suggestion = /\(Did you mean (.+)\?\)/.exec(message);
  const sentence = message.replace(/\s*\(Did you mean [\s\S]*$/, '');
  const capital = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  return new ForgeError('usage', /[.?!]$/.test(capital) ? capital : `${capital}.`, {
    code: 'USAGE',
    hint: suggestion === null ? usage(path).hint : `Did you mean: ${suggestion[1]}`,
  });
}

function usage(path: string) {
  return { code: 'USAGE', hint: `See forge ${path} --help.` };
}

function createContext(host: Host, options: Record<string, unknown>): Context {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
  const format = text('output');
  const globals: GlobalOptions = {
    output: format === 'json' || format === 'table' ? format : undefined,
    env: text('env'),
    config: text('config'),
    profile: text('profile'),
    region: text('region'),
    input: options.input !== false,
    quiet: options.quiet === true,
    debug: options.debug === true,
    plan: options.plan === true,
    grant: text('grant'),
    ticket: text('ticket'),
  };
  let config: Promise<Config> | undefined;
  return {
    host,
    globals,
    output: createOutput(host, { format: globals.output, quiet: globals.quiet, debug: globals.debug }),
    prompt: createPrompt(host, { input: globals.input }),
    config() {
      config ??= loadConfiguration(host, globals);
      return config;
    },
  };
}

async function loadConfiguration(host: Host, globals: GlobalOptions): Promise<Config> {
  const { loadConfig } = await import('./config/load-config.ts');
  const config = await loadConfig(host, globals.config);
  if (!globals.plan) return config;
  const { findPlannedGrant } = await import('./access/find-planned-grant.ts');
  return { ...config, plannedGrant: await findPlannedGrant(host, globals.grant) };
}
