import { readFile } from 'node:fs/promises';
import type { Host } from '../host.ts';

/**
 * Whether forge is the job that its terminal waits for. What was sent to the background, or started by nohup or setsid,
 * is meant to outlive its shell. false where that can't be found out.
 */
export async function isForeground(
  host: Pick<Host, 'stdin' | 'platform' | 'pid' | 'spawn'>,
): Promise<boolean> {
  if (host.stdin.isTTY !== true || host.platform === 'win32') return false;
  if (host.platform === 'linux') {
    const text = await readFile('/proc/self/stat', 'latin1').catch(() => '');
    return isForegroundStat(text);
  }
  // ps(1) of the BSDs and macOS marks it so.
  return (await stateOf(host)).includes('+');
}

/** proc(5): `pid (name) state ppid pgrp session tty_nr tpgid …`; the name may hold anything. */
export function isForegroundStat(text: string): boolean {
  const [, , group, , , foreground] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return group !== undefined && group === foreground;
}

function stateOf(host: Pick<Host, 'pid' | 'spawn'>): Promise<string> {
  return new Promise((resolve) => {
    const child = host.spawn('ps', ['-o', 'stat=', '-p', String(host.pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(text));
  });
}
