import type { Host } from '../../host.ts';

/** Leaves the other screen, shows the cursor, plain colours, no mouse, no bracketed paste: harmless where none was. */
const plainScreen = '\x1b[?1047l\x1b[?25h\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[?2004l';

/**
 * A shell that was killed, and dash in any case, has not handed the terminal back: whoever reads from it or sets it is
 * stopped then. Only tcsetpgrp(3) takes it back, which neither Node nor a shell gives; perl does, and is on every
 * macOS and nearly every Linux. Without it the shell above says `Stopped`, and `fg` goes on.
 */
const takeBack = "perl -MPOSIX -e 'POSIX::tcsetpgrp(0, getpgrp())' 2>/dev/null";

/** The terminal as it is needed after a program that was made to end: forge's own, with echo and lines. */
export async function restoreSessionTerminal(
  host: Pick<Host, 'platform' | 'spawn' | 'stderr'>,
  killed: boolean,
): Promise<void> {
  if (host.platform === 'win32') return;
  const stty = host.spawn('/bin/sh', ['-c', `trap '' TTOU; ${takeBack}; exec stty sane`], {
    stdio: ['inherit', 'ignore', 'ignore'],
  });
  await new Promise<void>((resolve) => {
    stty.once('error', () => resolve());
    stty.once('close', () => resolve());
  });
  if (killed) host.stderr.write(plainScreen);
}
