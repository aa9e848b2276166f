import type { Instance } from '../organisation.ts';

/** What SendCommand started, newest last. */
export interface CommandStore {
  add(command: SentCommand): void;
  find(id: string): SentCommand | undefined;
  all(): readonly SentCommand[];
  /** What runs commands; the gateway puts it here while it stands. */
  runner: CommandRunner | undefined;
}

export interface CommandRunner {
  /** Returns at once; the invocations change as they go. */
  run(command: SentCommand, instances: readonly Instance[], now: () => number): void;
  cancel(invocations: readonly Invocation[], now: () => number): void;
}

export type InvocationStatus =
  | 'Pending'
  | 'InProgress'
  | 'Success'
  | 'Failed'
  | 'TimedOut'
  | 'Cancelled'
  | 'Undeliverable'
  | 'Terminated';

export interface SentCommand {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly document: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly comment: string;
  readonly instanceIds: readonly string[];
  readonly targets: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  /** As they were written: a number or a percentage. */
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  /** Epoch milliseconds. */
  readonly requestedAt: number;
  readonly timeoutSeconds: number;
  cancelled: boolean;
  readonly invocations: readonly Invocation[];
}

export interface Invocation {
  readonly instanceId: string;
  readonly instanceName: string;
  status: InvocationStatus;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** -1 until it is known. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

const mostCommands = 1_000;

export function createCommandStore(): CommandStore {
  const commands = new Map<string, SentCommand>();
  return {
    add(command) {
      commands.set(command.id, command);
      const oldest = commands.size > mostCommands ? commands.keys().next().value : undefined;
      if (oldest !== undefined) commands.delete(oldest);
    },
    find: (id) => commands.get(id),
    all: () => [...commands.values()],
    runner: undefined,
  };
}
