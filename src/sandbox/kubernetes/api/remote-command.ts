import type { OpenContainer } from './containers.ts';
import type { Json, JsonMap } from './json.ts';
import { type RemoteProgram, startRemoteProgram } from './remote-program.ts';
import { ApiFailure, statusOf } from './status.ts';

/** What was asked of …/exec. */
export interface RemoteCommandWish {
  readonly argv: readonly [string, ...string[]];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The client's end, however its streams are carried. */
export interface RemoteCommandClient {
  send(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  /** So much waits to be sent that the program must pause until `whenDrained`. */
  congested(): boolean;
  whenDrained(listener: () => void): void;
  /** Input must wait; or may go on. */
  hold(on: boolean): void;
  /** Says how it ended, then closes. */
  finish(status: JsonMap): void;
}

/** What the client says, given on by whoever carries it. */
export interface RemoteCommand {
  input(bytes: Buffer): void;
  inputEnded(): void;
  /** JSON `{"Width": 80, "Height": 24}`. */
  resize(text: string): void;
  /** The client went away: so does the program. */
  gone(): void;
}

export function startRemoteCommand(
  container: OpenContainer,
  wish: RemoteCommandWish,
  client: RemoteCommandClient,
): RemoteCommand {
  let running: RemoteProgram | undefined;
  let over = false;
  // What comes before the program runs, in order.
  const early: ((started: RemoteProgram) => void)[] = [];
  const when = (act: (started: RemoteProgram) => void) => {
    if (over) return;
    if (running === undefined) early.push(act);
    else act(running);
  };
  const finish = (status: JsonMap) => {
    if (over) return;
    over = true;
    running?.kill();
    client.finish(status);
  };
  const start = async () => {
    if (!(await container.hasProgram(wish.argv[0]))) return finish(statusOf(noSuchProgram(wish.argv[0])));
    const started = await startRemoteProgram(container, wish, {
      output(stream, bytes) {
        if (over || !wish[stream]) return;
        client.send(stream, bytes);
        if (!client.congested()) return;
        running?.pause();
        client.whenDrained(() => running?.resume());
      },
      exit: (code) => finish(exitStatus(code)),
    });
    if (over) return started.kill();
    running = started;
    for (const act of early.splice(0)) act(started);
  };
  start().catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    finish(statusOf(new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`)));
  });
  return {
    input: (bytes) =>
      when((started) => {
        if (started.write(bytes)) return;
        client.hold(true);
        started.whenDrained(() => client.hold(false));
      }),
    inputEnded: () => when((started) => started.end()),
    resize(text) {
      const size = readSize(text);
      if (size !== undefined) when((started) => started.resize(size.columns, size.rows));
    },
    gone() {
      over = true;
      early.length = 0;
      running?.kill();
    },
  };
}

/** v4 of the protocol: success says nothing more, a failure names the exit code as its cause. */
function exitStatus(code: number): JsonMap {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

/** As a container runtime puts it. */
const noSuchProgram = (command: string) =>
  new ApiFailure(
    500,
    'InternalError',
    `Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(command)}: executable file not found in $PATH: unknown`,
  );

/** kubectl says 0 × 0 where it has no terminal; terminals of that size there are none. */
function readSize(text: string): { readonly columns: number; readonly rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as Readonly<Record<string, Json>>;
    const fits = (value: Json | undefined): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
    return fits(Width) && fits(Height) ? { columns: Width, rows: Height } : undefined;
  } catch {
    return undefined;
  }
}
