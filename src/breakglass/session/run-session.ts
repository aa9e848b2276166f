import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '../../errors.ts';
import { openSocketFolder } from '../../files/run-folder.ts';
import { type Environment, type Host, interruptsVariable } from '../../host.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import { durationText, untilText } from '../../lib/duration-text.ts';
import type { Output } from '../../terminal/output.ts';
import { type ActiveGrant, type CredentialSource, type Ending, endingSentence } from './active-grant.ts';
import { startCredentialServer } from './credential-server.ts';
import { endProcesses } from './end-processes.ts';
import { describeSession, findOrder, openSessionFolder, wasWoken } from './open-sessions.ts';
import { restoreSessionTerminal } from './restore-session-terminal.ts';
import { obtainSessionKeys } from './session-keys.ts';
import { lookEveryMs, type SessionLife, startLife } from './session-life.ts';
import { sessionSocketName, startSessionServer } from './session-server.ts';
import { sessionShell } from './session-shell.ts';
import { sessionEnvironment, sessionVariables } from './session-variables.ts';
import { socketVariable } from './socket-variable.ts';

export interface SessionRequest {
  readonly grant: ActiveGrant;
  readonly source: CredentialSource;
  /** Keys are renewed then whatever their age, once: epoch milliseconds. */
  readonly renewAt?: number | undefined;
  /** A program and its arguments; undefined: the person's shell. */
  readonly command: readonly string[] | undefined;
  /** Asked every so often whether the grant still stands: words about who took it away, or undefined. May throw. */
  readonly revoked?: (() => Promise<string | undefined>) | undefined;
  /** Asked each second: words about who stopped it, or undefined. May throw. */
  readonly killed?: (() => Promise<string | undefined>) | undefined;
  /** Asked as often as `revoked`: when the access ends now, by this machine's clock; epoch milliseconds, undefined: as before. May throw. */
  readonly later?: (() => Promise<number | undefined>) | undefined;
  readonly askEveryMs?: number | undefined;
  /**
   * Closes at AWS what was opened with the keys, once they are handed out no more and the program is gone; what it says
   * of that is for people. Must not throw, nor take long.
   */
  readonly close?: ((keys: RoleCredentials, ending: Ending) => Promise<readonly string[]>) | undefined;
}

/** How it went. The program is gone, the terminal is as before, no credentials are held any more. */
export interface SessionEnd {
  readonly ending: Ending;
  /** Of the program: its own exit code, 128 + n where signal n ended it. */
  readonly exitCode: number;
  /** Epoch milliseconds; undefined: no keys were handed to anybody. */
  readonly issuedUntil: number | undefined;
  /** For people: how it ended, and until when copies of what was given out can work. */
  readonly sentences: readonly string[];
}

interface SessionParts {
  readonly host: Host;
  readonly output: Output;
}

/** The forges inside are told first: they close what they have open, and say why. */
const farewellMs = 150;

/**
 * Runs a shell or a program in which every AWS tool gets the grant's credentials from this process, until the
 * program ends or the grant does. Throws usage BREAKGLASS_NESTED and BREAKGLASS_NO_TERMINAL, denied BREAKGLASS_OVER, failed
 * PROGRAM_NOT_FOUND, and what the source threw for the first keys.
 */
export async function runSession(parts: SessionParts, request: SessionRequest): Promise<SessionEnd> {
  const { host, output } = parts;
  const { grant } = request;
  refuseHere(host, request);
  host.signal.throwIfAborted();
  using life = startLife(host, grant, (left) =>
    output.warn(`Break-glass on ${grant.environment} ends in ${durationText(left)}.`),
  );
  life.throwIfOver();
  using keys = await obtainSessionKeys(host, request.source, life, { renewAt: request.renewAt });
  await using folder = await openSessionFolder(host, grant);
  await using socketFolder = await openSocketFolder(host, 'breakglass-socket', sessionSocketName);
  await using session = await startSessionServer(host, socketFolder.path, { grant, life, keys });
  await using credentials = await startCredentialServer(() => keys.current());
  const variables = await sessionVariables(host, folder.path, grant, { credentials, session });
  const program = await programOf(parts, request, folder.path, variables);
  using _revoked = every(request.askEveryMs ?? 15_000, async () => {
    const said = await request.revoked?.();
    if (said !== undefined) life.end({ why: 'revoked', said });
  });
  using _killed = every(1_000, async () => {
    const said = await request.killed?.();
    if (said !== undefined) life.end({ why: 'revoked', said });
  });
  using later = every(request.askEveryMs ?? 15_000, async () => {
    const endsAt = await request.later?.();
    if (endsAt === undefined || !life.prolong(endsAt)) return;
    // Without it the prompt alone shows the earlier end.
    await describeSession(host, folder.path, { ...grant, endsAt }).catch(() => {});
    output.instruct(`Break-glass on ${grant.environment} goes on ${untilText(endsAt, host.now())}.`);
  });
  using _order = every(lookEveryMs, async () => {
    const ending = findOrder(folder.path);
    if (ending !== undefined) life.end(ending);
    if (wasWoken(folder.path)) later.now();
  });
  const env = { ...sessionEnvironment(host.env, variables), ...program.env };
  const exitCode = await runProgram(host, program, env, life, session.path);
  const ending = await life.ended;
  const { issuedUntil, sentences } = farewell(host, grant, ending, keys.issuedUntil());
  const last = keys.last();
  // What nobody was given has opened nothing.
  const closed =
    last === undefined || issuedUntil === undefined ? [] : ((await request.close?.(last, ending)) ?? []);
  return { ending, exitCode, issuedUntil, sentences: [...sentences, ...closed] };
}

