import type { Config } from './config/config.ts';
import type { Host } from './host.ts';
import type { Output } from './terminal/output.ts';
import type { Prompt } from './terminal/prompt.ts';

/** What a command gets. Folders below commands/ never see it: they name the parts they need. */
export interface Context {
  readonly host: Host;
  readonly output: Output;
  readonly prompt: Prompt;
  readonly globals: GlobalOptions;
  /** forge.yaml, found and read once, at the first call. Without a file: a configuration with nothing in it. */
  config(): Promise<Config>;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly output: 'table' | 'json' | undefined;
  readonly env: string | undefined;
  readonly config: string | undefined;
  readonly profile: string | undefined;
  readonly region: string | undefined;
  readonly input: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly plan: boolean;
  /** Break-glass that somebody has approved, and that this command runs in: `bg-7f3k`. */
  readonly grant: string | undefined;
  /** Asks for access where there is none and nobody at a terminal: of the incident. */
  readonly ticket: string | undefined;
}
