import type { Host } from '../../host.ts';
import type { Output } from '../../terminal/output.ts';
import type { QuerySession } from '../run-query.ts';

export interface ShellParts {
  readonly host: Host;
  readonly output: Output;
}

export interface ShellOptions {
  /** What the prompt shows: the target's name. */
  readonly prompt: string;
  /** Draws the prompt in red. */
  readonly production: boolean;
  readonly readOnly: boolean;
}

/** What lives as long as the shell: the connection, and what \x and \timing switched. */
export interface Shell {
  readonly parts: ShellParts;
  readonly options: ShellOptions;
  readonly session: QuerySession;
  expanded: boolean;
  timing: boolean;
  /** A person types: tags and \timing are shown. */
  readonly interactive: boolean;
}
