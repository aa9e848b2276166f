import { Payload } from './payloads.ts';
import { findPowerShell } from './powershell.ts';
import { spawnTerminal } from './spawn-terminal.ts';
import type { Worker, WorkerContext } from './worker.ts';

/** Standard_Stream: a shell in a terminal. InteractiveCommands: `sh -c` in one; its exit status is not told. */
export async function startTerminal(context: WorkerContext): Promise<Worker> {
  const { session, machine } = context;
  const home = await machine.home(session.instance);
  const { type, command } = session.plan;
  const argv =
    session.instance.platform === 'Windows'
      ? ([findPowerShell(), ...(type === 'Standard_Stream' ? [] : ['-Command', command])] as const)
      : type === 'Standard_Stream'
        ? machine.shell
        : (['/bin/sh', '-c', command] as const);
  const terminal = await spawnTerminal(argv, { cwd: home, env: machine.environment(session.instance, home) });
  terminal.onData((bytes) => {
    context.output(Payload.output, bytes, 'characters');
    if (!context.congested()) return;
    terminal.pause();
    context.whenDrained(() => terminal.resume());
  });
  terminal.onExit(() => context.finish(''));
  return {
    take(payloadType, payload) {
      if (payloadType === Payload.output) terminal.write(payload);
      else if (payloadType === Payload.size) resize(terminal, payload);
      // The TerminateSession flag is acknowledged and ignored by terminals.
      return 'taken';
    },
    kill: () => terminal.kill(),
  };
}

function resize(terminal: { resize(columns: number, rows: number): void }, payload: Buffer): void {
  try {
    const size: unknown = JSON.parse(payload.toString());
    if (typeof size !== 'object' || size === null) return;
    const { cols, rows } = size as Record<string, unknown>;
    const fits = (value: unknown): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
    if (fits(cols) && fits(rows)) terminal.resize(cols, rows);
  } catch {
    // No size: the agent takes no notice.
  }
}
