import type { Host } from '../../host.ts';

/** Leaves the other screen, shows the cursor, plain colours, no mouse, no bracketed paste: harmless where none was. */
const plainScreen = '\x1b[?1047l\x1b[?25h\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[?2004l';

/**
 * The terminal as it is needed after a program that was made to end. A shell that was killed has not handed the
 * terminal back: setting it then stops whoever does it, unless SIGTTOU is ignored.
 */
export async function restoreSessionTerminal(
  host: Pick<Host, 'platform' | 'spawn' | 'stderr'>,
  killed: boolean,
): Promise<void> {
  if (killed) host.stderr.write(plainScreen);
  if (host.platform === 'win32') return;
  const stty = host.spawn('/bin/sh', ['-c', "trap '' TTOU; exec stty sane"], {
    stdio: ['inherit', 'ignore', 'ignore'],
  });
  await new Promise<void>((resolve) => {
    stty.once('error', () => resolve());
    stty.once('close', () => resolve());
  });
}
