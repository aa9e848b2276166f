import type { Host } from '../host.ts';

/** Echo and lines again, after a program that was killed with the terminal as it needed it. */
export async function restoreTerminal(host: Pick<Host, 'platform' | 'spawn'>): Promise<void> {
  if (host.platform === 'win32') return;
  const stty = host.spawn('stty', ['sane'], { stdio: ['inherit', 'ignore', 'ignore'] });
  await new Promise<void>((resolve) => {
    stty.once('error', () => resolve());
    stty.once('close', () => resolve());
  });
}
