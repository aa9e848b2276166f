import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorKind, exitCodes, ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { readSandboxState, type SandboxState } from './sandbox-state.ts';

const longestStart = 60_000;

/**
 * Starts forge again, apart from this terminal, as the sandbox's own process, and waits until it is ready. What
 * goes wrong in there is told here in the same words: its one error line comes through a file.
 */
export async function startDaemon(host: Host, folder: string): Promise<SandboxState> {
  const words = await mkdtemp(join(tmpdir(), 'forge-start-'));
  const output = await open(join(words, 'stderr'), 'w', 0o600);
  try {
    const args = [host.program.script, 'sandbox', 'start', '--foreground', '--output', 'json', '--no-input'];
    const child = host.spawn(host.program.node, args, {
      env: { ...host.env, FORGE_SANDBOX_DIR: folder },
      stdio: ['ignore', 'ignore', output.fd],
      detached: true,
      // Not the person's folder: it could then not be removed or unmounted while the sandbox runs.
      cwd: host.directories.home,
    });
    let ended: number | undefined;
    child.on('error', () => {
      ended = 1;
    });
    child.on('exit', (code) => {
      ended = code ?? 1;
    });
    const deadline = host.monotonic() + longestStart;
    for (;;) {
      const state = await readSandboxState(host, folder);
      if (state !== undefined && state.pid === child.pid) {
        child.unref();
        return state;
      }
      if (ended !== undefined) throw failureOf(await readFile(join(words, 'stderr'), 'utf8'), ended);
      if (host.signal.aborted || host.monotonic() > deadline) {
        child.kill('SIGTERM');
        host.signal.throwIfAborted();
        throw new ForgeError('failed', 'The sandbox was not ready after a minute.', {
          code: 'SANDBOX_SLOW',
          hint: 'See what it says: forge sandbox start --foreground',
        });
      }
      await sleep(10);
    }
  } finally {
    await output.close();
    await rm(words, { recursive: true, force: true });
  }
}

/** The child's error line back as the error that it was. */
function failureOf(said: string, exitCode: number): ForgeError {
  const kinds = Object.entries(exitCodes) as [ErrorKind, number][];
  const kind = kinds.find(([, code]) => code === exitCode)?.[0] ?? 'failed';
  for (const line of said.trim().split('\n').reverse()) {
    try {
      const { error } = JSON.parse(line) as { error: { code: string; message: string; hint?: string } };
      return new ForgeError(kind, error.message, { code: error.code, hint: error.hint });
    } catch {
      // Not the error line: a note or a warning.
    }
  }
  return new ForgeError('failed', `The sandbox ended while it started: ${said.trim().slice(-500)}`, {
    code: 'SANDBOX_FAILED',
    hint: 'See what it says: forge sandbox start --foreground',
  });
}
