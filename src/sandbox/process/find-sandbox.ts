import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { askControl } from './control.ts';
import {
  readSandboxControl,
  readSandboxState,
  type SandboxControl,
  type SandboxState,
} from './sandbox-state.ts';

type FindHost = Pick<Host, 'isRunning' | 'platform' | 'userId'>;

/**
 * The sandbox that runs in a folder, or undefined; what a killed one left behind is no sandbox. Throws usage
 * SANDBOX_OTHER_VERSION for one that another version of forge runs.
 */
export async function findSandbox(host: FindHost, folder: string): Promise<SandboxState | undefined> {
  const running = await findSandboxControl(host, folder);
  if (running === undefined) return undefined;
  const state = await readSandboxState(host, folder);
  if (state !== undefined) return state;
  throw new ForgeError('usage', `Another version of forge runs the sandbox (process ${running.pid}).`, {
    code: 'SANDBOX_OTHER_VERSION',
    hint: 'forge sandbox stop, then: forge sandbox start',
  });
}

/** The same, of whichever version: what it takes to end it. */
export async function findSandboxControl(
  host: FindHost,
  folder: string,
): Promise<SandboxControl | undefined> {
  const state = await readSandboxControl(host, folder);
  if (state === undefined || !host.isRunning(state.pid)) return undefined;
  const reply = await askControl(state, 'GET', '/');
  if (reply === 'silent') throw hangs(state);
  return reply === 'answers' ? state : undefined;
}

/** Asks a sandbox to end and waits until its folder is gone. */
export async function stopSandbox(
  host: Pick<Host, 'monotonic' | 'signal'>,
  state: SandboxControl,
): Promise<void> {
  if ((await askControl(state, 'POST', '/stop')) === 'silent') throw hangs(state);
  const deadline = host.monotonic() + 15_000;
  while (await isThere(state.folder)) {
    if (host.monotonic() > deadline) throw hangs(state);
    await sleep(20, undefined, { signal: host.signal });
  }
}

function hangs(state: Pick<SandboxControl, 'pid'>): ForgeError {
  return new ForgeError('failed', `The sandbox (process ${state.pid}) does not answer.`, {
    code: 'SANDBOX_HANGS',
    hint: `kill -9 ${state.pid}; its PostgreSQL ends with it. Then: forge sandbox stop`,
  });
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