function refuseHere(host: Host, { command }: SessionRequest): void {
  if (host.env[socketVariable] !== undefined) {
    throw new ForgeError('usage', 'This shell is in a break-glass session already.', {
      code: 'BREAKGLASS_NESTED',
      hint: 'Leave it first: exit',
    });
  }
  if (command === undefined && !(host.stdin.isTTY === true && host.stderr.isTTY === true)) {
    throw new ForgeError('usage', 'There is no terminal for a shell.', {
      code: 'BREAKGLASS_NO_TERMINAL',
      hint: 'Name what to run: forge breakglass … -- <command>',
    });
  }
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function programOf(
  { host, output }: SessionParts,
  { grant, command: words }: SessionRequest,
  folder: string,
  variables: Awaited<ReturnType<typeof sessionVariables>>,
): Promise<Program> {
  const [command, ...args] = words ?? [];
  if (command !== undefined) return { command, args, env: {} };
  const facts = { grant, pid: host.pid, coloured: output.style.coloured };
  const shell = await sessionShell(host, folder, variables, facts);
  const where = `BREAK-GLASS tier ${grant.tier} on ${grant.environment}, ${untilText(grant.endsAt, host.now())}.`;
  const how = shell.hasPrompt ? '' : ' The prompt of this shell does not say so.';
  output.instruct(`${where}${how} Leave it with exit.`);
  return shell;
}

/** Answers once the program, and all that was started from it, is gone; the session is over then. */
async function runProgram(
  host: Host,
  { command, args }: Program,
  env: Environment,
  life: SessionLife,
  socket: string,
): Promise<number> {
  let interrupt: (() => void) | undefined;
  using _held = host.holdInterrupts(
    (name) => life.end({ why: 'terminated', said: name }),
    () => interrupt?.(),
  );
  // What came before they were held is nobody else's.
  host.signal.throwIfAborted();
  // The terminal is closed, and no signal has come yet.
  const lost = () => life.end({ why: 'terminated', said: String(host.signal.reason) });
  host.signal.addEventListener('abort', lost, { once: true });
  life.onEnd(() => host.signal.removeEventListener('abort', lost));
  // Of others, Terraform for one, a second SIGINT tears down what the first was to end in order: theirs is the terminal's.
  const isForge = command === host.program.node && args[0] === host.program.script;
  const child = start(
    host,
    command,
    args,
    isForge ? { ...env, [interruptsVariable]: String(host.pid) } : env,
  );
  if (isForge && host.platform !== 'win32') interrupt = () => void child.kill('SIGINT');
  life.onEnd(() => {
    interrupt = undefined;
  });
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(command, error)));
    child.once('exit', (code, name) => resolve(name === null ? (code ?? 1) : 128 + constants.signals[name]));
  });
  exit.then(
    () => life.end({ why: 'finished' }),
    () => life.end({ why: 'finished' }),
  );
  const { why } = await life.ended;
  if (child.pid !== undefined) {
    if (why !== 'finished') await Promise.race([exit.catch(() => {}), sleep(farewellMs)]);
    const how = await endProcesses(host, child.pid, socket);
    // What belongs to another user (sudo) can't be ended. It gets no credentials any more, and nobody waits for it.
    const code = await (how === 'left' ? Promise.race([exit, sleep(farewellMs, 1)]) : exit);
    if (host.stdin.isTTY === true && (why !== 'finished' || code > 128))
      await restoreSessionTerminal(host, how !== 'softly');
    return code;
  }
  return exit;
}

function start(host: Host, command: string, args: readonly string[], env: Environment) {
  try {
    return host.spawn(command, args, { env, stdio: 'inherit' });
  } catch (error) {
    // Too long a line, for one, is said at once and not by an event.
    throw notStarted(command, error as NodeJS.ErrnoException);
  }
}

function notStarted(command: string, error: NodeJS.ErrnoException): ForgeError {
  const missing = error.code === 'ENOENT';
  const sentence = missing
    ? `There is no command ${command}.`
    : `Failed to run ${command}: ${error.code ?? error.message}.`;
  return new ForgeError('failed', sentence, {
    code: missing ? 'PROGRAM_NOT_FOUND' : 'PROGRAM_FAILED',
    hint: missing ? 'Check its name and your PATH.' : undefined,
    exitCode: missing ? 127 : 126,
    cause: error,
  });
}

function farewell(host: Host, grant: ActiveGrant, ending: Ending, last: number) {
  const issuedUntil = last === 0 ? undefined : last;
  const copies =
    issuedUntil === undefined || issuedUntil <= host.now()
      ? 'No credentials of it can be in use any more.'
      : `Its programs are gone. Whatever they copied elsewhere AWS would accept ${untilText(issuedUntil, host.now())}, unless it is cut off there before.`;
  return { issuedUntil, sentences: [endingSentence(grant, ending), copies] };
}

/** One call at a time; a call that fails is made again. `now`: without waiting for the next time. */
function every(milliseconds: number, act: () => Promise<void>): Disposable & { now(): void } {
  let busy = false;
  const now = () => {
    if (busy) return;
    busy = true;
    act()
      .catch(() => {})
      .finally(() => {
        busy = false;
      });
  };
  const timer = setInterval(now, milliseconds);
  return { now, [Symbol.dispose]: () => clearInterval(timer) };
}
