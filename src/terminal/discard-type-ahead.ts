import { setImmediate } from 'node:timers/promises';
import { interruption } from '../errors.ts';
import type { Host } from '../host.ts';
import { enterRawMode } from './raw-mode.ts';

/** So often nothing must have come: what the terminal already holds is there by then. */
const quietTurns = 4;
/** A key that is held down must not keep the question away. */
const mostTurns = 200;

/**
 * Throws away what was typed before a question appeared: Enter on an earlier line is no answer to it. A Ctrl-C in it
 * counts. Without a terminal nothing happens: what comes from a script is meant.
 */
export async function discardTypeAhead(host: Pick<Host, 'stdin'>): Promise<void> {
  const { stdin } = host;
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return;
  let interrupted = false;
  let quiet = 0;
  const onData = (chunk: Buffer | string) => {
    quiet = 0;
    interrupted ||= chunk.toString().includes('\x03');
  };
  // Raw, because the terminal keeps back a line without its end.
  using _raw = enterRawMode(host);
  stdin.on('data', onData);
  try {
    stdin.resume();
    for (let turn = 0; turn < mostTurns && quiet < quietTurns; turn++) {
      quiet++;
      await setImmediate();
    }
  } finally {
    stdin.removeListener('data', onData);
    stdin.pause();
  }
  if (interrupted) throw interruption('SIGINT');
}
