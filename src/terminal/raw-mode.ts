import { once } from 'node:events';
import type { Host } from '../host.ts';

type RawHost = Pick<Host, 'stdin' | 'spawn' | 'platform'>;

/**
 * Gives every key to forge as it is typed: Ctrl-C, Ctrl-Z and Ctrl-\ are bytes and no signals. Taken back by
 * disposing; when the process dies otherwise, by Node, and after a kill -9 by the shell that started it. Without a
 * terminal on stdin nothing happens.
 */
export function enterRawMode({ stdin }: Pick<Host, 'stdin'>): Disposable {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return { [Symbol.dispose]() {} };
  stdin.setRawMode(true);
  return {
    [Symbol.dispose]: () => {
      try {
        stdin.setRawMode?.(false);
      } catch {
        // The terminal itself is gone.
      }
    },
  };
}

/**
 * Node's raw mode still turns a line feed into carriage return and line feed on its way out, which breaks programs
 * that draw with bare line feeds. Only stty can take that away; leaving raw mode gives it back. To be called in raw
 * mode.
 */
export async function passOutputUnchanged(host: RawHost): Promise<void> {
  if (host.platform === 'win32' || host.stdin.isTTY !== true) return;
  const child = host.spawn('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  // Without stty the terminal is as good as Node makes it.
  await once(child, 'close').catch(() => {});
}
