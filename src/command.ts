import type { Context } from './context.ts';

/** One command: what its file under commands/ exports. program.ts loads it only when it runs or shows its help. */
export interface CommandDefinition<Options = Record<string, unknown>> {
  /** First paragraph of the help. */
  readonly description: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /** What may follow `--`, for the usage line, e.g. `psql arguments`. Without it nothing may follow. */
  readonly rest?: string;
  /** [command line, what it does]. At least one. */
  readonly examples: readonly (readonly [string, string])[];
  /** Said after the examples: files, variables, caveats. */
  readonly details?: string;
  /** false where there is nothing to act on, so that --plan would mean nothing. */
  readonly plannable?: boolean;
  /** true where stdout is text for another program that has no JSON form: --output json is then refused. */
  readonly textOnly?: boolean;
  /** The exit code; nothing means 0. */
  run(context: Context, input: CommandInput<Options>): Promise<number | undefined | void>;
}

export interface CommandInput<Options = Record<string, unknown>> {
  readonly args: readonly string[];
  readonly options: Options;
  /** Everything after the first `--`. */
  readonly rest: readonly string[];
}

export interface ArgumentDefinition {
  /** commander's notation: `<target>`, `[target]`, `[words...]`. */
  readonly name: string;
  readonly description: string;
}

export interface OptionDefinition {
  /** commander's notation: `--user <name>`, `-f, --file <path>`, `--param <value...>`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean | number;
  /** Throws a ForgeError of kind usage for what it can't take. */
  readonly parse?: (value: string, previous: unknown) => unknown;
}

export function defineCommand<Options = Record<string, unknown>>(
  definition: CommandDefinition<Options>,
): CommandDefinition<Options> {
  return definition;
}
