import type { CommandDefinition } from '../command.ts';

export interface Entry {
  readonly path: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly default: CommandDefinition<never> }>;
}

/** Commands that stand together in --help, one line each. A command's file is loaded only when it runs. */
export interface CommandGroup {
  readonly title: string;
  readonly entries: readonly Entry[];
}
