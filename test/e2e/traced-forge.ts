import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtForge } from '../support/built-forge.ts';
import { openTerminal } from '../support/pty.ts';
import type { Run, RunOptions, TestSandbox } from '../support/sandbox.ts';
import { signInByPage } from '../support/sign-in-page.ts';

/** One execve: what `ps` shows of a program to everybody on the machine, and what only its owner may see. */
export interface StartedProgram {
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

export interface TracedRun extends Run {
  /** forge itself first; empty where nothing may trace. */
  readonly programs: readonly StartedProgram[];
}

/** strace is there and the machine lets it trace. */
export const canTrace =
  spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'trace=execve', 'true']).status === 0;

let traces = 0;

export interface TraceOptions extends RunOptions {
  /** Where the trace is written. */
  readonly folder: string;
  /** In a terminal, where people are; all it shows then is in `stderr`. */
  readonly terminal?: boolean;
}

/** The built binary, with every program that it or its children start. */
export function traceForge(
  sandbox: TestSandbox,
  args: readonly string[],
  options: TraceOptions,
): Promise<TracedRun> {
  return traced(options.folder, args, ([command = '', ...words]) =>
    options.terminal === true
      ? runInTerminal(command, words, sandbox.environment(options))
      : sandbox.run(command, words, options),
  );
}

/** `forge login --device-code`, confirmed on its page. */
export function traceSignIn(sandbox: TestSandbox, person: string, options: TraceOptions): Promise<TracedRun> {
  return traced(options.folder, ['--debug'], async (command) => {
    const said = await signInByPage(command, sandbox.environment({ person, ...options }), person);
    return { code: 0, ...said, durationMs: 0 };
  });
}

async function traced(
  folder: string,
  args: readonly string[],
  run: (command: readonly string[]) => Promise<Run>,
): Promise<TracedRun> {
  const forge = [process.execPath, await builtForge(), ...args];
  if (!canTrace) return { ...(await run(forge)), programs: [] };
  const file = join(folder, `trace-${traces++}`);
  const flags = ['-f', '-v', '-qq', '-s', '1000000', '--seccomp-bpf', '-e', 'trace=execve', '-o', file];
  const ended = await run(['strace', ...flags, '--', ...forge]);
  return { ...ended, programs: parseTrace(await readFile(file, 'latin1')) };
}

async function runInTerminal(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  using terminal = openTerminal(command, args, { env });
  const code = await terminal.exit;
  return { code, stdout: '', stderr: terminal.text(), durationMs: 0 };
}

/** `1234 execve("/bin/sh", ["sh", "-c", "…"], ["A=b", …]) = 0`, also those that found no such file. */
export function parseTrace(trace: string): StartedProgram[] {
  return [...trace.matchAll(/^\d+\s+execve\((.*)$/gm)].map(([, call = '']) => {
    const [path = '', rest] = readString(call, 0);
    const [argv, then] = readList(call, rest + 2);
    const [env] = readList(call, then + 2);
    return { path, argv, env };
  });
}

function readList(text: string, start: number): [string[], number] {
  const found: string[] = [];
  let at = start;
  if (text[at] !== '[') return [found, at];
  for (at++; text[at] === '"'; ) {
    const [value, next] = readString(text, at);
    found.push(value);
    at = text.startsWith(', ', next) ? next + 2 : next;
  }
  if (text[at] !== ']') throw new Error(`strace cut something short: ${text.slice(start, at + 20)}`);
  return [found, at + 1];
}

function readString(text: string, start: number): [string, number] {
  const quoted = /"((?:[^"\\]|\\.)*)"/y;
  quoted.lastIndex = start;
  const match = quoted.exec(text);
  if (match === null) throw new Error(`this is no execve of strace: ${text.slice(start, start + 40)}`);
  const bytes = (match[1] ?? '').replace(
    /\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))/g,
    (_, octal, hex, letter) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' }[letter as string] ?? letter;
    },
  );
  return [Buffer.from(bytes, 'latin1').toString('utf8'), quoted.lastIndex];
}
