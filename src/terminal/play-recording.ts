import { emitKeypressEvents, type Key } from 'node:readline';
import { interruption } from '../errors.ts';
import type { Host } from '../host.ts';
import { TerminalFilter } from '../lib/terminal-filter.ts';
import type { Output } from './output.ts';
import { Playhead } from './playhead.ts';
import { enterRawMode, passOutputUnchanged } from './raw-mode.ts';

export interface Scene {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly data: string;
}

export interface Pace {
  /** 2: twice as fast. */
  readonly speed: number;
  /** Seconds; a longer silence is made as short. */
  readonly idleLimit: number | undefined;
}

const jumpMs = 5_000;

/**
 * Plays terminal output on the person's terminal, made harmless: space pauses, `.` steps, the arrows go five seconds
 * back and on, q leaves. The terminal is put right however it ends. Throws interrupted for Ctrl-C.
 */
export async function playRecording(
  host: Host,
  output: Pick<Output, 'raw'>,
  scenes: readonly Scene[],
  pace: Pace,
): Promise<void> {
  const { stdin, stdout } = host;
  const head = new Playhead(due(scenes, pace), () => host.monotonic());
  let filter = new TerminalFilter();
  let midLine = false;
  let left: 'quit' | 'interrupted' | undefined;
  let wake = () => {};
  const show = (from: number, to: number) => {
    const text = filter.push(
      scenes
        .slice(from, to)
        .map(({ data }) => data)
        .join(''),
    );
    if (text === '') return;
    midLine = !text.endsWith('\n');
    return output.raw(text);
  };
  const onKey = (_: unknown, key: Key | undefined) => {
    const name = key?.sequence === '.' ? '.' : key?.name;
    if (key?.ctrl === true && name === 'c') left = 'interrupted';
    else if (key?.ctrl === true) return;
    else if (name === 'q') left = 'quit';
    else if (name === 'space') head.togglePause();
    else if (name === '.') head.step();
    else if (name === 'right') head.move(jumpMs);
    else if (name === 'left') head.move(-jumpMs);
    wake();
  };
  const onAbort = () => wake();
  const keys = stdin.isTTY === true;
  host.signal.throwIfAborted();
  using _raw = enterRawMode(host);
  host.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await passOutputUnchanged(host);
    if (keys) {
      emitKeypressEvents(stdin as NodeJS.ReadableStream);
      stdin.on('keypress', onKey);
      stdin.resume();
    }
    for (let shown = 0; left === undefined; ) {
      host.signal.throwIfAborted();
      const { scene, waitMs } = head.look();
      if (scene < shown) {
        // Back: a terminal can't be played backwards, so it is played anew up to there.
        await output.raw(`${filter.undo()}\x1b[H\x1b[2J`);
        filter = new TerminalFilter();
        shown = 0;
      }
      if (scene > shown) {
        await show(shown, scene);
        shown = scene;
        continue;
      }
      if (waitMs === undefined) break;
      await new Promise<void>((resolve) => {
        const timer = waitMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        // It may have come while something was written.
        if (left !== undefined || host.signal.aborted) wake();
      });
    }
    if (left === 'interrupted') throw interruption('SIGINT');
  } finally {
    host.signal.removeEventListener('abort', onAbort);
    stdin.removeListener('keypress', onKey);
    if (keys) stdin.pause();
    stdout.write(`${filter.undo()}${midLine ? '\r\n' : ''}`);
  }
}

/** When each scene is shown, milliseconds since the first. */
function due(scenes: readonly Scene[], { speed, idleLimit }: Pace): readonly number[] {
  let time = 0;
  let before = 0;
  return scenes.map(({ at }) => {
    time += Math.min(at - before, idleLimit ?? Number.POSITIVE_INFINITY);
    before = at;
    return (time * 1000) / speed;
  });
}
