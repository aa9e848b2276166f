import { execFileSync, spawnSync } from 'node:child_process';
import { keys, openTerminal, type Terminal } from '../support/pty.ts';
import type { TestSandbox } from '../support/sandbox.ts';

/** A shell in a terminal that knows the sandbox. */
export async function openOuter(sandbox: TestSandbox): Promise<Terminal> {
  const { NO_COLOR: _, ...env } = sandbox.environment();
  const terminal = openTerminal('bash', ['--norc', '-i'], { env: { ...env, PS1: 'outer> ' } });
  await terminal.waitFor(/outer> /);
  return terminal;
}

/** A shell in that one. */
export async function openInner(sandbox: TestSandbox): Promise<Terminal> {
  const terminal = await openOuter(sandbox);
  terminal.write(`PS1='inner> ' bash --norc -i${keys.enter}`);
  await terminal.waitFor(/inner> $/);
  return terminal;
}

/** The inner shell, or what else the outer one has started: the outer one has the terminal then. */
export async function killInner(terminal: Terminal): Promise<void> {
  process.kill(childOf(terminal), 'SIGKILL');
  await terminal.waitFor(/outer> /);
}

/** Process id of what the outer shell runs. */
export function childOf({ pid }: Terminal): number {
  return Number(execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).split('\n')[0]);
}

/** Process ids of what has this mark in its arguments, whatever started it. */
export function markedProcesses(mark: string): number[] {
  const { stdout } = spawnSync('pgrep', ['-f', mark], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** What a test that failed has left. */
export function endMarked(mark: string): void {
  for (const pid of markedProcesses(mark)) process.kill(pid, 'SIGKILL');
}
