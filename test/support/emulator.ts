import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmulatorShim, startEmulatorShim } from './emulator-shim.ts';
import { freePort } from './free-port.ts';
import { hasProgram } from './programs.ts';

export const emulatorInstalled = hasProgram('moto_server', 'the apply against an emulator of AWS', '--help');

/**
 * moto on loopback with a shim before it. It has every account: a call belongs to the account of the role that was
 * assumed for it, and without one to 123456789012. Nothing is enforced there: no policy, no trust.
 */
export async function startEmulator(): Promise<EmulatorShim> {
  // moto takes no 0 for a port.
  const port = await freePort();
  // Ends with this process, however that ends: then its stdin closes. A group of its own, for what it starts.
  const server = spawn(
    'sh',
    ['-c', 'moto_server -H 127.0.0.1 -p "$1" & read -r _; kill -9 $!; wait; kill -9 0', 'sh', `${port}`],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' },
    },
  );
  const ended = once(server, 'exit');
  const stop = async () => {
    server.stdin?.destroy();
    await ended;
  };
  try {
    const emulator = new URL(`http://127.0.0.1:${port}`);
    await answers(emulator);
    const shim = await startEmulatorShim(emulator);
    return {
      ...shim,
      async [Symbol.asyncDispose]() {
        await shim[Symbol.asyncDispose]();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(emulator: URL): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(100)) {
    const answer = await fetch(new URL('/moto-api/', emulator)).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error('moto_server did not answer within a minute');
}
